package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"asapi/store"
	"asapi/tasks"
	"asapi/worker"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what /metrics tells; docs/running.md names each.
type metrics struct {
	registry   *prometheus.Registry
	submitted  prometheus.Counter
	dispatched *prometheus.CounterVec
	finished   *prometheus.CounterVec
	lag        *prometheus.GaugeVec
	waited     prometheus.Histogram
	ran        *prometheus.HistogramVec
	requests   *prometheus.HistogramVec
	webhooks   *prometheus.CounterVec

	occurrences   *prometheus.CounterVec
	subscriptions *prometheus.GaugeVec
}

var _ worker.Meter = (*metrics)(nil)

// slow are bounds in seconds for what takes from milliseconds to an hour.
var slow = []float64{0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 3600}

func newMetrics() *metrics {
	m := &metrics{
		registry:   prometheus.NewRegistry(),
		submitted:  prometheus.NewCounter(prometheus.CounterOpts{Name: "asapi_submitted_total", Help: "Tasks that this process made durable."}),
		dispatched: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "asapi_dispatched_total", Help: "Tasks that this process brought to the queue."}, []string{"priority"}),
		finished:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "asapi_finished_total", Help: "Runs that this process ended, by how; pending runs are tried again."}, []string{"service", "action", "outcome"}),
		lag:        prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "asapi_queue_lag_seconds", Help: "For how long the oldest due task waits, as the leading worker sees it."}, []string{"priority"}),
		waited:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "asapi_start_wait_seconds", Help: "From when a task was due to its start.", Buckets: slow}),
		ran:        prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "asapi_run_duration_seconds", Help: "How long runs took.", Buckets: slow}, []string{"service", "action"}),
		requests:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "asapi_request_duration_seconds", Help: "How long requests took.", Buckets: prometheus.DefBuckets}, []string{"method", "route", "status"}),
		webhooks:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "asapi_webhook_attempts_total", Help: "Events that this process posted to webhooks, by outcome; pending ones are tried again."}, []string{"outcome"}),

		occurrences:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "asapi_occurrences_total", Help: "Occurrences of subscriptions that this process saw to, by what became of them."}, []string{"outcome"}),
		subscriptions: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "asapi_subscriptions", Help: "Subscriptions of all clients, as the leading worker sees them."}, []string{"state"}),
	}
	m.registry.MustRegister(m.submitted, m.dispatched, m.finished, m.lag, m.waited, m.ran, m.requests, m.webhooks, m.occurrences, m.subscriptions,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, p := range tasks.Priorities() { // they are there from the start, as 0
		m.dispatched.WithLabelValues(p.String())
		m.lag.WithLabelValues(p.String())
	}
	return m
}

// watch tells how many runs the process has.
func (m *metrics) watch(running func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "asapi_running", Help: "Tasks that run in this process."},
		func() float64 { return float64(running()) }))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe takes an answered request.
func (m *metrics) observe(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// webhookTried takes an attempt to tell a webhook.
func (m *metrics) webhookTried(outcome tasks.DeliveryState) {
	m.webhooks.WithLabelValues(outcome.String()).Inc()
}

// Dispatched implements worker.Meter.
func (m *metrics) Dispatched(p tasks.Priority) { m.dispatched.WithLabelValues(p.String()).Inc() }

// Started implements worker.Meter.
func (m *metrics) Started(_, _ string, waited time.Duration) { m.waited.Observe(waited.Seconds()) }

// Ended implements worker.Meter.
func (m *metrics) Ended(service, action string, state tasks.State, ran time.Duration) {
	m.finished.WithLabelValues(service, action, state.String()).Inc()
	m.ran.WithLabelValues(service, action).Observe(ran.Seconds())
}

// Lag implements worker.Meter.
func (m *metrics) Lag(p tasks.Priority, lag time.Duration) {
	m.lag.WithLabelValues(p.String()).Set(lag.Seconds())
}

// countedStore counts the tasks that become durable.
type countedStore struct {
	*store.Store
	submitted prometheus.Counter
}

// Submit implements tasks.TaskStore.
func (c countedStore) Submit(ctx context.Context, t tasks.NewTask) (tasks.Submitted, error) {
	done, err := c.Store.Submit(ctx, t)
	if err == nil && !done.Replayed {
		c.submitted.Inc()
	}
	return done, err
}

// Occurred implements worker.Meter.
func (m *metrics) Occurred(outcome tasks.OccurrenceOutcome) {
	m.occurrences.WithLabelValues(string(outcome)).Inc()
}

// Subscriptions implements worker.Meter.
func (m *metrics) Subscriptions(active, paused int64) {
	m.subscriptions.WithLabelValues(string(tasks.SubscriptionActive)).Set(float64(active))
	m.subscriptions.WithLabelValues(string(tasks.SubscriptionPaused)).Set(float64(paused))
}
