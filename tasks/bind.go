package tasks

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Args are the arguments of a submission, by parameter slug, before they have
// their types.
type Args struct {
	Values map[string][]string
	Files  map[string]File
}

// bindAll sets the fields of the parameter struct v and gives every fault.
func bindAll(v reflect.Value, params []Parameter, args Args) Faults {
	var faults Faults
	for i := range params {
		p := &params[i]
		if e := bindOne(v.FieldByIndex(p.index), p, args); e != nil {
			faults = append(faults, e)
		}
	}
	return faults
}

func bindOne(field reflect.Value, p *Parameter, args Args) *Error {
	if p.Type == TypeFile {
		f, ok := args.Files[p.Slug]
		if !ok && !p.Optional {
			return missing(p)
		}
		field.Set(reflect.ValueOf(f))
		return nil
	}
	given := args.Values[p.Slug]
	if p.Type == TypeList {
		return bindList(field, p, given)
	}
	if len(given) > 1 {
		return invalidValue(p, "is given more than once")
	}
	value := p.Default
	if len(given) == 1 && given[0] != "" {
		value = given[0]
	}
	if value == "" {
		if p.Optional {
			return nil
		}
		return missing(p)
	}
	if len(p.Values) > 0 && !slices.Contains(p.Values, value) {
		return invalidValue(p, "must be one of: "+strings.Join(p.Values, ", "))
	}
	return setScalar(field, p, value)
}

func bindList(field reflect.Value, p *Parameter, given []string) *Error {
	list := SplitList(given)
	if len(list) == 0 && p.Default != "" {
		list = SplitList([]string{p.Default})
	}
	if len(list) == 0 && !p.Optional {
		return missing(p)
	}
	for _, item := range list {
		if len(p.Values) > 0 && !slices.Contains(p.Values, item) {
			return invalidValue(p, "may hold only: "+strings.Join(p.Values, ", "))
		}
	}
	field.Set(reflect.ValueOf(list))
	return nil
}

func setScalar(field reflect.Value, p *Parameter, value string) *Error {
	switch p.Type {
	case TypeString, TypeSecret:
		field.SetString(value)
	case TypeInteger:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return invalidValue(p, "must be a whole number")
		}
		field.SetInt(n)
	case TypeNumber:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return invalidValue(p, "must be a number")
		}
		field.SetFloat(n)
	case TypeBoolean:
		b, err := ParseBool(value)
		if err != nil {
			return invalidValue(p, "must be true or false")
		}
		field.SetBool(b)
	case TypeDate:
		t, err := ParseDate(value)
		if err != nil {
			return invalidValue(p, "must be a date (2026-11-22) or a date-time (2026-11-22T10:00:00Z)")
		}
		field.Set(reflect.ValueOf(t))
	case TypeList, TypeFile: // bound by their own functions
	}
	return nil
}

// SplitList splits repeated and comma-separated values into one list, without
// empty elements and without the white space around them.
func SplitList(values []string) []string {
	var list []string
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
	}
	return list
}

// ParseBool reads what forms send for a boolean.
func ParseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is no boolean", Clip(s, 16))
}

// ParseDate reads an ISO 8601 date or date-time (RFC 3339); without a zone it
// is UTC.
func ParseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date", Clip(s, 40))
}

func missing(p *Parameter) *Error {
	return &Error{Code: CodeMissing, Field: p.Slug, Message: "This parameter is required."}
}

func invalidValue(p *Parameter, what string) *Error {
	return &Error{Code: CodeInvalidParameter, Field: p.Slug, Message: p.Slug + " " + what + "."}
}
