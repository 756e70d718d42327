package web

import (
	"bytes"
	"fmt"
	"mime"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// batchTypes are the media types of a batch. curl calls everything a form that
// it is not told the type of, so that is taken too.
var batchTypes = map[string]bool{
	"application/x-ndjson": true, "application/ndjson": true, "application/jsonl": true,
	typeJSON: true, "text/plain": true, typeForm: true,
}

// Lines reads a whole body of newline-delimited JSON and gives its lines that
// are not blank: CodeLimit when they are more than most.
func (s *Shared) Lines(c echo.Context, most int) ([][]byte, error) {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !batchTypes[kind] {
		return nil, &tasks.Error{Code: tasks.CodeUnsupportedFormat, Message: "The body must be application/x-ndjson: one JSON object a line.", Err: err}
	}
	b, err := s.newBody(c.Response(), r, s.Limits.BatchBytes)
	if err != nil {
		return nil, err
	}
	defer b.done()
	text, err := b.all(r.ContentLength)
	if err != nil {
		return nil, err
	}
	var lines [][]byte
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if len(lines) == most {
			return nil, &tasks.Error{Code: tasks.CodeLimit, Message: fmt.Sprintf("Too many tasks submitted at once, limit is %d", most)}
		}
		lines = append(lines, line)
	}
	return lines, nil
}
