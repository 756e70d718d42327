package tasks

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
)

// pageSum is how many bytes of its keyed sum a page token carries.
const pageSum = 16

// PageToken makes the token of a page: after says behind what the page begins,
// and bound is all that the token may be used with, such as the client and what
// was asked for. It hides nothing; it cannot be made up or used elsewhere.
func PageToken(s Sealer, after string, bound ...any) string {
	return base64.RawURLEncoding.EncodeToString(append(pageSumOf(s, after, bound), after...))
}

// AfterPage reads what PageToken made; the empty token is the first page. Any
// other text, or a token bound to something else, is CodeInvalid of page_token.
func AfterPage(s Sealer, token string, bound ...any) (after string, err error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && len(b) > pageSum {
		if after = string(b[pageSum:]); subtle.ConstantTimeCompare(b[:pageSum], pageSumOf(s, after, bound)) == 1 {
			return after, nil
		}
	}
	return "", &Error{Code: CodeInvalid, Field: "page_token", Message: "page_token is not one of this list; take it from the page before, or leave it out to begin anew."}
}

func pageSumOf(s Sealer, after string, bound []any) []byte {
	text := fmt.Appendf(nil, "page %q", after)
	for _, b := range bound {
		text = fmt.Appendf(text, " %q", fmt.Sprint(b))
	}
	return s.Sum(text)[:pageSum:pageSum]
}
