package googleapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
)

// Int64 is a 64-bit integer in JSON: written as a string, since many readers of
// JSON know doubles only, and read as a string or a number (the JSON mapping of
// protocol buffers). null leaves it as it is.
type Int64 int64

var errNoInteger = errors.New("the value is no 64-bit integer")

// MarshalJSON implements json.Marshaler.
func (n Int64) MarshalJSON() ([]byte, error) {
	return append(strconv.AppendInt([]byte{'"'}, int64(n), 10), '"'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Int64) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		b = b[1 : len(b)-1]
	}
	v, err := ParseInt64(string(b))
	if err != nil {
		// The decoder completes this one with the path of the field.
		return &json.UnmarshalTypeError{Value: "value", Type: reflect.TypeFor[Int64]()}
	}
	*n = Int64(v)
	return nil
}

// ParseInt64 reads a decimal number. Like protocol buffers it takes 1e3 and 5.0,
// which are integers too.
func ParseInt64(s string) (int64, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return v, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	// Beyond 2^53 a float may stand for another integer than the one that was meant.
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -(1<<53) {
		return 0, errNoInteger
	}
	return int64(f), nil
}
