package tasks

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ID identifies a task. The store makes it as a UUID version 7 (RFC 9562), so
// that ids made close together stay close together in an index.
type ID [16]byte

// ParseID reads the canonical 36-character form, in either case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, &Error{Code: CodeInvalid, Field: "task_ids", Message: fmt.Sprintf("Invalid task_id value: %s", Clip(s, 64))}
	}
	for i, part := range [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
		at := [...]int{0, 4, 6, 8, 10}[i]
		if _, err := hex.Decode(id[at:], []byte(s[part[0]:part[1]])); err != nil {
			return ID{}, &Error{Code: CodeInvalid, Field: "task_ids", Message: fmt.Sprintf("Invalid task_id value: %s", Clip(s, 64)), Err: err}
		}
	}
	return id, nil
}

// shortestPrefix is the fewest hexadecimal digits of an id that are taken for its
// beginning.
const shortestPrefix = 4

// ParseIDPrefix reads an id or its beginning, at least four hexadecimal digits,
// and gives the first and the last id that begin so. The fault names the field
// id.
func ParseIDPrefix(s string) (first, last ID, err error) {
	digits := strings.ReplaceAll(strings.TrimSpace(s), "-", "")
	bad := &Error{Code: CodeInvalidParameter, Field: "id", Message: "id must be a task id or its beginning, at least four digits from 0 to 9 and a to f."}
	if len(digits) < shortestPrefix || len(digits) > 2*len(first) {
		return first, last, bad
	}
	fill := func(id *ID, with string) error {
		_, err := hex.Decode(id[:], []byte(digits+strings.Repeat(with, 2*len(id)-len(digits))))
		return err
	}
	if bad.Err = errors.Join(fill(&first, "0"), fill(&last, "f")); bad.Err != nil {
		return ID{}, ID{}, bad
	}
	return first, last, nil
}

// String gives the canonical lower-case form.
func (id ID) String() string { return string(id.Append(make([]byte, 0, 36))) }

// Append appends the canonical form to b; it saves an allocation where ten
// thousand ids are written into one answer.
func (id ID) Append(b []byte) []byte {
	b = hex.AppendEncode(b, id[0:4])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[4:6])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[6:8])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[8:10])
	b = append(b, '-')
	return hex.AppendEncode(b, id[10:16])
}

// IsZero reports whether id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return id.Append(nil), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// Clip shortens s to at most n bytes on a rune border, so that an error message
// never repeats a megabyte of somebody's input.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "..."
}
