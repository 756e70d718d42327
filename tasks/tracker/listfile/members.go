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
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber()
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return o, false
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return o, false
		}
		name, _ := token.(string)
		var value json.RawMessage
		if dec.Decode(&value) != nil || o.Add(name, value) != nil {
			return o, false
		}
	}
	_, err := dec.Token()
	return o, err == nil
}

// Compact drops the blanks between tokens of a valid value and spells a text in
// the one way that Quote does; null becomes empty.
func Compact(raw json.RawMessage) string {
	if string(raw) == "null" {
		return ""
	}
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return Quote(text)
	}
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return string(raw)
	}
	return out.String()
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
	if value == "" {
		return "", true
	}
	return text, json.Unmarshal([]byte(value), &text) == nil
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
