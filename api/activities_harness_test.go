package api_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	"asapi/internal/testserver"
	"asapi/tasks"
)

// activityWire is an activity as strict clients read it: a number or a boolean
// that is a string fails.
type activityWire struct {
	UUID        string            `json:"uuid"`
	Type        string            `json:"type"`
	Cancellable *bool             `json:"cancellable"`
	UserID      *int              `json:"userID"`
	Title       string            `json:"title"`
	Subtitle    string            `json:"subtitle"`
	Progress    *int              `json:"progress"`
	Context     map[string]string `json:"Context"`
	Response    map[string]any    `json:"Response"`
}

// notice is one notification that arrived.
type notice struct {
	id       string // of Server-Sent Events
	name     string
	Event    string       `json:"event"`
	UUID     string       `json:"uuid"`
	Activity activityWire `json:"Activity"`
}

// plex makes a request as these clients do: with a token of their own header.
func (m *member) plex(method, path string, header ...string) answer {
	m.w.t.Helper()
	return m.w.send("", method, path, "", nil, append([]string{"X-Plex-Token", m.secrets[tasks.ASChannel]}, header...)...)
}

// activities lists.
func (m *member) activities() (list []activityWire, total int) {
	m.w.t.Helper()
	a := m.w.is(m.plex(http.MethodGet, "/activities", "Accept", "application/json"), 200)
	var out struct {
		MediaContainer struct {
			Size, TotalSize int
			Activity        []activityWire
		}
	}
	m.w.must(json.Unmarshal([]byte(a.text), &out))
	if out.MediaContainer.Size != len(out.MediaContainer.Activity) {
		m.w.t.Errorf("size is %d of %d", out.MediaContainer.Size, len(out.MediaContainer.Activity))
	}
	return out.MediaContainer.Activity, out.MediaContainer.TotalSize
}

// eventSource is an open watcher.
type eventSource struct {
	w     *world
	conn  net.Conn
	resp  *http.Response
	lines *bufio.Scanner
}

const eventsPath = "/:/eventsource/notifications"

func (m *member) watch(path string, header ...string) *eventSource {
	m.w.t.Helper()
	r := m.dial(tasks.ASChannel, http.MethodGet, path, "", header...)
	if r.resp.StatusCode != http.StatusOK {
		m.w.t.Fatalf("watching answered %s", r.resp.Status)
	}
	return &eventSource{m.w, r.conn, r.resp, bufio.NewScanner(r.resp.Body)}
}

// next gives the next event; ended: the connection ended.
func (e *eventSource) next() (n notice, ended bool) {
	e.w.t.Helper()
	for e.lines.Scan() {
		name, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch name {
		case "id":
			n.id = value
		case "event":
			n.name = value
		case "data":
			var data struct{ ActivityNotification *notice }
			data.ActivityNotification = &n
			e.w.must(json.Unmarshal([]byte(value), &data))
		case "":
			return n, false
		}
	}
	return n, true
}

// activity gives the next event of an activity.
func (e *eventSource) activity() notice {
	e.w.t.Helper()
	for {
		n, ended := e.next()
		if ended {
			e.w.t.Fatalf("the watcher was ended: %v", e.lines.Err())
		}
		if n.name == "activity" {
			return n
		}
	}
}

// until reads until an event is told of a task, and gives all that came.
func (e *eventSource) until(id tasks.ID, event string) (all []notice) {
	e.w.t.Helper()
	for {
		n := e.activity()
		all = append(all, n)
		if n.UUID == id.String() && n.Event == event {
			return all
		}
	}
}

// begin plays the worker that starts a task.
func (w *world) begin(id tasks.ID) tasks.Assignment {
	w.t.Helper()
	a, err := w.store.Start(w.t.Context(), id, time.Minute)
	w.must(err)
	w.hub.Publish(tasks.EventOf(&a.Task))
	return a
}

// advance plays a run that tells its progress.
func (w *world) advance(a tasks.Assignment, progress int, items tasks.Tally) {
	w.t.Helper()
	w.must(w.store.SaveProgress(w.t.Context(), a.Fence(), progress, items))
	w.hub.Publish(tasks.Event{Task: a.Task.ID, Client: a.Task.Client, State: tasks.Running, Progress: progress})
}

// end plays a run that ends.
func (w *world) end(a tasks.Assignment, state tasks.State, code tasks.Code) {
	w.t.Helper()
	done, err := w.store.Finish(w.t.Context(), tasks.Ending{Fence: a.Fence(), State: state, ErrorCode: code})
	w.must(err)
	w.hub.Publish(tasks.EventOf(&done))
}

// eventually waits for a condition.
func (w *world) eventually(what string, f func() bool) {
	w.t.Helper()
	testserver.Eventually(w.t, patience, f, what)
}

// admin makes a client whose tokens are an administrator's.
func (w *world) admin(name string) *member {
	return w.member(name, func(t *tasks.Token) { t.Admin = true })
}
