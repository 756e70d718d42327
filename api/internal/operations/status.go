package operations

import "asapi/tasks"

// Code is a canonical error code (google.rpc.Code).
type Code int32

// The codes that operations end with.
const (
	Cancelled          Code = 1
	Unknown            Code = 2
	InvalidArgument    Code = 3
	DeadlineExceeded   Code = 4
	NotFound           Code = 5
	AlreadyExists      Code = 6
	PermissionDenied   Code = 7
	ResourceExhausted  Code = 8
	FailedPrecondition Code = 9
	Aborted            Code = 10
	Internal           Code = 13
	Unavailable        Code = 14
	Unauthenticated    Code = 16
)

// Status says why an operation failed.
type Status struct {
	Code    Code
	Message string
}

// table is the one table from a task's error code to a canonical one.
var table = map[tasks.Code]Code{
	tasks.CodeCancelled:         Cancelled,
	tasks.CodeDeadline:          DeadlineExceeded,
	tasks.CodeInvalid:           InvalidArgument,
	tasks.CodeInvalidService:    InvalidArgument,
	tasks.CodeInvalidAction:     InvalidArgument,
	tasks.CodeInvalidParameter:  InvalidArgument,
	tasks.CodeUnknownParameter:  InvalidArgument,
	tasks.CodeMissing:           InvalidArgument,
	tasks.CodeUnsupportedFormat: InvalidArgument,
	tasks.CodeTooLarge:          InvalidArgument,
	tasks.CodeNotFound:          NotFound,
	tasks.CodeNoSuchAccount:     NotFound,
	tasks.CodeResultNotFound:    NotFound,
	tasks.CodeUnique:            AlreadyExists,
	tasks.CodeIdempotency:       AlreadyExists,
	tasks.CodeNotPermitted:      PermissionDenied,
	tasks.CodeUnauthorized:      Unauthenticated,
	tasks.CodeLimit:             ResourceExhausted,
	tasks.CodeRateLimited:       ResourceExhausted,
	tasks.CodeResultNotReady:    FailedPrecondition,
	tasks.CodePrecondition:      FailedPrecondition,
	tasks.CodeBusy:              Aborted,
	tasks.CodeTooManyAttempts:   Aborted,
	tasks.CodeUnavailable:       Unavailable,
	tasks.CodeInternal:          Internal,
}

// CodeOf gives the canonical code of a task's error code; Unknown for those that
// only a service knows.
func CodeOf(c tasks.Code) Code {
	if code, ok := table[c]; ok {
		return code
	}
	return Unknown
}

// StatusOf says why an ended task did not succeed. A cancelled one has the code
// Cancelled, whatever else is known of it.
func StatusOf(t *tasks.Task) *Status {
	s := &Status{Code: CodeOf(t.ErrorCode), Message: t.ErrorDetail}
	if t.State == tasks.Cancelled {
		s.Code = Cancelled
	}
	if s.Message == "" {
		s.Message = t.State.Sentence()
	}
	return s
}
