package web

import (
	"slices"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// Form is the values of a request that holds no files.
type Form struct{ values map[string][]string }

// Form reads all fields of a request that takes no files. Where known is given,
// any other field is CodeUnknownParameter.
func (s *Shared) Form(c echo.Context, known ...string) (Form, error) {
	f := Form{values: map[string][]string{}}
	var faults tasks.Faults
	for field, err := range s.Fields(c) {
		switch {
		case err != nil:
			return f, err
		case field.File != nil:
			return f, &tasks.Error{Code: tasks.CodeInvalid, Field: tasks.Clip(field.Name, 64), Message: "Files are not taken here."}
		case len(known) > 0 && !slices.Contains(known, field.Name):
			faults = append(faults, &tasks.Error{Code: tasks.CodeUnknownParameter, Field: tasks.Clip(field.Name, 64), Message: "There is no such field here."})
		default:
			f.values[field.Name] = append(f.values[field.Name], field.Value)
		}
	}
	return f, faults.Err()
}

// All gives a field's values in their order.
func (f Form) All(name string) []string { return f.values[name] }

// Get gives a field's last value; empty where it was not sent.
func (f Form) Get(name string) string {
	v := f.values[name]
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}
