package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	xnet "golang.org/x/net/websocket"

	"asapi/tasks"
)

// container is a frame as strict clients read it.
type container struct {
	NotificationContainer struct {
		Type                 string   `json:"type"`
		Size                 int      `json:"size"`
		ActivityNotification []notice `json:"ActivityNotification"`
	}
}

var socketPaths = []string{"/:/websockets/notifications", "/:/websocket/notifications"}

// socket connects a WebSocket.
func (m *member) socket(path string, o *websocket.DialOptions) *websocket.Conn {
	m.w.t.Helper()
	conn, resp, err := websocket.Dial(m.w.t.Context(), "ws"+strings.TrimPrefix(m.w.url, "http")+path, o) //nolint:bodyclose // it is hijacked
	m.w.must(err)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		m.w.t.Fatalf("the handshake answered %s", resp.Status)
	}
	m.w.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func (m *member) tokenHeader() *websocket.DialOptions {
	return &websocket.DialOptions{HTTPHeader: http.Header{"X-Plex-Token": {m.secrets[tasks.ASChannel]}, "Origin": {"https://somewhere.example"}}}
}

// framed reads one frame.
func (w *world) framed(conn *websocket.Conn) notice {
	w.t.Helper()
	kind, b, err := conn.Read(w.t.Context())
	w.must(err)
	return w.contained(kind == websocket.MessageText, b)
}

func (w *world) contained(text bool, b []byte) notice {
	w.t.Helper()
	var out container
	w.must(json.Unmarshal(b, &out))
	c := out.NotificationContainer
	if !text || c.Type != "activity" || c.Size != 1 || len(c.ActivityNotification) != 1 {
		w.t.Fatalf("the frame is %s", b)
	}
	n := c.ActivityNotification[0]
	if n.Activity.Type == "" || n.Activity.Progress == nil || n.Activity.Cancellable == nil || n.UUID != n.Activity.UUID {
		w.t.Fatalf("the frame is %s", b)
	}
	return n
}

func TestAWebSocketTellsEventsAsAList(t *testing.T) {
	for _, path := range socketPaths {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t)
			m := w.member("ada")
			byHeader := m.socket(path, m.tokenHeader())
			byQuery := m.socket(path+"?X-Plex-Token="+m.secrets[tasks.ASChannel]+"&filters=activity", nil)
			muted := m.socket(path+"?filters=-activity", m.tokenHeader())
			id := m.submit(tasks.ASStore)
			a := w.begin(id)
			w.end(a, tasks.Failed, tasks.CodeInvalid)
			for _, conn := range []*websocket.Conn{byHeader, byQuery} {
				n := w.framed(conn)
				if n.Event != "started" || n.UUID != id.String() {
					t.Errorf("it begins with %+v", n)
				}
				for n.Event != "ended" {
					n = w.framed(conn)
				}
				if n.Activity.Response["error_code"] != "invalid" {
					t.Errorf("it ends with %+v", n)
				}
			}
			w.must(muted.Write(t.Context(), websocket.MessageText, []byte("x")))
			w.must(w.store.RevokeToken(t.Context(), m.channel.ID)) // which ends it
			if _, b, err := muted.Read(t.Context()); err == nil {
				t.Errorf("what was filtered out came: %s", b)
			}
		})
	}
}

func TestAWebSocketOfXNetIsServed(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	cfg, err := xnet.NewConfig("ws"+strings.TrimPrefix(w.url, "http")+socketPaths[0], "http://localhost/")
	w.must(err)
	cfg.Header.Set("X-Plex-Token", m.secrets[tasks.ASChannel])
	conn, err := cfg.DialContext(t.Context())
	w.must(err)
	defer func() { _ = conn.Close() }()
	w.must(conn.SetDeadline(time.Now().Add(patience)))
	for times := range 3 { // one client sends a frame every second
		w.must(xnet.Message.Send(conn, strings.Repeat("are you there? ", 100+times*50_000)))
	}
	id := m.submit(tasks.ASStore)
	var b []byte
	w.must(xnet.Message.Receive(conn, &b))
	if n := w.contained(true, b); n.UUID != id.String() {
		t.Errorf("got %+v", n)
	}
}

