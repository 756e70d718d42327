package asapi

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"asapi/tasks"
)

// describe sets the headers that say what a result is.
func describe(h http.Header, r *tasks.Result) {
	h.Set("Content-Type", r.ContentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", etag(r))
	h.Set("Digest", "sha-256="+base64.StdEncoding.EncodeToString(r.SHA256[:])) // RFC 3230
	if r.Filename != "" {
		h.Set("Content-Disposition", disposition(r.Filename))
	}
}

// etag is a strong validator: results with the same bytes share it.
func etag(r *tasks.Result) string { return `"` + hex.EncodeToString(r.SHA256[:]) + `"` }

// disposition names a file to save to (RFC 6266): never a path, whatever the
// name holds.
func disposition(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '/' || r == '\\' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if v := mime.FormatMediaType("attachment", map[string]string{"filename": name}); v != "" {
		return v
	}
	return "attachment"
}

// byteRange is the bytes [from, to).
type byteRange struct{ from, to int64 }

func (b byteRange) of(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", b.from, b.to-1, size)
}

// rangeOf reads Range and If-Range (RFC 9110 section 14) for a result of size
// bytes: 200 for the whole, 206 for a part, 416 for a part that is not there. A
// range that cannot be read, several ranges, and a range of another version are
// answered with the whole, as the RFC allows.
func rangeOf(h http.Header, size int64, tag string) (byteRange, int) {
	whole := byteRange{0, size}
	spec, ok := strings.CutPrefix(textproto.TrimString(h.Get("Range")), "bytes=")
	if only := h.Get("If-Range"); !ok || only != "" && only != tag {
		return whole, http.StatusOK
	}
	first, last, ok := strings.Cut(textproto.TrimString(spec), "-")
	if !ok || strings.Contains(spec, ",") {
		return whole, http.StatusOK
	}
	from, fromErr := position(first)
	to, toErr := position(last)
	switch {
	case first == "" && toErr == nil: // the last bytes
		if to == 0 || size == 0 {
			return whole, http.StatusRequestedRangeNotSatisfiable
		}
		return byteRange{max(size-to, 0), size}, http.StatusPartialContent
	case fromErr != nil, last != "" && (toErr != nil || to < from):
		return whole, http.StatusOK
	case from >= size:
		return whole, http.StatusRequestedRangeNotSatisfiable
	case last == "" || to >= size:
		return byteRange{from, size}, http.StatusPartialContent
	}
	return byteRange{from, to + 1}, http.StatusPartialContent
}

// position reads digits only: no sign, no space.
func position(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}
