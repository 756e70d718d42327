package consoletest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheHistogramOfWhatWasWatchedIsShownAsAPicture fills the form of an action
// that draws.
func TestTheHistogramOfWhatWasWatchedIsShownAsAPicture(t *testing.T) {
	s := started(t)
	token := s.token(t, "histogram")
	s.watch(t, token, "animes/7/episodes/12")
	p := open(t, s, "phone-light")
	p.signIn(token)
	p.goTo("#/start/tracker/histogram")
	p.write(p.field("Resource"), "animes/7/episodes/12")
	p.do(chromedp.SendKeys(chromedp.CSS(p.field("Format")), "svg"))
	p.click("form button.main")
	p.awaitText("Show the picture")
	p.click("#download")
	p.await("document.querySelector('figure img')?.naturalWidth > 100")
	p.check("histogram")
}

// watch tells the server that parts of something were watched.
func (s *server) watch(t *testing.T, token, resource string) {
	t.Helper()
	s.post(t, token, "/register-account/", url.Values{"service": {"tracker"}, "username": {"alice"}})
	var deeds []string
	for n := range 40 {
		deeds = append(deeds, fmt.Sprintf(`{"platform":"tv","resource":%q,"from":%d,"to":%d,"start":"2026-10-%02dT20:00:00Z","end":"2026-10-%02dT20:20:00Z","length":1440}`,
			resource, n*17, 400+n*23, n%28+1, n%28+1))
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range map[string]string{"service": "tracker", "action": "process-activities", "account": "alice"} {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("activities", "activities.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("[" + strings.Join(deeds, ",") + "]")); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url()+"/submit-task/", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Token "+token)
	resp, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		ID string `json:"task_id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.ID == "" {
		t.Fatalf("submitting activities: %v, status %d", err, resp.StatusCode)
	}
	s.ended(t, token, answer.ID)
}
