package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"asapi/internal/client"
	"asapi/tasks/bench"
)

type benchCmd struct {
	Submit  benchSubmitCmd  `cmd:"" help:"Submit no-op tasks from many connections; each answer means that the task is durable."`
	Status  benchStatusCmd  `cmd:"" help:"Ask for the status of 10,000 tasks at once, again and again."`
	Drain   benchDrainCmd   `cmd:"" help:"Receive waiting results from a stream. Needs an aschannel token."`
	E2E     benchE2ECmd     `cmd:"" name:"e2e" help:"Submit tasks and receive their results at the same time. Needs an aschannel token."`
	Fetch   benchFetchCmd   `cmd:"" help:"Fetch one large result, and the same bytes from a plain file server in this process. Needs an asstore token."`
	Idle    benchIdleCmd    `cmd:"" help:"Open many streams and tell what they cost a server on this machine. Needs an aschannel token."`
	Watch   benchWatchCmd   `cmd:"" help:"Open many watchers while tasks change their progress, and tell how far they are behind and what they cost."`
	Latency benchLatencyCmd `cmd:"" help:"Submit one task at a time to an idle server. Needs an aschannel token."`

	Activities benchActivitiesCmd `cmd:"" help:"Process many activities of one account, and ask for a status meanwhile."`
	Histogram  benchHistogramCmd  `cmd:"" help:"Count how often a resource was covered, after bench activities."`

	Zerotouch benchZerotouchCmd `cmd:"" help:"Claim many devices in one batch, and page through them."`
	Tracker   benchTrackerCmd   `cmd:"" help:"Call a tracker server over one connection: GetTracker, CreateActivity or ListTrackers."`
}

// benchFlags are shared by all measurements. The server has to run with
// --with-bench-service, and nothing else should use the token meanwhile.
type benchFlags struct {
	remote
	Account string `help:"Account to submit for; it is registered where it is missing." default:"bench"`
	JSON    bool   `help:"Print the numbers as JSON."`
}

// prepare connects and sees to it that tasks can be submitted.
func (b *benchFlags) prepare(ctx context.Context) (*client.Client, error) {
	c, err := b.connect()
	if err != nil {
		return nil, err
	}
	if err := c.Register(ctx, bench.Slug, b.Account); err != nil {
		return nil, fmt.Errorf("%w (the server has to run with --with-bench-service)", err)
	}
	return c, nil
}

// form gives the encoded submission of an action.
func (b *benchFlags) form(action string, more ...string) string {
	fields := url.Values{"service": {bench.Slug}, "action": {action}, "account": {b.Account}}
	for i := 0; i+1 < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	return fields.Encode()
}

// submitMany submits n tasks in large requests and gives their ids.
func (b *benchFlags) submitMany(ctx context.Context, c *client.Client, n int, action string, more map[string]string) ([]string, error) {
	one := map[string]string{"service": bench.Slug, "action": action, "account": b.Account}
	maps.Copy(one, more)
	ids := make([]string, 0, n)
	for len(ids) < n {
		list := slices.Repeat([]map[string]string{one}, min(n-len(ids), client.MaxIDs))
		done, faults, err := c.SubmitMany(ctx, list)
		if err != nil {
			return nil, err
		}
		for i := range done {
			if faults[i] != nil {
				return nil, faults[i]
			}
			ids = append(ids, done[i].TaskID)
		}
	}
	return ids, nil
}

// measurement is what a bench prints. Times are in milliseconds.
type measurement struct {
	Bench       string  `json:"bench"`
	Count       int     `json:"count"`
	Connections int     `json:"connections,omitempty"`
	Seconds     float64 `json:"seconds"`
	Rate        float64 `json:"per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	Max         float64 `json:"max_ms"`
	// Bytes a second, where they were counted.
	Bytes float64 `json:"bytes_per_second,omitempty"`
	// Of says what p50, p99 and max are of.
	Of string `json:"of"`
}

// measure sums up the times that single steps took.
func measure(name, of string, count int, took time.Duration, times []time.Duration) measurement {
	m := measurement{Bench: name, Count: count, Seconds: took.Seconds(), Of: of}
	if took > 0 {
		m.Rate = float64(count) / took.Seconds()
	}
	if len(times) == 0 {
		return m
	}
	slices.Sort(times)
	at := func(q float64) float64 {
		return float64(times[min(int(q*float64(len(times))), len(times)-1)].Microseconds()) / 1000
	}
	m.P50, m.P99, m.Max = at(0.50), at(0.99), at(1)
	return m
}

func (b *benchFlags) tell(t *terminal, m measurement) error {
	if b.JSON {
		return t.json(m)
	}
	rate := ""
	if m.Bytes > 0 {
		rate = fmt.Sprintf(", %.0f MB/s", m.Bytes/1e6)
	}
	return t.printf("%s: %d in %.2f s, %.0f/s%s; %s: p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
		m.Bench, m.Count, m.Seconds, m.Rate, rate, m.Of, m.P50, m.P99, m.Max)
}
