package web

import (
	"net/url"
	"strings"

	"asapi/tasks"
)

// URLEncoded gives the fields of application/x-www-form-urlencoded text (WHATWG
// URL, section 5.1) in their order, and reports whether to go on. It is quick
// for ten thousand fields that need no decoding.
func URLEncoded(text string, yield func(tasks.Field, error) bool) bool {
	for len(text) > 0 {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := unescape(name)
		if err == nil {
			value, err = unescape(value)
		}
		if err != nil {
			yield(tasks.Field{}, &tasks.Error{Code: tasks.CodeInvalid, Message: "The form is malformed: a percent sign is not followed by two hexadecimal digits.", Err: err})
			return false
		}
		if !yield(tasks.Field{Name: name, Value: value}, nil) {
			return false
		}
	}
	return true
}

func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	return url.QueryUnescape(s)
}
