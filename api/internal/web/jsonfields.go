package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"asapi/tasks"
)

// JSONFields gives the members of a JSON object as fields in their order.
// Strings are taken as they are, numbers exactly as they are written, booleans
// as true and false; a list is a repeated field; null is a field that is not
// given. It reports whether to go on.
func JSONFields(text []byte, yield func(tasks.Field, error) bool) bool {
	fail := func(field, message string, err error) bool {
		yield(tasks.Field{}, &tasks.Error{Code: tasks.CodeInvalid, Field: tasks.Clip(field, 64), Message: message, Err: err})
		return false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fail("", "The body is not a JSON object.", err)
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fail("", malformedJSON, err)
		}
		name, _ := token.(string) // a member's name always is one
		more, err := jsonMember(d, name, yield)
		if errors.Is(err, errNested) {
			return fail(name, "The value must be a string, a number, a boolean, or a list of those.", err)
		}
		if err != nil {
			return fail("", malformedJSON, err)
		}
		if !more {
			return false
		}
	}
	if _, err := d.Token(); err != nil {
		return fail("", malformedJSON, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fail("", "Something follows the JSON object.", err)
	}
	return true
}

const malformedJSON = "The JSON is malformed."

var errNested = errors.New("a value is nested")

// jsonMember gives one member's values.
func jsonMember(d *json.Decoder, name string, yield func(tasks.Field, error) bool) (more bool, err error) {
	token, err := d.Token()
	if err != nil {
		return false, err
	}
	if token != json.Delim('[') {
		return jsonValue(token, name, yield)
	}
	for d.More() {
		if token, err = d.Token(); err != nil {
			return false, err
		}
		if more, err = jsonValue(token, name, yield); err != nil || !more {
			return false, err
		}
	}
	_, err = d.Token()
	return true, err
}

func jsonValue(token json.Token, name string, yield func(tasks.Field, error) bool) (more bool, err error) {
	var value string
	switch v := token.(type) {
	case string:
		value = v
	case json.Number:
		value = v.String()
	case bool:
		value = strconv.FormatBool(v)
	case nil:
		return true, nil
	default:
		return false, errNested
	}
	return yield(tasks.Field{Name: name, Value: value}, nil), nil
}
