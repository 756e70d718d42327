package tasks

import (
	"errors"
	"time"
)

// LaterError ends a run that has to wait: the worker is given back, and the task
// goes on at Until, from what the run recorded and noted. It is no failure and
// counts as no attempt.
type LaterError struct {
	Until   time.Time
	Message string // one sentence for the user: what is waited for
}

func (e *LaterError) Error() string { return e.Message }

// Later gives the error with which a run waits until a time without holding a
// worker. A time that is over lets others take their turn first.
func Later(until time.Time, message string) error { return &LaterError{until, message} }

// AsLater finds out whether a run ended because it has to wait.
func AsLater(err error) (*LaterError, bool) { return errors.AsType[*LaterError](err) }

// Waits says why and until when a pending task waits for something else than its
// turn; empty: it does not.
func (t *Task) Waits() (reason string, until time.Time) {
	if t.State != Pending || t.ErrorDetail == "" {
		return "", time.Time{}
	}
	return t.ErrorDetail, t.RunAt
}
