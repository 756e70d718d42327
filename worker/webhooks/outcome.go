package webhooks

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"asapi/tasks"
)

// GiveUpAfter is how long after its task's end an event is tried.
const GiveUpAfter = 24 * time.Hour

// waits are the times between attempts; the last is repeated.
var waits = [...]time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// backoff gives the wait after attempt n (from 1), up to a fifth shorter so that
// endpoints that came back are not met by all at once.
func backoff(attempt int) time.Duration {
	wait := waits[min(max(attempt, 1), len(waits))-1]
	return wait - time.Duration(rand.Int64N(int64(wait/5))) //nolint:gosec // jitter, not a secret
}

// outcome decides what becomes of a delivery after an attempt.
func outcome(d tasks.WebhookDelivery, a Answer, err error, backoff func(int) time.Duration) tasks.DeliveryOutcome {
	switch {
	case err == nil && a.Delivered():
		return tasks.DeliveryOutcome{State: tasks.DeliveryDelivered}
	case err == nil && a.Status == http.StatusGone:
		return tasks.DeliveryOutcome{State: tasks.DeliveryGivenUp, Error: "The endpoint answered 410 Gone.", Gone: true}
	}
	o := tasks.DeliveryOutcome{State: tasks.DeliveryGivenUp, Error: reason(a, err)}
	if d.Age < GiveUpAfter {
		// One that is not told sooner is tried once more when the day ends.
		o.State, o.Wait = tasks.DeliveryPending, min(max(backoff(d.Attempt), a.RetryAfter), GiveUpAfter-d.Age)
	}
	return o
}

// reason says in a sentence why an attempt failed.
func reason(a Answer, err error) string {
	if err != nil {
		return tasks.Clip("There was no answer: "+err.Error(), 500)
	}
	return fmt.Sprintf("The endpoint answered %d %s.", a.Status, http.StatusText(a.Status))
}
