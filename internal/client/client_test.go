package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"asapi/internal/client"
	"asapi/internal/testserver"

	"github.com/google/go-cmp/cmp"
)

// serve answers every path with its handler and refuses a wrong token.
func serve(t *testing.T, paths map[string]http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, ok := paths[r.URL.Path]
		if !ok || r.Header.Get("Authorization") != "Token secret" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestAWrongAddressOrTokenIsToldInASentence(t *testing.T) {
	for _, one := range [][2]string{{"localhost:8080", "t"}, {"ftp://x", "t"}, {"http://", "t"}, {"http://x", ""}, {"http://x", "a b"}} {
		if _, err := client.New(one[0], one[1]); err == nil {
			t.Errorf("%q was taken", one)
		}
	}
}

func TestStatusKeepsTheOrderAskedAndTellsWhatIsUnknown(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{"/task-status/": say(200, `{"b":{"status":"Pending","success":false,"result_retrieved":false},
		"a":{"status":"Publish complete","success":true,"result_retrieved":true,"items":{"total":2,"succeeded":1,"failed":1}},
		"c":{"success":false,"error":"No task with this ID was found."},"success":true}`)})
	got, err := c.Status(t.Context(), []string{"b", "a", "c"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []client.Status{
		{TaskID: "b", Status: "Pending"},
		{TaskID: "a", Status: "Publish complete", Success: true, Retrieved: true, Items: &client.Items{Total: 2, Succeeded: 1, Failed: 1}},
		{TaskID: "c", Error: "No task with this ID was found."},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[0].Ended() || !got[1].Ended() || got[2].Found() {
		t.Errorf("ended and found are wrong: %+v", got)
	}
}

func TestNoneOfTheIDsKnownIsAnAnswerAndAnotherRefusalAnError(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"/task-status/":      say(400, `{"a":{"success":false,"error":"No task with this ID was found."},"success":false,"error":"x","errors":{}}`),
		"/results-consumed/": say(400, `{"success":false,"error":"Too many","errors":{"task_ids":[["Too many task IDs submitted, limit is 10000","limit_exceeded"]]}}`),
	})
	if list, err := c.Status(t.Context(), []string{"a"}, time.Second); err != nil || len(list) != 1 || list[0].Found() {
		t.Errorf("got %v, %v", list, err)
	}
	_, err := c.Consumed(t.Context(), []string{"a"})
	var refused *client.Error
	if !errors.As(err, &refused) || !refused.Has("limit_exceeded") || !strings.Contains(err.Error(), "limit is 10000") {
		t.Errorf("got %v", err)
	}
}

func TestRegisteringTwiceIsFine(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{"/register-account/": say(400, `{"success":false,"error":"x","errors":{"__all__":[["Account exists","unique_together"]]}}`)})
	if err := c.Register(t.Context(), "tracker", "alice"); err != nil {
		t.Error(err)
	}
}

func TestSubmitUploadsFilesAndValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.xml")
	if err := os.WriteFile(path, []byte("<list/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := serve(t, map[string]http.HandlerFunc{"/submit-task/": func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("file")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b, _ := io.ReadAll(file)
		if string(b) != "<list/>" || header.Filename != "list.xml" || r.FormValue("provider") != "myanimelist" || r.Header.Get("Idempotency-Key") != "k" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		_, _ = io.WriteString(w, `{"task_id":"1","retrieval_protocol":"aschannel","stream":"s","success":true}`)
	}})
	got, err := c.Submit(t.Context(), client.Submission{
		Service: "tracker", Action: "import-trackers", Account: "alice", IdempotencyKey: "k",
		Values: url.Values{"provider": {"myanimelist"}}, Files: map[string]string{"file": path},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(client.Submitted{TaskID: "1", Protocol: "aschannel", Stream: "s", Success: true, Replayed: true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatIsNotThereIsToldBeforeAnythingIsSent(t *testing.T) {
	c := serve(t, nil)
	_, err := c.Submit(t.Context(), client.Submission{Files: map[string]string{"file": filepath.Join(t.TempDir(), "none")}})
	if err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
}

func TestABadLineOfManyFailsAlone(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{"/submit-tasks/": say(200, `{"task_id":"1","success":true}
{"success":false,"error":"no","errors":{"action":[["Invalid action name","invalid_action"]]}}
`)})
	done, faults, err := c.SubmitMany(t.Context(), []map[string]string{{"action": "a"}, {"action": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if done[0].TaskID != "1" || faults[0] != nil || faults[1] == nil || !strings.Contains(faults[1].Error(), "Invalid action name") {
		t.Errorf("got %v, %v", done, faults)
	}
	if _, _, err := c.SubmitMany(t.Context(), []map[string]string{{}}); err == nil {
		t.Error("two answers to one submission were taken")
	}
}

func TestADamagedResultIsFoundOut(t *testing.T) {
	for digest, fine := range map[string]bool{
		"sha-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=": true, // of "hello"
		"sha-256=AAAAul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=": false,
		"": true,
	} {
		c := serve(t, map[string]http.HandlerFunc{"/fetch/1/": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Digest", digest)
			w.Header().Set("Content-Disposition", `attachment; filename="../../x.json"`)
			_, _ = io.WriteString(w, "hello")
		}})
		r, err := c.Fetch(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		if r.Filename != "x.json" {
			t.Errorf("its name is %q", r.Filename)
		}
		if b, err := io.ReadAll(r); (err == nil) != fine || string(b) != "hello" {
			t.Errorf("digest %q: %q, %v", digest, b, err)
		}
		_ = r.Close()
	}
}

func TestConnPostsFormAfterFormOnOneConnection(t *testing.T) {
	addresses := map[string]bool{}
	c := serve(t, map[string]http.HandlerFunc{"/submit-task/": func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		if r.FormValue("n") == "2" {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, "answer "+r.FormValue("n"))
	}})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := c.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"1", "2", "3"} {
		b, err := conn.PostForm("/submit-task/", "n="+n)
		var refused *client.Error
		if n == "2" {
			if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
				t.Errorf("got %v", err)
			}
			continue
		}
		if err != nil || string(b) != "answer "+n {
			t.Errorf("got %q, %v", b, err)
		}
	}
	if len(addresses) != 1 {
		t.Errorf("it used %d connections", len(addresses))
	}
	cancel()
	testserver.Eventually(t, 30*time.Second, func() bool {
		_, err := conn.PostForm("/submit-task/", "n=1")
		return err != nil
	}, "the end of the connection")
	_ = conn.Close()
}
