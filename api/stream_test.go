package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testserver"
	"asapi/tasks"
)

func TestAStreamBeginsWithASystemMessageWithoutTheWordThatClientsTakeAsFatal(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	r := m.connect(http.MethodGet, "/stream/?stream="+m.channel.Stream, "")
	f := r.next()
	want := fmt.Sprintf(`{"code":"connected","message":"Connected to stream %s"}`, m.channel.Stream)
	if f.Header.Type != "system" || string(f.Payload) != want {
		t.Errorf("got %+v %s", f.Header, f.Payload)
	}
	for name, value := range map[string]string{"X-Accel-Buffering": "no", "Content-Encoding": "", "Cache-Control": "no-store, no-transform"} {
		if got := r.resp.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if len(r.resp.TransferEncoding) != 1 || r.resp.TransferEncoding[0] != "chunked" {
		t.Errorf("the answer is not chunked: %v", r.resp.TransferEncoding)
	}
}

func TestTheStreamMayStandInTheBodyOfTheGet(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASChannel, []byte(`{"n":1}`))
	r := m.connect(http.MethodGet, "/stream/", "stream="+m.channel.Stream)
	if f := r.next(); !f.System() {
		t.Fatalf("got %+v", f.Header)
	}
	if got := r.next().Header.TaskID; got != id.String() {
		t.Errorf("got %s, want %s", got, id)
	}
}

func TestAMessageSaysWhatItIs(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASChannel, []byte(`{"n":1}`), func(e *tasks.Ending) { e.Result.Filename = "year.json" })
	f := m.open("").next()
	f.Header.MessageID = ""
	got := fmt.Sprintf("%+v %s", f.Header, f.Payload)
	want := fmt.Sprintf(`{Type:import-entries TaskID:%s Service:ledger Account:alice Chunk:1 TotalChunks:1 ChunkSize:1048576 ContentType:application/json Filename:year.json Success:true MessageID:} {"n":1}`, id)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAFailedTaskIsDeliveredWithTheReason(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASChannel)
	a, err := w.store.Start(t.Context(), id, time.Minute)
	w.must(err)
	done, err := w.store.Finish(t.Context(), tasks.Ending{Fence: a.Fence(), State: tasks.Failed, ErrorCode: "invalid", ErrorDetail: "The ledger is empty."})
	w.must(err)
	w.hub.Publish(tasks.EventOf(&done))
	f := m.open("").next()
	if f.Header.Success || f.Header.TaskID != id.String() {
		t.Errorf("got %+v", f.Header)
	}
	e := m.entry(id)
	if e["status"] != "Task did not complete successfully." || e["error_detail"] != "The ledger is empty." || e["success"] != false {
		t.Errorf("the status says %v", e)
	}
}

func TestMessagesComeOldestFirstAndTheNewOnesAtOnce(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	var want []string
	for i := range 20 {
		want = append(want, m.published(tasks.ASChannel, fmt.Appendf(nil, `{"n":%d}`, i)).String())
	}
	r := m.open("")
	if diff := cmp.Diff(want, r.tasks(20)); diff != "" {
		t.Error(diff)
	}
	id := m.published(tasks.ASChannel, []byte(`{}`))
	if got := r.next().Header.TaskID; got != id.String() {
		t.Errorf("got %s, want %s", got, id)
	}
}

func TestWhatTheReaderAcknowledgedIsConsumedWhileTheStreamStaysOpen(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASChannel, []byte(`{}`))
	r := m.open("")
	r.tasks(1)
	testserver.Eventually(t, patience, func() bool { return m.retrieved(id) }, "the consumption")
}

func TestAnOrderlyCloseConsumesWhatWasRead(t *testing.T) {
	w := newWorldWith(t, settings{hub: slowHeartbeats})
	m := w.member("ada")
	id := m.published(tasks.ASChannel, []byte(`{}`))
	r := m.open("")
	r.tasks(1)
	w.must(r.conn.Close())
	testserver.Eventually(t, patience, func() bool { return m.retrieved(id) }, "the consumption")
}

