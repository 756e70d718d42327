package web

import (
	"errors"
	"io"
	"mime/multipart"

	"asapi/tasks"
)

// multipartFields gives the parts of multipart/form-data (RFC 7578) one by one.
// Go's own form parser refuses more than a thousand parts and buffers files, so
// the parts are read as a stream. valueBytes bounds the sum of the values.
func multipartFields(r io.Reader, boundary string, valueBytes int64, yield func(tasks.Field, error) bool) {
	fail := func(err error) { yield(tasks.Field{}, multipartError(err)) }
	if boundary == "" {
		fail(errors.New("no boundary"))
		return
	}
	parts := multipart.NewReader(r, boundary)
	left := valueBytes
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fail(err)
			return
		}
		f := tasks.Field{Name: part.FormName()}
		if f.Name == "" {
			fail(errors.New("a part has no name"))
			return
		}
		if name := part.FileName(); name != "" {
			f.File = &tasks.Incoming{Filename: name, ContentType: part.Header.Get("Content-Type"), Body: partReader{part}}
		} else {
			value, err := io.ReadAll(io.LimitReader(part, left+1))
			if err != nil {
				fail(err)
				return
			}
			if left -= int64(len(value)); left < 0 {
				fail(tooLarge(valueBytes))
				return
			}
			f.Value = string(value)
		}
		if !yield(f, nil) {
			return
		}
	}
}

// partReader gives our errors.
type partReader struct{ r io.Reader }

// Read implements io.Reader.
func (p partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = multipartError(err)
	}
	return n, err
}

func multipartError(err error) error {
	if ours, ok := errors.AsType[*tasks.Error](err); ok {
		return ours
	}
	return &tasks.Error{Code: tasks.CodeInvalid, Message: "The multipart form broke off or is malformed.", Err: err}
}
