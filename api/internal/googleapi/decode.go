package googleapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// messageBytes is the most that a request of one message may hold.
const messageBytes = 1 << 20

// Decode reads a request's body, one JSON object, into the message. A member that
// the message does not have is a fault, as it is for the APIs this is like: it
// would otherwise be left out silently. An empty body is the empty message.
func Decode(s *web.Shared, c echo.Context, message any) error {
	body, done, err := Open(s, c, messageBytes)
	if err != nil {
		return err
	}
	defer done()
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return Unmarshal(text, message)
}

// Open gives a request's JSON body of at most limit bytes, packed or not.
func Open(s *web.Shared, c echo.Context, limit int64) (body io.Reader, done func(), err error) {
	if kind := c.Request().Header.Get(echo.HeaderContentType); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		if err != nil || media != echo.MIMEApplicationJSON {
			return nil, nil, &tasks.Error{Code: tasks.CodeUnsupportedFormat, Message: "The body must be JSON: Content-Type: application/json.", Err: err}
		}
	}
	return s.Body(c, limit)
}

// Unmarshal reads one JSON object into the message, with the faults that Decode
// gives. The path of a member of the wrong type is the fault's field.
func Unmarshal(text []byte, message any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(message)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("something follows the object")
	}
	return Malformed(err)
}

// Malformed makes the fault of JSON that could not be read.
func Malformed(err error) error {
	if ours, ok := errors.AsType[*tasks.Error](err); ok {
		return ours
	}
	fault := &tasks.Error{Code: tasks.CodeInvalid, Message: "The JSON is malformed.", Err: err}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		fault.Field = wrong.Field
		fault.Message = fmt.Sprintf("The value must be %s.", kindOf(wrong))
		return fault
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		fault.Message = "Unknown name " + tasks.Clip(name, 80) + ": there is no such field here."
	}
	return fault
}

// kindOf names what JSON has for a Go type.
func kindOf(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	default:
		return "an integer"
	}
}

// QueryInt gives a query parameter that is an integer; 0 where it is not given.
func QueryInt(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := ParseInt64(text)
	if err != nil {
		return 0, &tasks.Error{Code: tasks.CodeInvalid, Field: name, Message: name + " must be an integer.", Err: err}
	}
	return n, nil
}
