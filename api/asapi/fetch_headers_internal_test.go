package asapi

import (
	"mime"
	"net/http"
	"strings"
	"testing"
)

func TestRangesAreReadAsTheStandardSays(t *testing.T) {
	const tag = `"abc"`
	for _, c := range []struct {
		header, ifRange string
		from, to        int64
		status          int
	}{
		{"", "", 0, 10, 200},
		{"bytes=0-", "", 0, 10, 206},
		{"bytes=0-0", "", 0, 1, 206},
		{"bytes=3-5", tag, 3, 6, 206},
		{"bytes=3-500", "", 3, 10, 206},
		{"bytes=-3", "", 7, 10, 206},
		{"bytes=-30", "", 0, 10, 206},
		{"bytes=-0", "", 0, 10, 416},
		{"bytes=10-", "", 0, 10, 416},
		{"bytes=10-12", "", 0, 10, 416},
		{"bytes=5-3", "", 0, 10, 200},
		{"bytes=0-1,4-5", "", 0, 10, 200},
		{"bytes=a-b", "", 0, 10, 200},
		{"bytes=+1-2", "", 0, 10, 200},
		{"bytes=-", "", 0, 10, 200},
		{"bytes=99999999999999999999-", "", 0, 10, 200},
		{"lines=0-1", "", 0, 10, 200},
		{"bytes=3-5", `"other"`, 0, 10, 200},
		{"bytes=3-5", `W/"abc"`, 0, 10, 200},
		{"bytes=3-5", "Sun, 22 Nov 2026 10:00:00 GMT", 0, 10, 200},
	} {
		h := http.Header{}
		h.Set("Range", c.header)
		h.Set("If-Range", c.ifRange)
		got, status := rangeOf(h, 10, tag)
		if got != (byteRange{c.from, c.to}) || status != c.status {
			t.Errorf("%q with If-Range %q: got %v %d, want %d to %d, %d", c.header, c.ifRange, got, status, c.from, c.to, c.status)
		}
	}
	if _, status := rangeOf(http.Header{"Range": {"bytes=0-"}}, 0, tag); status != 416 {
		t.Errorf("a range of an empty result: %d", status)
	}
}

func FuzzARangeLiesInsideTheResult(f *testing.F) {
	f.Add("bytes=0-5", int64(3))
	f.Add("bytes=-9223372036854775807", int64(1))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		size = max(size, 0)
		got, status := rangeOf(http.Header{"Range": {header}}, size, "")
		if got.from < 0 || got.to > size || got.from > got.to || status == 206 && got.from == got.to {
			t.Errorf("%q of %d gives %v %d", header, size, got, status)
		}
	})
}

func FuzzAFileNameBecomesASafeDisposition(f *testing.F) {
	for _, name := range []string{"a.json", "../../etc/passwd", "a\"; filename=\"b", "ü\xff\r\nX: y", `c:\d`, ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		v := disposition(name)
		kind, params, err := mime.ParseMediaType(v)
		if err != nil || kind != "attachment" || strings.ContainsAny(v, "\r\n\x00") || strings.ContainsAny(params["filename"], "/\\\r\n\x00") {
			t.Errorf("%q became %q: %v", name, v, err)
		}
	})
}
