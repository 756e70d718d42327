package googleapi

import (
	"net/http"

	"asapi/api/internal/operations"
)

// canonical is how a code of google.rpc.Code is told over HTTP: its name, and the
// status that google/rpc/code.proto names beside it.
type canonical struct {
	name string
	http int
}

var canonicals = map[operations.Code]canonical{
	operations.Cancelled:          {"CANCELLED", 499},
	operations.Unknown:            {"UNKNOWN", http.StatusInternalServerError},
	operations.InvalidArgument:    {"INVALID_ARGUMENT", http.StatusBadRequest},
	operations.DeadlineExceeded:   {"DEADLINE_EXCEEDED", http.StatusGatewayTimeout},
	operations.NotFound:           {"NOT_FOUND", http.StatusNotFound},
	operations.AlreadyExists:      {"ALREADY_EXISTS", http.StatusConflict},
	operations.PermissionDenied:   {"PERMISSION_DENIED", http.StatusForbidden},
	operations.ResourceExhausted:  {"RESOURCE_EXHAUSTED", http.StatusTooManyRequests},
	operations.FailedPrecondition: {"FAILED_PRECONDITION", http.StatusBadRequest},
	operations.Aborted:            {"ABORTED", http.StatusConflict},
	operations.Internal:           {"INTERNAL", http.StatusInternalServerError},
	operations.Unavailable:        {"UNAVAILABLE", http.StatusServiceUnavailable},
	operations.Unauthenticated:    {"UNAUTHENTICATED", http.StatusUnauthorized},
}

// NameOf gives the name of a canonical code, such as INVALID_ARGUMENT.
func NameOf(c operations.Code) string { return of(c).name }

// HTTPOf gives the HTTP status of a canonical code.
func HTTPOf(c operations.Code) int { return of(c).http }

func of(c operations.Code) canonical {
	if known, ok := canonicals[c]; ok {
		return known
	}
	return canonicals[operations.Unknown]
}