func TestAPingOfAWebSocketClientIsAnswered(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	conn := m.socket(socketPaths[0], m.tokenHeader())
	ctx := conn.CloseRead(t.Context())
	for range 3 {
		w.must(conn.Ping(ctx))
	}
}

func TestAHandshakeWithABadTokenFailsWith401(t *testing.T) {
	w := newWorld(t)
	_, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.url, "http")+socketPaths[0]+"?X-Plex-Token=wrong", nil) //nolint:bodyclose // the library closes it
	if err == nil || resp == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestAClientWithoutAHandshakeGetsTheEventsAsBytes(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	for path, accept := range map[string]string{socketPaths[0]: "application/octet-stream", socketPaths[1]: "Application/Octet-Stream;q=1", eventsPath: "application/octet-stream"} {
		e := m.watch(path, "Accept", accept)
		if got := e.resp.Header.Get("Content-Type"); got != "application/octet-stream" {
			t.Errorf("%s comes as %q", path, got)
		}
		id := m.submit(tasks.ASStore)
		if n := e.activity(); n.UUID != id.String() || n.Event != "started" {
			t.Errorf("%s tells %+v", path, n)
		}
	}
	if got := m.watch(eventsPath, "Accept", "application/octet-stream, text/event-stream").resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("who takes both gets %q", got)
	}
}

func TestWatchersEndWithTheirToken(t *testing.T) {
	w := newWorld(t)
	m, other := w.member("ada"), w.member("bob")
	e, conn, kept := m.watch(eventsPath), m.socket(socketPaths[0], m.tokenHeader()), other.watch(eventsPath)
	w.must(w.store.RevokeToken(t.Context(), m.channel.ID))
	for {
		if _, ended := e.next(); ended {
			break
		}
	}
	if err := e.lines.Err(); err != nil {
		t.Errorf("the events ended with %v", err)
	}
	_, _, err := conn.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the socket ended with %v", err)
	}
	id := other.submit(tasks.ASStore)
	if n := kept.activity(); n.UUID != id.String() {
		t.Errorf("the other client's watcher got %+v", n)
	}
}

