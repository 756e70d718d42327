package tracker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"asapi/tasks"
)

// maxActivity bounds one activity in a file, in bytes; maxPlatform one name.
const (
	maxActivity = 64 << 10
	maxPlatform = 100
)

// activityDoc is one activity as files hold it.
type activityDoc struct {
	Platform  string `json:"platform"`
	Resource  string `json:"resource"`
	From      *int64 `json:"from"`
	To        *int64 `json:"to"`
	Start     string `json:"start"`
	End       string `json:"end"`
	Length    int64  `json:"length"`
	Completed bool   `json:"completed"`
}

// readActivities calls each with every activity of a JSON array or of lines of
// JSON; fault says why one cannot be taken. It holds one activity in memory.
func readActivities(r io.Reader, each func(d Deed, fault string) error) error {
	return scanActivities(r, func(place string, raw []byte) error {
		deed, fault := deedOf(raw)
		if fault != "" {
			fault = place + ": " + fault
		}
		return each(deed, fault)
	})
}

// scanActivities calls each with every activity as it stands in the file, and
// where that is. The bytes are valid until each returns. What keeps the file
// from being read to its end is found here, whatever the activities say.
func scanActivities(r io.Reader, each func(place string, raw []byte) error) error {
	in := bufio.NewReaderSize(r, maxActivity)
	first, err := firstByte(in)
	if err != nil {
		return err
	}
	switch first {
	case '[':
		return readArray(in, each)
	case '{':
		return readLines(in, each)
	}
	return Unreadable("The activities must be a JSON array, or one JSON object a line.")
}

// firstByte gives the first byte that is no white space, without taking it.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, Unreadable("The file has no activities.")
		}
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, in.UnreadByte()
		}
	}
}

func readLines(in *bufio.Reader, each func(string, []byte) error) error {
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return Unreadable(fmt.Sprintf("Line %d is longer than %d KB; an activity is not.", number, maxActivity>>10))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := each("Line "+strconv.Itoa(number), line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil //nolint:nilerr // the only error left is the end of the file
		}
	}
}

func readArray(in *bufio.Reader, each func(string, []byte) error) error {
	bound := &tokenBound{r: in, max: maxActivity, what: "one value of the JSON array"}
	dec := json.NewDecoder(bound)
	if _, err := dec.Token(); err != nil {
		return arrayError(err, 0)
	}
	for number := 1; dec.More(); number++ {
		bound.from = dec.InputOffset()
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return arrayError(err, number)
		}
		bound.from = dec.InputOffset()
		if err := each("Activity "+strconv.Itoa(number), raw); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return arrayError(err, 0)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Unreadable(fmt.Sprintf("Something follows the JSON array (byte %d).", dec.InputOffset()))
	}
	return nil
}

func arrayError(err error, number int) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Unreadable("The file is cut off: the end of the JSON array is missing.")
	case errors.As(err, &syntax) && number > 0:
		return Unreadable(fmt.Sprintf("The file is not valid JSON at activity %d (byte %d).", number, syntax.Offset))
	case errors.As(err, &syntax):
		return Unreadable(fmt.Sprintf("The file is not valid JSON at byte %d.", syntax.Offset))
	}
	return err
}

// tokenBound stops a decoder that would hold a value of any size.
type tokenBound struct {
	r    io.Reader
	n    int64 // read so far
	from int64 // where the current value began
	max  int64 // bytes of a value
	what string
}

func (t *tokenBound) Read(p []byte) (int, error) {
	if t.n-t.from > t.max {
		return 0, Unreadable(fmt.Sprintf("The file cannot be read: %s is larger than %d KB, which none is.", t.what, t.max>>10))
	}
	n, err := t.r.Read(p[:min(len(p), maxActivity)])
	t.n += int64(n)
	return n, err
}

// deedOf reads one activity; fault says what is wrong with it.
func deedOf(raw []byte) (d Deed, fault string) {
	if !utf8.Valid(raw) {
		return d, "It holds bytes that are not UTF-8."
	}
	var doc activityDoc
	if err := json.Unmarshal(raw, &doc); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return d, fmt.Sprintf("%s must not be a %s.", wrong.Field, wrong.Value)
		}
		return d, "It is no JSON object."
	}
	if _, ok := ParseResource(doc.Resource); !ok {
		return d, fmt.Sprintf("resource must read like animes/7/episodes/12 or graphicNovels/7/chapters/3, not %q.", tasks.Clip(doc.Resource, 80))
	}
	if doc.From == nil || doc.To == nil {
		return d, spanMissing
	}
	if fault := spanFault(doc.Platform, *doc.From, *doc.To); fault != "" {
		return d, fault
	}
	if doc.Length < 0 || doc.Length > maxSpan {
		return d, "length must be seconds or pages, above 0."
	}
	d.Resource = doc.Resource
	d.Platform, d.From, d.To, d.Length, d.Completed = doc.Platform, *doc.From, *doc.To, doc.Length, doc.Completed
	return d, d.span(doc.Start, doc.End)
}

const spanMissing = "from and to must be seconds or pages, with 0 <= from <= to."

// spanFault says what is wrong with what an activity covered, and where.
func spanFault(platform string, from, to int64) (fault string) {
	if !validPlatform(platform) {
		return fmt.Sprintf("platform must be a name of 1 to %d bytes.", maxPlatform)
	}
	if from < 0 || to < from || to > maxSpan {
		return spanMissing
	}
	return ""
}

// maxSpan is the greatest second or page; the published API says int32.
const maxSpan = 1<<31 - 1

func (d *Deed) span(start, end string) (fault string) {
	var err error
	if d.Start, err = time.Parse(time.RFC3339, start); err != nil || !plausible(d.Start) {
		return "start must be a date-time such as 2026-11-22T10:00:00Z."
	}
	if d.End, err = time.Parse(time.RFC3339, end); err != nil || !plausible(d.End) {
		return "end must be a date-time such as 2026-11-22T10:20:00Z."
	}
	if d.End.Before(d.Start) {
		return "end must not be before start."
	}
	d.Start, d.End = d.Start.UTC(), d.End.UTC()
	return ""
}

func validPlatform(name string) bool {
	return name != "" && len(name) <= maxPlatform && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' })
}

// plausible keeps out years that do not fit what tables and clients hold.
func plausible(t time.Time) bool { return t.Year() >= 1900 && t.Year() <= 9999 }
