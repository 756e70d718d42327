package googleapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/operations"
	"asapi/api/internal/web"
	"asapi/tasks"
)

// Dialect is how a door tells failures.
type Dialect struct {
	Shared *web.Shared
	// Domain names in every ErrorInfo who gives the reason, such as
	// tracker.example.com.
	Domain string
	// Reason gives the reason of a fault in UPPER_SNAKE_CASE; empty or nil: it is
	// made of the fault's code.
	Reason func(*tasks.Error) string
}

// Failure is the answer of a request that failed.
type Failure struct {
	Error Status `json:"error"`
}

// Status is a google.rpc.Status as the HTTP APIs tell it.
type Status struct {
	Code    int    `json:"code"` // the HTTP status
	Message string `json:"message"`
	Status  string `json:"status"` // the name of the canonical code
	Details []any  `json:"details,omitempty"`
}

// ErrorInfo is a google.rpc.ErrorInfo.
type ErrorInfo struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata"`
}

// BadRequest is a google.rpc.BadRequest: what is wrong with which field.
type BadRequest struct {
	Type       string           `json:"@type"`
	Violations []FieldViolation `json:"fieldViolations"`
}

// FieldViolation is what is wrong with one field.
type FieldViolation struct {
	Field       string `json:"field"`
	Description string `json:"description"`
	Reason      string `json:"reason,omitempty"`
}

const typePrefix = "type.googleapis.com/google.rpc."

// Faults is the middleware that gives failing answers their shape. It belongs
// outside of what signs callers in, whose failures it tells too.
func (d Dialect) Faults(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := next(c); err != nil {
			d.Fail(err, c)
		}
		return nil
	}
}

// Fail answers a request with what went wrong.
func (d Dialect) Fail(err error, c echo.Context) {
	d.Shared.FailAs(err, c, func(p web.Problem) (int, any) {
		f := d.failureOf(err, p)
		if f.Error.Code == http.StatusUnauthorized {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		}
		return f.Error.Code, f
	})
}

// failureOf describes a problem. err is asked for reasons only, which hold nothing
// that is for logs.
func (d Dialect) failureOf(err error, p web.Problem) Failure {
	code := codeOf(p)
	f := Failure{Status{Code: HTTPOf(code), Message: p.Message, Status: NameOf(code)}}
	reasons := d.reasons(err, p)
	metadata := map[string]string{}
	var violations []FieldViolation
	for i, fault := range p.Faults {
		if fault.Field == tasks.AllFields {
			continue
		}
		violations = append(violations, FieldViolation{Field: fault.Field, Description: fault.Message, Reason: reasons[i]})
		if len(violations) == 1 {
			metadata["field"] = fault.Field
		}
	}
	f.Error.Details = append(f.Error.Details, ErrorInfo{Type: typePrefix + "ErrorInfo", Reason: reasons[0], Domain: d.Domain, Metadata: metadata})
	if code == operations.InvalidArgument && len(violations) > 0 {
		f.Error.Details = append(f.Error.Details, BadRequest{typePrefix + "BadRequest", violations})
	}
	return f
}

// codeOf gives the canonical code of a problem: that of its first fault, and
// NotFound for a method that a path does not take.
func codeOf(p web.Problem) operations.Code {
	if p.Status == http.StatusMethodNotAllowed {
		return operations.NotFound
	}
	if code := operations.CodeOf(p.Faults[0].Code); code != operations.Unknown {
		return code
	}
	return operations.Internal
}

// reasons gives the reason of each of the problem's faults.
func (d Dialect) reasons(err error, p web.Problem) []string {
	from := tasks.FaultsOf(err)
	list := make([]string, len(p.Faults))
	for i, f := range p.Faults {
		if d.Reason != nil && len(from) == len(list) && from[i].Code == f.Code {
			list[i] = d.Reason(from[i])
		}
		if list[i] == "" {
			list[i] = strings.ToUpper(strings.ReplaceAll(string(f.Code), "-", "_"))
		}
	}
	return list
}
