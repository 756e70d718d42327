package googleapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks"
)

func pack(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// decoding is a handler that answers with what it decoded.
func decoding(c echo.Context) error {
	s := &web.Shared{Log: slog.New(slog.DiscardHandler), Limits: web.Limits{}.WithDefaults()}
	var m message
	if err := googleapi.Decode(s, c, &m); err != nil {
		return err
	}
	return googleapi.Answer(c, m)
}

func TestAPackedBodyIsUnpackedWithinItsLimit(t *testing.T) {
	large := `{"name":"` + strings.Repeat("a", 2<<20) + `"}`
	for name, c := range map[string]struct {
		encoding, body string
		status         int
		text           string
	}{
		"packed":         {"gzip", pack(t, `{"id":"7"}`), 200, `"id": "7"`},
		"not packed":     {"", `{"id":"7"}`, 200, `"id": "7"`},
		"empty":          {"", "", 200, `"id": "0"`},
		"a bomb":         {"gzip", pack(t, large), 400, "larger than"},
		"too large":      {"", large, 400, "larger than"},
		"broken off":     {"gzip", pack(t, `{"id":"7"}`)[:15], 400, "gzip'd body"},
		"no gzip at all": {"gzip", `{"id":"7"}`, 400, "gzip'd body"},
		"another":        {"br", `{"id":"7"}`, 400, "gzip only"},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t, "/x", c.body)
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			rec := serve(decoding, r)
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.text) {
				t.Errorf("%d %s", rec.Code, tasks.Clip(rec.Body.String(), 300))
			}
		})
	}
	r := request(t, "/x", "id=7")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rec := serve(decoding, r); rec.Code != 400 || !strings.Contains(rec.Body.String(), "must be JSON") {
		t.Errorf("a form: %d %s", rec.Code, rec.Body)
	}
}

func TestALargeAnswerIsPackedWhereThatIsAskedFor(t *testing.T) {
	long := strings.Repeat("many ", 1000)
	answer := func(c echo.Context) error { return googleapi.Answer(c, map[string]string{"text": long}) }
	for _, asked := range []bool{true, false} {
		r := request(t, "/x", "")
		if asked {
			r.Header.Set("Accept-Encoding", "gzip")
		}
		rec := serve(answer, r)
		body := io.Reader(rec.Body)
		if packed := rec.Header().Get("Content-Encoding") == "gzip"; packed != asked {
			t.Errorf("packed %v, asked %v", packed, asked)
		} else if packed {
			var err error
			if body, err = gzip.NewReader(rec.Body); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := io.ReadAll(body); err != nil || !strings.Contains(string(text), long) {
			t.Errorf("%s, %v", tasks.Clip(string(text), 100), err)
		}
	}
}

func TestTheTokenIsFoundWhereverAClientBringsIt(t *testing.T) {
	for name, c := range map[string]struct {
		target string
		header http.Header
		want   string
	}{
		"bearer":       {"/x?key=k", http.Header{"Authorization": {"Bearer a"}}, "a"},
		"token":        {"/x", http.Header{"Authorization": {"Token a"}}, "a"},
		"key":          {"/x?key=k&alt=json", nil, "k"},
		"key's header": {"/x", http.Header{"X-Goog-Api-Key": {"k"}}, "k"},
		"query":        {"/x?access_token=a", nil, "a"},
		"nowhere":      {"/x", http.Header{"Authorization": {"Basic YTpi"}}, ""},
	} {
		r := request(t, c.target, "")
		maps.Copy(r.Header, c.header)
		if got := googleapi.SecretOf(r); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
