package listfile

import (
	"bytes"
	"encoding/json"
	"strings"

	"asapi/tasks/tracker"
)

// Member is one member of a JSON object: its name and its value, verbatim but
// for blanks between tokens and the spelling of texts.
type Member struct {
	Name  string
	Value string // compact JSON
}

// Object is a JSON object whose members keep their order. Of several members of
// one name the last counts, as everywhere.
type Object struct {
	Members []Member
	// Broken says that something in it is no text.
	Broken bool
	size   int
}

// Add takes a member over; a permanent error when the object outgrows MaxEntry.
func (o *Object) Add(name string, raw json.RawMessage) error {
	if o.size += len(name) + len(raw); o.size > MaxEntry {
		return tracker.Unreadable("One entry of the file is larger than 1 MB; a list has none such.")
	}
	if NoText(raw) || strings.ContainsRune(name, 0) || strings.ContainsRune(name, '\uFFFD') {
		o.Broken = true
	}
	value := Compact(raw)
	for i := range o.Members {
		if o.Members[i].Name == name {
			o.Members[i].Value = value
			return nil
		}
	}
	o.Members = append(o.Members, Member{name, value})
	return nil
}

// Get gives the member of that name.
func (o *Object) Get(name string) (string, bool) {
	for _, m := range o.Members {
		if m.Name == name {
			return m.Value, true
		}
	}
	return "", false
}

// ParseObject takes an object apart; ok is false when raw is none.
func ParseObject(raw string) (o Object, ok bool) {
	if raw == "" || raw[0] != '{' || !json.Valid([]byte(raw)) {
		return o, false
	}
	return o, o.Split([]byte(raw)) == nil
}

// Split adds the members of a valid JSON object that begins with its brace; the
// error is that of Add.
func (o *Object) Split(raw json.RawMessage) error {
	for i := blanks(raw, 1); i < len(raw) && raw[i] == '"'; {
		end := valueEnd(raw, i)
		name := Compact(raw[i:end])
		text, _ := Text(name)
		from := blanks(raw, blanks(raw, end)+1)
		end = valueEnd(raw, from)
		if err := o.Add(text, raw[from:end]); err != nil {
			return err
		}
		i = blanks(raw, blanks(raw, end)+1)
	}
	return nil
}

// blanks gives where the blanks that begin at i end.
func blanks(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// valueEnd gives where the value that begins at i ends, in valid JSON.
func valueEnd(raw []byte, i int) int {
	depth, text := 0, false
	for ; i < len(raw); i++ {
		switch c := raw[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
			if !text && depth == 0 {
				return i + 1
			}
		case text:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case depth == 0 && (c == ',' || c == ' ' || c == ':' || c == '\t' || c == '\n' || c == '\r'):
			return i
		}
	}
	return i
}

// Compact drops the blanks between tokens of a valid value and spells a text in
// the one way that Quote does; null becomes empty.
func Compact(raw json.RawMessage) string {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] == '"' && plain(raw):
		return string(raw)
	case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
		return Quote(text)
	case raw[0] != '{' && raw[0] != '[':
		return string(raw)
	}
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return string(raw)
	}
	return out.String()
}

// plain reports whether Quote spells a text as it is spelt already, as far as
// that is seen at a glance.
func plain(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// Quote spells a text in JSON. What is no UTF-8 is replaced.
func Quote(text string) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// Text reads a text; ok is false when the value is none. Empty and null are
// the empty text.
func Text(value string) (text string, ok bool) {
	switch {
	case value == "" || value == "null":
		return "", true
	case value[0] != '"':
		return "", false
	case len(value) > 1 && value[len(value)-1] == '"' && plain([]byte(value)) && strings.Count(value, `"`) == 2:
		return value[1 : len(value)-1], true
	}
	err := json.Unmarshal([]byte(value), &text)
	return text, err == nil
}

// Items gives the elements of a JSON array as compact JSON; none when the value
// is no array.
func Items(value string) []string {
	var raw []json.RawMessage
	if json.Unmarshal([]byte(value), &raw) != nil {
		return nil
	}
	items := make([]string, len(raw))
	for i, item := range raw {
		items[i] = Compact(item)
	}
	return items
}

// Writer spells a JSON object, its members in the order they are put.
type Writer struct{ out strings.Builder }

// Put adds a member whose value is JSON; empty is null.
func (w *Writer) Put(name, value string) {
	if w.out.Len() > 0 {
		w.out.WriteByte(',')
	}
	if value == "" {
		value = "null"
	}
	w.out.WriteString(Quote(name))
	w.out.WriteByte(':')
	w.out.WriteString(value)
}

// String gives the object.
func (w *Writer) String() string { return "{" + w.out.String() + "}" }
