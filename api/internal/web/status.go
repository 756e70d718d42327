package web

import (
	"net/http"

	"asapi/tasks"
)

// statuses is the one table from a code to an HTTP status.
var statuses = map[tasks.Code]int{
	tasks.CodeInvalidService:    http.StatusBadRequest,
	tasks.CodeInvalidAction:     http.StatusBadRequest,
	tasks.CodeInvalidParameter:  http.StatusBadRequest,
	tasks.CodeMissing:           http.StatusBadRequest,
	tasks.CodeNoSuchAccount:     http.StatusBadRequest,
	tasks.CodeInvalid:           http.StatusBadRequest,
	tasks.CodeLimit:             http.StatusBadRequest,
	tasks.CodeUnique:            http.StatusBadRequest,
	tasks.CodeUnknownParameter:  http.StatusBadRequest,
	tasks.CodeNotPermitted:      http.StatusForbidden,
	tasks.CodeUnauthorized:      http.StatusUnauthorized,
	tasks.CodeTooLarge:          http.StatusRequestEntityTooLarge,
	tasks.CodeRateLimited:       http.StatusTooManyRequests,
	tasks.CodeIdempotency:       http.StatusConflict,
	tasks.CodeUnavailable:       http.StatusServiceUnavailable,
	tasks.CodeNotFound:          http.StatusNotFound,
	tasks.CodeBusy:              http.StatusConflict,
	tasks.CodeResultNotFound:    http.StatusNotFound,
	tasks.CodeResultNotReady:    http.StatusNotFound,
	tasks.CodeCancelled:         http.StatusConflict,
	tasks.CodeDeadline:          http.StatusGatewayTimeout,
	tasks.CodeTooManyAttempts:   http.StatusConflict,
	tasks.CodeUnsupportedFormat: http.StatusUnsupportedMediaType,
	tasks.CodePrecondition:      http.StatusConflict,
	tasks.CodeInternal:          http.StatusInternalServerError,

	codeNotAllowed:  http.StatusMethodNotAllowed,
	codeUnsatisfied: http.StatusRequestedRangeNotSatisfiable,
}

// Codes that only HTTP knows.
const (
	codeNotAllowed  tasks.Code = "method_not_allowed"
	codeUnsatisfied tasks.Code = "range_not_satisfiable"
)

// StatusOf gives the status of an answer that tells faults: the one they share,
// a server's fault before a client's, else 400. A code that the table does not
// know is a server's fault.
func StatusOf(faults tasks.Faults) int {
	status := 0
	for _, f := range faults {
		one, ok := statuses[f.Code]
		if !ok {
			one = http.StatusInternalServerError
		}
		switch {
		case status == 0, one >= http.StatusInternalServerError && one > status:
			status = one
		case status != one && status < http.StatusInternalServerError:
			status = http.StatusBadRequest
		}
	}
	return max(status, http.StatusBadRequest)
}

// Unsatisfied says that a range lies outside of what was asked for.
func Unsatisfied() error {
	return &tasks.Error{Code: codeUnsatisfied, Message: "The range lies outside of the result."}
}
