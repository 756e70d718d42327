package tasks

import (
	"errors"
	"strings"
	"time"
)

// Code says what kind of fault an Error is; doors map it to their status.
type Code string

// The codes that clients of the asapi door see, and what the inside needs besides.
const (
	CodeInvalidService    Code = "invalid_service"
	CodeInvalidAction     Code = "invalid_action"
	CodeInvalidParameter  Code = "invalid_parameter_value"
	CodeMissing           Code = "missing-param"
	CodeNoSuchAccount     Code = "no_such_account"
	CodeInvalid           Code = "invalid"
	CodeLimit             Code = "limit_exceeded"
	CodeUnique            Code = "unique_together"
	CodeUnknownParameter  Code = "unknown_parameter"
	CodeNotPermitted      Code = "not_permitted"
	CodeUnauthorized      Code = "unauthorized"
	CodeTooLarge          Code = "too_large"
	CodeRateLimited       Code = "rate_limited"
	CodeIdempotency       Code = "idempotency_conflict"
	CodeUnavailable       Code = "unavailable"
	CodeNotFound          Code = "not_found"
	CodeBusy              Code = "busy"
	CodeResultNotFound    Code = "task-result-not-found"
	CodeResultNotReady    Code = "task-result-not-ready"
	CodeCancelled         Code = "cancelled"
	CodeDeadline          Code = "deadline_exceeded"
	CodeTooManyAttempts   Code = "too_many_attempts"
	CodeUnsupportedFormat Code = "unsupported_format"
	CodePrecondition      Code = "failed_precondition"
	CodeInternal          Code = "internal"
)

// AllFields is the Field of an Error that concerns a combination of fields.
const AllFields = "__all__"

// Error is one fault, made once, where it arises.
type Error struct {
	Code       Code
	Message    string        // one plain sentence for the user; never SQL, a path or a stack
	Field      string        // the field at fault, if one is
	RetryAfter time.Duration // when trying again may help
	Err        error         // the cause, for logs only
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Faults are all faults of one request, told at once.
type Faults []*Error

func (f Faults) Error() string {
	parts := make([]string, len(f))
	for i, e := range f {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Err gives nil, the one fault, or all of them.
func (f Faults) Err() error {
	switch len(f) {
	case 0:
		return nil
	case 1:
		return f[0]
	}
	return f
}

// FaultsOf lists the faults inside err. What is no *Error becomes one internal
// fault whose message gives nothing away; the cause stays in Err for the log.
func FaultsOf(err error) Faults {
	if err == nil {
		return nil
	}
	if all, ok := errors.AsType[Faults](err); ok {
		return all
	}
	if one, ok := errors.AsType[*Error](err); ok {
		return Faults{one}
	}
	return Faults{{Code: CodeInternal, Message: "The server could not do this; try again later.", Err: err}}
}

// CodeOf gives the code of err's first fault, CodeInternal for foreign errors
// and the empty code for nil.
func CodeOf(err error) Code {
	f := FaultsOf(err)
	if len(f) == 0 {
		return ""
	}
	return f[0].Code
}

// Why a run's context ended; read with context.Cause.
var (
	ErrCancelled    = &Error{Code: CodeCancelled, Message: "The task was cancelled."}
	ErrLeaseLost    = errors.New("another worker took this task over")
	ErrShuttingDown = errors.New("the worker is shutting down")
	ErrDeadline     = &Error{Code: CodeDeadline, Message: "The task did not finish before its deadline."}
)

// ErrNotMine is what a fenced write answers when the run that makes it is not
// the task's current run any more.
var ErrNotMine = ErrLeaseLost

// Permanent marks an action's error as one that a retry cannot mend; its
// message is shown to the user.
func Permanent(code Code, message string) *Error { return &Error{Code: code, Message: message} }