func TestABrokenConnectionGivesEverythingUnconsumedToTheNextWithTheSameMessageIDs(t *testing.T) {
	w := newWorldWith(t, settings{hub: slowHeartbeats})
	m := w.member("ada")
	for i := range 5 {
		m.published(tasks.ASChannel, fmt.Appendf(nil, `{"n":%d}`, i))
	}
	first := m.open("")
	var before, after []string
	for range 5 {
		before = append(before, first.next().Header.MessageID)
	}
	first.reset()
	second := m.open("")
	for range 5 {
		after = append(after, second.next().Header.MessageID)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralConnectionsShareTheMessagesWithoutDoubles(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", explicit)
	a, b := m.open(""), m.open("")
	got := make(chan string)
	for _, r := range []*reader{a, b} {
		go func() {
			for {
				f, err := r.frames.Next()
				if err != nil {
					return
				}
				got <- f.Header.TaskID
			}
		}()
	}
	want := map[string]bool{}
	for range 50 {
		want[m.published(tasks.ASChannel, []byte(`{}`)).String()] = true
	}
	for range 50 {
		select {
		case id := <-got:
			if !want[id] {
				t.Fatalf("%s came twice", id)
			}
			delete(want, id)
		case <-time.After(patience):
			t.Fatalf("%d messages did not come", len(want))
		}
	}
}

func TestExplicitMessagesStayUntilTheyAreReportedAsConsumed(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", explicit)
	var ids []string
	for range 3 {
		ids = append(ids, m.published(tasks.ASChannel, []byte(`{}`)).String())
	}
	r := m.open("")
	r.tasks(3)
	w.must(r.conn.Close())
	w.is(m.post("/results-consumed/", url.Values{"task_ids": {ids[0]}}), 200)
	if diff := cmp.Diff(ids[1:], m.open("").tasks(2)); diff != "" {
		t.Error(diff)
	}
}

func TestAFullExplicitWindowPausesUntilTheClientConsumes(t *testing.T) {
	w := newWorldWith(t, settings{hub: narrowWindow})
	m := w.member("ada", explicit)
	var ids []string
	for range 3 {
		ids = append(ids, m.published(tasks.ASChannel, []byte(`{}`)).String())
	}
	r := m.open("")
	r.tasks(2)
	if f, err := r.frames.Event(); err != nil || !f.Heartbeat {
		t.Fatalf("got %+v %v, want a heartbeat in the pause", f.Header, err)
	}
	w.is(m.post("/results-consumed/", url.Values{"task_ids": {ids[0] + "," + ids[1]}}), 200)
	if got := r.next().Header.TaskID; got != ids[2] {
		t.Errorf("got %s, want %s", got, ids[2])
	}
}

func TestHeartbeatsComeInSilence(t *testing.T) {
	w := newWorldWith(t, settings{hub: narrowWindow})
	r := w.member("ada").open("")
	for range 3 {
		if f, err := r.frames.Event(); err != nil || !f.Heartbeat {
			t.Fatalf("got %+v %v", f.Header, err)
		}
	}
}

func TestStoppingTheServerEndsStreamsAndGivesBackWhatWasNotConsumed(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", explicit)
	id := m.published(tasks.ASChannel, []byte(`{}`))
	r := m.open("")
	r.tasks(1)
	w.must(w.stop())
	if _, err := r.frames.Next(); err == nil {
		t.Error("the stream goes on")
	}
	w.must(w.store.Hold(t.Context(), "another", time.Minute))
	claim, err := w.store.ClaimStream(t.Context(), "another", m.channel.Stream, 0, 10, 1<<20)
	w.must(err)
	if len(claim.Results) != 1 || claim.Results[0].Task != id {
		t.Errorf("the next connection gets %+v", claim.Results)
	}
}
