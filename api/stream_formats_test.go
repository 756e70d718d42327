package api_test

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

// line reads the next line that is not blank.
func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	for {
		s, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if s = strings.TrimSpace(s); s != "" && s != ":" {
			return s
		}
	}
}

func TestTheOtherFormatsOfAStream(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", explicit)
	m.published(tasks.ASChannel, []byte(`{"n": 1}`))
	r := m.open("&format=ndjson")
	lines := bufio.NewReader(r.resp.Body)
	if first, second := line(t, lines), line(t, lines); !strings.Contains(first, `"code":"connected"`) || !strings.HasSuffix(second, `"message_id":"1-1","payload":{"n":1}}`) {
		t.Errorf("got %s and %s", first, second)
	}
	w.must(r.conn.Close())
	m.published(tasks.ASChannel, []byte(`{"n": 2}`))
	again := m.connect(http.MethodGet, "/stream/?format=sse&stream="+m.channel.Stream, "", "Last-Event-ID", "1-1")
	if kind := again.resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("got %s", kind)
	}
	lines = bufio.NewReader(again.resp.Body)
	var got []string
	for range 4 {
		got = append(got, line(t, lines))
	}
	if got[0] != "event: system" || got[2] != "id: 2-1" || !strings.Contains(got[3], `"payload":{"n":2}`) {
		t.Errorf("got %q", got)
	}
}

// events reads n events that have an id and gives their ids.
func events(t *testing.T, r *bufio.Reader, n int) string {
	t.Helper()
	var ids []string
	for len(ids) < n {
		if id, ok := strings.CutPrefix(line(t, r), "id: "); ok {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " ")
}

func TestAStreamOfEventsGoesOnAfterTheOneThatTheClientNames(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", explicit)
	for range 5 {
		m.published(tasks.ASChannel, []byte(`{}`))
	}
	open := func(header ...string) (*reader, *bufio.Reader) {
		r := m.connect(http.MethodGet, "/stream/?format=sse&stream="+m.channel.Stream, "", header...)
		return r, bufio.NewReader(r.resp.Body)
	}
	r, lines := open()
	if got := events(t, lines, 5); got != "1-1 2-1 3-1 4-1 5-1" {
		t.Fatalf("got %s", got)
	}
	r.reset()
	r, lines = open("Last-Event-ID", "3-1")
	if got := events(t, lines, 2); got != "4-1 5-1" {
		t.Errorf("after 3-1 came %s", got)
	}
	m.published(tasks.ASChannel, []byte(`{}`))
	r.reset()
	r, lines = open("Last-Event-ID", "5-1")
	if got := events(t, lines, 1); got != "6-1" {
		t.Errorf("after 5-1 came %s", got)
	}
	r.reset()
	_, lines = open() // nothing was consumed by naming it
	got := strings.Fields(events(t, lines, 6))
	slices.Sort(got)
	if diff := cmp.Diff([]string{"1-1", "2-1", "3-1", "4-1", "5-1", "6-1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAStreamIsRefusedBeforeItBegins(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.member("ada"), w.member("bob")
	for _, c := range []struct {
		protocol tasks.Protocol
		query    string
		status   int
	}{
		{tasks.ASChannel, "", 400},
		{tasks.ASChannel, "?stream=" + bob.channel.Stream, 403},
		{tasks.ASChannel, "?stream=nonsense", 403},
		{tasks.ASStore, "?stream=" + ada.channel.Stream, 403},
		{tasks.ASChannel, "?format=xml&stream=" + ada.channel.Stream, 400},
	} {
		a := w.is(ada.send(c.protocol, "GET", "/stream/"+c.query, "", ""), c.status)
		if a.json["success"] != false {
			t.Errorf("%s: %s", c.query, a.text)
		}
	}
}
