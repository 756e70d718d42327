package activities

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// lists reports whether a header that is a list, on one line or on several (RFC 9110
// section 5.3), has a member whose name, before its parameters, is the given one in
// whatever case.
func lists(r *http.Request, header, name string) bool {
	for _, line := range r.Header.Values(header) {
		for member := range strings.SplitSeq(line, ",") {
			named, _, _ := strings.Cut(member, ";")
			if strings.EqualFold(strings.TrimSpace(named), name) {
				return true
			}
		}
	}
	return false
}

// accepts reports whether Accept names a media type. A range such as */* names none.
func accepts(r *http.Request, mediaType string) bool { return lists(r, echo.HeaderAccept, mediaType) }