func TestWatchersEndWhenTheServerDoes(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	e, conn := m.watch(eventsPath), m.socket(socketPaths[0], m.tokenHeader())
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	for {
		n, ended := e.next()
		if ended {
			break
		}
		if n.name != "ping" {
			t.Errorf("the events go on with %+v", n)
		}
	}
	_, _, err := conn.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the socket ended with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestAClientHasSoManyWatchersAndNoMore(t *testing.T) {
	w := newWorldWith(t, settings{limits: tasks.DeskLimits{Watchers: 2}})
	m := w.member("ada")
	first := m.watch(eventsPath)
	m.socket(socketPaths[0], m.tokenHeader())
	a := w.is(m.plex(http.MethodGet, eventsPath), 429)
	if a.header.Get("Retry-After") == "" || !strings.Contains(a.text, `"status":429`) || !strings.Contains(a.text, "limit is 2") {
		t.Errorf("refused with %s", a.text)
	}
	w.member("bob").watch(eventsPath) // each client has its own
	w.must(first.conn.Close())
	w.eventually("room for another watcher", func() bool {
		r := m.dial(tasks.ASChannel, http.MethodGet, eventsPath, "")
		return r.resp.StatusCode == http.StatusOK
	})
}

func TestAWatcherThatComesBackMissesNothing(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	e := m.watch(eventsPath)
	first := m.submit(tasks.ASStore)
	last := e.until(first, "started")[0].id
	w.must(e.conn.Close())
	missed := m.submit(tasks.ASStore)
	w.end(w.begin(missed), tasks.Failed, tasks.CodeInvalid)
	later := m.submit(tasks.ASStore)
	m.watch(eventsPath).until(m.submit(tasks.ASStore), "started") // until all of it was told
	for name, after := range map[string]string{
		"its place":                  last,
		"a place of another process": last[:strings.Index(last, "-")] + "-00000000-17",
	} {
		var told []string
		for _, n := range m.watch(eventsPath, "Last-Event-ID", after).until(later, "started") {
			if n.UUID == missed.String() {
				told = append(told, n.Event)
			}
		}
		if len(told) < 2 || told[0] != "started" || told[len(told)-1] != "ended" {
			t.Errorf("after %s it is told %v", name, told)
		}
	}
	if n := m.watch(eventsPath, "Last-Event-ID", "nonsense"); n != nil {
		id := m.submit(tasks.ASStore)
		if got := n.activity(); got.UUID != id.String() {
			t.Errorf("after nonsense it is told %+v", got)
		}
	}
}

func TestAWatcherThatWasToldNothingYetComesBackToWhereItBegan(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	e := m.watch(eventsPath)
	n, over := e.next()
	if over || n.name != "ping" || n.id == "" {
		t.Fatalf("it begins with %+v", n)
	}
	w.must(e.conn.Close())
	missed := m.submit(tasks.ASStore)
	w.end(w.begin(missed), tasks.Failed, tasks.CodeInvalid)
	later := m.submit(tasks.ASStore)
	for name, after := range map[string]string{
		"its place":                  n.id,
		"a place of another process": n.id[:strings.Index(n.id, "-")] + "-00000000-17",
	} {
		told := map[string]bool{}
		for _, n := range m.watch(eventsPath, "Last-Event-ID", after).until(later, "started") {
			if n.UUID == missed.String() {
				told[n.Event] = true
			}
		}
		if !told["started"] || !told["ended"] {
			t.Errorf("after %s it is told %v", name, told)
		}
	}
}

func TestAWatcherIsPingedAndFiltersHold(t *testing.T) {
	t.Parallel() // pings come every ten seconds
	w := newWorld(t)
	m := w.member("ada")
	pinged := make(chan struct{}, 1)
	o := m.tokenHeader()
	o.OnPingReceived = func(context.Context, []byte) bool {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return true
	}
	conn := m.socket(socketPaths[0]+"?filters=timeline", o)
	ended := conn.CloseRead(t.Context())
	e := m.watch(eventsPath + "?filters=timeline,-activity&filter=status")
	m.submit(tasks.ASStore)
	for range 2 { // one at once, with the place to come back to
		if n, over := e.next(); over || n.name != "ping" || n.UUID != "" {
			t.Errorf("got %+v", n)
		}
	}
	select {
	case <-pinged:
	case <-ended.Done():
		t.Errorf("the socket ended: %v", context.Cause(ended))
	}
}

func TestCurlReadsEvents(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	lines := w.curl("-sN", "-H", "X-Plex-Token: "+m.secrets[tasks.ASChannel], w.url+eventsPath)
	w.eventually("the event in curl's output", func() bool {
		m.submit(tasks.ASStore) // one of them comes after curl has connected
		for {
			select {
			case line := <-lines:
				if strings.HasPrefix(line, "data: ") && strings.Contains(line, `"event":"started"`) {
					return true
				}
			default:
				return false
			}
		}
	})
}

// curl runs curl until the test ends and gives the lines that it prints.
func (w *world) curl(args ...string) <-chan string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "curl", args...)
	out, err := cmd.StdoutPipe()
	w.must(err)
	w.must(cmd.Start())
	lines := make(chan string, 10000)
	read := make(chan struct{})
	go func() { // ends with curl
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-read
		_ = cmd.Wait() // it was killed
	})
	return lines
}
