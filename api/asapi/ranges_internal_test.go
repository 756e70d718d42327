package asapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"testing"
	"time"
)

// served gives what the standard library answers for a range of size bytes.
func served(t *testing.T, header http.Header, size int64, tag string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header = header
	w := httptest.NewRecorder()
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "text/plain")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, size)))
	return w.Result()
}

// FuzzAPartIsTheOneThatTheStandardLibraryServes lets the header be anything: what
// is answered with a part must be the part that net/http gives for it.
func FuzzAPartIsTheOneThatTheStandardLibraryServes(f *testing.F) {
	const tag = `"abc"`
	f.Add("bytes=0-5", "", uint16(10))
	f.Add("bytes=-3", tag, uint16(10))
	f.Add("bytes= 7 - ", `"other"`, uint16(10))
	f.Add("bytes=0-0,2-3", "", uint16(10))
	f.Add("bytes=--1", "", uint16(0))
	f.Add(" bytes=-1", "", uint16(6))
	f.Add("bytes=0-\f", "", uint16(5))
	f.Fuzz(func(t *testing.T, spec, ifRange string, length uint16) {
		size := int64(length)
		// Requests come with their values trimmed (RFC 9110 section 5.5).
		header := http.Header{"Range": {textproto.TrimString(spec)}, "If-Range": {textproto.TrimString(ifRange)}}
		got, status := rangeOf(header, size, tag)
		switch status {
		case http.StatusOK:
			if (got != byteRange{0, size}) {
				t.Errorf("the whole of %d is %v", size, got)
			}
		case http.StatusPartialContent:
			theirs := served(t, header, size, tag)
			defer theirs.Body.Close()
			if want := theirs.Header.Get("Content-Range"); theirs.StatusCode != status || got.of(size) != want {
				t.Errorf("%q with If-Range %q of %d is answered with %q, and by the standard library with %d %q", spec, ifRange, size, got.of(size), theirs.StatusCode, want)
			}
		case http.StatusRequestedRangeNotSatisfiable:
		default:
			t.Errorf("%q is answered with %d", spec, status)
		}
	})
}

// FuzzAWellFormedRangeIsAnsweredAsTheStandardLibraryAnswersIt lets the numbers be
// anything: nothing well-formed may be passed over.
func FuzzAWellFormedRangeIsAnsweredAsTheStandardLibraryAnswersIt(f *testing.F) {
	f.Add(uint32(0), uint32(5), uint8(0), uint16(10))
	f.Add(uint32(10), uint32(10), uint8(1), uint16(10))
	f.Add(uint32(3), uint32(0), uint8(2), uint16(10))
	f.Fuzz(func(t *testing.T, a, b uint32, form uint8, length uint16) {
		size := int64(length) + 1 // of an empty result there is no part to ask for
		spec := fmt.Sprintf("bytes=%d-%d", min(a, b), max(a, b))
		switch form % 3 {
		case 1:
			spec = fmt.Sprintf("bytes=%d-", a)
		case 2:
			spec = fmt.Sprintf("bytes=-%d", max(b, 1))
		}
		header := http.Header{"Range": {spec}}
		got, status := rangeOf(header, size, "")
		theirs := served(t, header, size, "")
		defer theirs.Body.Close()
		if status != theirs.StatusCode || status == http.StatusPartialContent && got.of(size) != theirs.Header.Get("Content-Range") {
			t.Errorf("%s of %d: %d %v, and by the standard library %d %s", spec, size, status, got, theirs.StatusCode, theirs.Header.Get("Content-Range"))
		}
	})
}
