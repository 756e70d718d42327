package worker

import (
	"time"

	"asapi/tasks"
)

// Meter takes what is measured; cmd gives one that Prometheus reads.
type Meter interface {
	Dispatched(p tasks.Priority)
	Started(service, action string, waited time.Duration)
	Ended(service, action string, state tasks.State, ran time.Duration)
	Lag(p tasks.Priority, lag time.Duration)
	Occurred(outcome tasks.OccurrenceOutcome)
	Subscriptions(active, paused int64)
}

type nothing struct{}

func (nothing) Dispatched(tasks.Priority)                        {}
func (nothing) Started(string, string, time.Duration)            {}
func (nothing) Ended(string, string, tasks.State, time.Duration) {}
func (nothing) Lag(tasks.Priority, time.Duration)                {}
func (nothing) Occurred(tasks.OccurrenceOutcome)                 {}
func (nothing) Subscriptions(int64, int64)                       {}

func orNothing(m Meter) Meter {
	if m == nil {
		return nothing{}
	}
	return m
}
