package web

import (
	"fmt"
	"iter"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// The media types of request bodies.
const (
	typeForm      = "application/x-www-form-urlencoded"
	typeMultipart = "multipart/form-data"
	typeJSON      = "application/json"
)

// Fields gives the fields of a request in the order sent: of its body
// (urlencoded, multipart or a JSON object), and for a GET first those of its
// query. Files are read while they arrive. It can be ranged over once. Errors
// are *tasks.Error: CodeUnsupportedFormat for another media type, CodeTooLarge
// past the limits, CodeInvalid for what cannot be read.
func (s *Shared) Fields(c echo.Context) iter.Seq2[tasks.Field, error] {
	return func(yield func(tasks.Field, error) bool) {
		count := 0
		limited := func(f tasks.Field, err error) bool {
			if count++; err == nil && count > s.Limits.Fields {
				err = &tasks.Error{Code: tasks.CodeTooLarge, Message: fmt.Sprintf("The request holds more than %d fields.", s.Limits.Fields)}
			}
			if err != nil {
				yield(tasks.Field{}, err)
				return false
			}
			return yield(f, nil)
		}
		r := c.Request()
		if r.Method == http.MethodGet && r.URL.RawQuery != "" && !URLEncoded(r.URL.RawQuery, limited) {
			return
		}
		s.bodyFields(c.Response(), r, limited)
	}
}

// bodyFields gives the fields of the body.
func (s *Shared) bodyFields(w http.ResponseWriter, r *http.Request, yield func(tasks.Field, error) bool) {
	if r.ContentLength == 0 || r.Body == nil {
		return
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") == "" && r.Method == http.MethodGet {
		kind, err = typeForm, nil
	}
	limit := s.Limits.FormBytes
	if kind == typeMultipart {
		limit = s.Limits.MultipartBytes
	}
	if err != nil || kind != typeForm && kind != typeJSON && kind != typeMultipart {
		yield(tasks.Field{}, &tasks.Error{
			Code:    tasks.CodeUnsupportedFormat,
			Message: "The body must be application/x-www-form-urlencoded, multipart/form-data or application/json.",
		})
		return
	}
	b, err := s.newBody(w, r, limit)
	if err != nil {
		yield(tasks.Field{}, err)
		return
	}
	defer b.done()
	if kind == typeMultipart {
		multipartFields(b, params["boundary"], s.Limits.FormBytes, yield)
		return
	}
	text, err := b.all(r.ContentLength)
	if err != nil {
		yield(tasks.Field{}, err)
		return
	}
	b.done()
	if kind == typeJSON {
		JSONFields(text, yield)
	} else {
		URLEncoded(string(text), yield)
	}
}
