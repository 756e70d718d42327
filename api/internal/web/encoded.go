package web

import (
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// Body gives a request's body of at most limit bytes, as it is and unpacked where
// it says Content-Encoding: gzip. It gives up on clients that stop sending. Its
// errors are *tasks.Error, but for io.EOF: CodeTooLarge past the limit,
// CodeUnsupportedFormat for another encoding. Whoever has read it calls done.
func (s *Shared) Body(c echo.Context, limit int64) (r io.Reader, done func(), err error) {
	request := c.Request()
	b, err := s.newBody(c.Response(), request, limit)
	if err != nil {
		return nil, nil, err
	}
	switch encoding := strings.ToLower(strings.TrimSpace(request.Header.Get(echo.HeaderContentEncoding))); encoding {
	case "", "identity":
		return b, b.done, nil
	case "gzip", "x-gzip":
		return &unpacked{packed: b, left: limit, limit: limit}, b.done, nil
	}
	return nil, nil, &tasks.Error{Code: tasks.CodeUnsupportedFormat, Message: "The body may be packed with gzip only."}
}

// unpacked reads a gzip'd body; what comes out has the same limit as what went in.
type unpacked struct {
	packed      io.Reader
	plain       *gzip.Reader // nil: nothing was read yet
	left, limit int64
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	if u.plain == nil {
		plain, err := gzip.NewReader(u.packed)
		if err != nil {
			return 0, notPacked(err)
		}
		u.plain = plain
	}
	n, err := u.plain.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, tooLarge(u.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, notPacked(err)
	}
	return n, err
}

func notPacked(err error) error {
	if ours, ok := errors.AsType[*tasks.Error](err); ok {
		return ours
	}
	return &tasks.Error{Code: tasks.CodeInvalid, Message: "The gzip'd body broke off or is malformed.", Err: err}
}
