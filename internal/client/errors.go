package client

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Error is the server's refusal of a request.
type Error struct {
	Status     int                    // the HTTP status
	Message    string                 // the server's one line
	Fields     map[string][][2]string // field → (message, code) pairs
	RetryAfter time.Duration          // 0: the server did not say
}

// Error tells the server's line and, where fields are at fault, each of them.
func (e *Error) Error() string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		for _, fault := range e.Fields[field] {
			if field == "__all__" {
				parts = append(parts, fault[0])
				continue
			}
			parts = append(parts, field+": "+fault[0])
		}
	}
	message := e.Message
	if len(parts) > 0 {
		message = strings.Join(parts, "; ")
	}
	if message == "" {
		message = fmt.Sprintf("The server answered %d %s.", e.Status, http.StatusText(e.Status))
	}
	return message
}

// Has reports whether one of the faults has the code.
func (e *Error) Has(code string) bool {
	for _, faults := range e.Fields {
		for _, fault := range faults {
			if fault[1] == code {
				return true
			}
		}
	}
	return false
}

// errorBody is the shape of every failing answer.
type errorBody struct {
	Error   line   `json:"error"`
	Message string `json:"message"` // of /fetch/
	Errors  faults `json:"errors"`
}

// line is the server's one line: a string, or an object with a message in the doors
// that speak as Google's APIs do.
type line string

// UnmarshalJSON implements json.Unmarshaler.
func (l *line) UnmarshalJSON(b []byte) error {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(b, &status) == nil {
		*l = line(status.Message)
		return nil
	}
	return json.Unmarshal(b, (*string)(l))
}

// faults are (message, code) pairs by field, or a list in the shape of the
// activities.
type faults struct {
	fields  map[string][][2]string
	message string
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *faults) UnmarshalJSON(b []byte) error {
	var list []struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(b, &list) == nil {
		if len(list) > 0 {
			f.message = list[0].Message
		}
		return nil
	}
	return json.Unmarshal(b, &f.fields)
}

func readError(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	var body errorBody
	// What is no JSON (a proxy's page) is told by its status alone.
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&body); err == nil {
		e.Message = string(body.Error)
		if body.Message != "" {
			e.Message = body.Message
		}
		e.Fields = body.Errors.fields
		if body.Errors.message != "" {
			e.Message = body.Errors.message
		}
	}
	return e
}
