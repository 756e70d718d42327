package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"asapi/internal/testserver"
	"asapi/tasks"
)

const noResult = `{"error":"task-result-not-found","message":"No results were found for this task id.","success":false}`

func (m *member) fetch(id tasks.ID, header ...string) answer {
	m.w.t.Helper()
	return m.send(tasks.ASStore, http.MethodGet, "/fetch/"+id.String()+"/", "", "", header...)
}

func TestAResultIsFetchedOnce(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	payload := []byte(`{"total":0}`)
	id := m.published(tasks.ASStore, payload, func(e *tasks.Ending) { e.Result.Filename = "Jahr \"1\"/ü.json" })
	if got := m.entry(id)["retrieval_endpoint"]; got != "https://store.example.com/files/fetch/"+id.String()+"/" {
		t.Errorf("the status names %v", got)
	}
	a := w.is(m.fetch(id), 200)
	sum := sha256.Sum256(payload)
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Content-Length": "11", "ETag": fmt.Sprintf(`"%x"`, sum),
		"Digest":              "sha-256=" + base64.StdEncoding.EncodeToString(sum[:]),
		"Content-Disposition": "attachment; filename*=utf-8''Jahr%20%221%22_%C3%BC.json",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if a.text != string(payload) {
		t.Errorf("got %q", a.text)
	}
	for _, path := range []string{"/fetch/", "/fetch/asstore/"} {
		again := w.is(m.send(tasks.ASStore, http.MethodGet, path+id.String(), "", ""), 404)
		if strings.TrimSpace(again.text) != noResult {
			t.Errorf("the next fetch got %s", again.text)
		}
	}
	e := m.entry(id)
	if e["result_retrieved"] != true || e["status"] != "Publish complete" || e["retrieval_endpoint"] != nil {
		t.Errorf("the status says %v", e)
	}
}

func TestAnUnknownIDAnotherClientsAndNoIDAreAnsweredAlike(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.member("ada"), w.member("bob")
	id := ada.published(tasks.ASStore, []byte(`{}`))
	for _, path := range []string{id.String(), "0198c0de-0000-7000-8000-000000000000", "nonsense"} {
		a := w.is(bob.send(tasks.ASStore, http.MethodGet, "/fetch/"+path+"/", "", ""), 404)
		if strings.TrimSpace(a.text) != noResult {
			t.Errorf("%s got %s", path, a.text)
		}
	}
	w.is(ada.fetch(id), 200)
}

func TestAResultThatIsNotReadySaysItsStatus(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.fetch(m.submit(tasks.ASStore)), 404)
	if a.json["error"] != "task-result-not-ready" || a.json["status"] != "Pending" || a.json["success"] != false {
		t.Errorf("got %v", a.json)
	}
}

func TestHeadDescribesAndNeverUsesUp(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASStore, []byte(`{"a":1}`))
	for range 2 {
		a := w.is(m.send(tasks.ASStore, http.MethodHead, "/fetch/"+id.String()+"/", "", ""), 200)
		if a.header.Get("Content-Length") != "7" || a.header.Get("ETag") == "" || a.text != "" {
			t.Errorf("got %v %q", a.header, a.text)
		}
	}
	w.is(m.fetch(id), 200)
}

func TestRangesThatTogetherCoverTheWholeUseTheResultUp(t *testing.T) {
	for _, noRedis := range []bool{false, true} {
		w := newWorldWith(t, settings{noRedis: noRedis})
		m := w.member("ada")
		payload := noise(300_000)
		id := m.published(tasks.ASStore, payload)
		part := w.is(m.fetch(id, "Range", "bytes=0-99999"), 206)
		if part.header.Get("Content-Range") != "bytes 0-99999/300000" {
			t.Errorf("got %v", part.header)
		}
		tag := part.header.Get("ETag")
		rest := w.is(m.fetch(id, "Range", "bytes=200000-", "If-Range", tag), 206)
		if m.retrieved(id) {
			t.Fatal("a gap was left, but the result is used up")
		}
		middle := w.is(m.fetch(id, "Range", "bytes=100000-199999", "If-Range", tag), 206)
		if got := part.text + middle.text + rest.text; !bytes.Equal([]byte(got), payload) {
			t.Error("the parts are not the whole")
		}
		testserver.Eventually(t, patience, func() bool { return m.retrieved(id) }, "the parts that cover the whole to use the result up")
	}
}

func TestARangeOfAnotherVersionGetsTheWhole(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASStore, []byte("0123456789"))
	if a := w.is(m.fetch(id, "Range", "bytes=5-", "If-Range", `"another"`), 200); a.text != "0123456789" {
		t.Errorf("got %q", a.text)
	}
}

func TestARangeOutsideTheResultIsRefusedAndUsesNothingUp(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASStore, []byte("0123456789"))
	a := w.is(m.fetch(id, "Range", "bytes=10-"), 416)
	if a.header.Get("Content-Range") != "bytes */10" || a.json["success"] != false {
		t.Errorf("got %v %v", a.header, a.json)
	}
	w.is(m.fetch(id), 200)
}

func TestADownloadThatBrokeOffCanBeFetchedAgainOrResumed(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	payload := noise(64 << 20)
	id := m.published(tasks.ASStore, payload)
	r := m.fetchSlowly(id)
	got := make([]byte, 1<<20)
	r.read(got)
	r.reset()
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(payload))
	var rest answer
	testserver.Eventually(t, patience, func() bool {
		rest = m.fetch(id, "Range", "bytes=1048576-", "If-Range", tag)
		return rest.status != http.StatusConflict
	}, "the end of the broken download's claim")
	w.is(rest, 206)
	if !bytes.Equal(append(got, rest.text...), payload) {
		t.Error("the parts are not the whole")
	}
	testserver.Eventually(t, patience, func() bool { return m.retrieved(id) }, "the consumption")
}

func TestOfTwoFetchesAtOnceOneGetsItAndTheOtherIsTold(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	payload := noise(64 << 20)
	id := m.published(tasks.ASStore, payload)
	r := m.fetchSlowly(id)
	busy := w.is(m.fetch(id), 409)
	if busy.header.Get("Retry-After") == "" || busy.json["success"] != false {
		t.Errorf("got %v %v", busy.header, busy.json)
	}
	got := make([]byte, len(payload))
	r.read(got)
	if !bytes.Equal(got, payload) {
		t.Error("the first fetch got other bytes")
	}
	w.must(r.conn.Close())
	w.is(m.fetch(id), 404)
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

// consuming is a blob store whose reader always comes after somebody who reported the
// result as consumed.
type consuming struct {
	tasks.Blobs
	before func()
}

func (c *consuming) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	c.before()
	return c.Blobs.Open(ctx, key, offset, length)
}

func TestAResultThatIsConsumedWhileItIsFetchedIsAnsweredAsConsumed(t *testing.T) {
	late := &consuming{}
	w := newWorldWith(t, settings{desk: func(cfg *tasks.DeskConfig) {
		late.Blobs = cfg.Blobs
		cfg.Blobs = late
	}})
	m := w.member("ada")
	id := m.published(tasks.ASStore, bytes.Repeat([]byte("x"), 2*tasks.InlineLimit))
	late.before = func() {
		w.is(m.send(tasks.ASStore, http.MethodPost, "/results-consumed/", "application/x-www-form-urlencoded", "task_ids="+id.String()), 200)
	}
	if a := w.is(m.fetch(id), 404); strings.TrimSpace(a.text) != noResult {
		t.Errorf("it is answered with %s", a.text)
	}
}
