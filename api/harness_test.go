package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/api"
	"asapi/channel"
	"asapi/internal/assertion"
	"asapi/internal/netpeer"
	"asapi/internal/seal"
	"asapi/internal/testserver"
	"asapi/internal/throttle"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/tasks"
)

const patience = 20 * time.Second

// world is a whole server but for the workers: tests play those.
type world struct {
	t     *testing.T
	url   string
	store *store.Store
	blobs *blobs.Store
	hub   *channel.Hub
	queue *queue
	stop  func() error // stops the HTTP server
	log   *testserver.Log
}

// member is a client with one token for each protocol.
type member struct {
	w       *world
	client  tasks.Client
	channel tasks.Token
	secrets map[tasks.Protocol]string
}

type importEntries struct {
	Provider string       `param:"provider" enum:"north,south" doc:"Where the entries come from."`
	File     tasks.File   `param:"file" optional:"true"`
	Tags     []string     `param:"tags" optional:"true"`
	Limit    int64        `param:"limit" optional:"true"`
	Dry      bool         `param:"dry_run" optional:"true"`
	Since    tasks.Date   `param:"since" optional:"true"`
	Pin      tasks.Secret `param:"pin" optional:"true"`
}

func catalog() *tasks.Catalog {
	return tasks.NewCatalog(tasks.Service{Slug: "ledger", Name: "Ledger Book", Actions: []tasks.Action{
		tasks.NewAction(tasks.Action{Slug: "import-entries", Name: "Import Entries", Description: "Imports entries."},
			func(context.Context, *tasks.Run, importEntries) error { return nil }),
		tasks.NewAction(tasks.Action{Slug: "close-year", Name: "Close Year"},
			func(context.Context, *tasks.Run, struct {
				Year int64 `param:"year"`
			},
			) error {
				return nil
			}),
	}})
}

type settings struct {
	api     func(*api.Config)
	hub     func(*channel.Config)
	desk    func(*tasks.DeskConfig)
	limits  tasks.DeskLimits
	noRedis bool
}

func newWorld(t *testing.T) *world { return newWorldWith(t, settings{}) }

func newWorldWith(t *testing.T, s settings) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, queue: &queue{}, log: &testserver.Log{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	w.blobs, err = blobs.Open(t.Context(), "file://"+filepath.Join(dir, "blobs"))
	w.must(err)
	t.Cleanup(func() { _ = w.blobs.Close() })
	w.store, err = store.Open(t.Context(), store.Config{URL: storetest.SQLite(t), Blobs: w.blobs, Log: log})
	w.must(err)
	t.Cleanup(func() { _ = w.store.Close() })
	hubConfig := channel.Config{Store: w.store, Blobs: w.blobs, Log: log}
	if !s.noRedis {
		client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
		t.Cleanup(func() { _ = client.Close() })
		hubConfig.Redis = client
	}
	if s.hub != nil {
		s.hub(&hubConfig)
	}
	w.hub = channel.New(hubConfig)
	sealer, err := seal.Parse(seal.Generate())
	w.must(err)
	deskConfig := tasks.DeskConfig{
		Catalog: catalog(), Store: w.store, Blobs: w.blobs, Queue: w.queue, Channel: w.hub,
		Sealer: sealer, Throttle: throttle.New(), Limits: s.limits, Assertions: assertion.Reader{},
	}
	if s.desk != nil {
		s.desk(&deskConfig)
	}
	cfg := api.Config{
		Desk: tasks.NewDesk(deskConfig), Log: log, PublicURL: "https://asapi.example.com", StreamURL: "https://stream.example.com:8443",
		StoreURL: "https://store.example.com/files",
	}
	if s.api != nil {
		s.api(&cfg)
	}
	handler, err := api.New(cfg)
	w.must(err)
	w.serve(handler, log)
	return w
}

// serve runs the server, then the hub, and ends them in the opposite order.
func (w *world) serve(handler http.Handler, log *slog.Logger) {
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(w.t.Context()))
	hubEnded := make(chan error, 1)
	go func() { hubEnded <- w.hub.Run(hubCtx) }()
	listener, err := netpeer.Listen(w.t.Context(), "127.0.0.1:0")
	w.must(err)
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- api.Serve(ctx, api.ServerConfig{Listener: listener, Handler: handler, Log: log})
	}()
	w.url = "http://" + listener.Addr().String()
	w.stop = sync.OnceValue(func() error {
		stop()
		return <-ended
	})
	w.t.Cleanup(func() {
		if err := w.stop(); err != nil {
			w.t.Error(err)
		}
		stopHub()
		if err := <-hubEnded; err != nil {
			w.t.Error(err)
		}
		if w.t.Failed() {
			w.t.Log(w.log.String())
		}
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// member makes a client with the account alice.
func (w *world) member(name string, change ...func(*tasks.Token)) *member {
	w.t.Helper()
	c, err := w.store.CreateClient(w.t.Context(), name)
	w.must(err)
	m := &member{w: w, client: c, secrets: make(map[tasks.Protocol]string)}
	for _, p := range []tasks.Protocol{tasks.ASChannel, tasks.ASStore} {
		token := tasks.Token{Client: c.ID, Protocol: p, Ack: tasks.AckAuto}
		for _, f := range change {
			f(&token)
		}
		m.secrets[p] = name + "-" + string(p)
		made, err := w.store.CreateToken(w.t.Context(), token, sha256.Sum256([]byte(m.secrets[p])))
		w.must(err)
		if p == tasks.ASChannel {
			m.channel = made
		}
	}
	w.must(w.store.RegisterAccount(w.t.Context(), tasks.Account{Client: c.ID, Service: "ledger", Username: "alice"}))
	return m
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// send makes a request with the member's token of a protocol.
func (m *member) send(p tasks.Protocol, method, path, contentType, body string, header ...string) answer {
	m.w.t.Helper()
	return m.w.send(m.secrets[p], method, path, contentType, strings.NewReader(body), header...)
}

const formType = "application/x-www-form-urlencoded"

// post posts a form with the aschannel token.
func (m *member) post(path string, form url.Values) answer {
	m.w.t.Helper()
	return m.send(tasks.ASChannel, http.MethodPost, path, formType, form.Encode())
}

func (w *world) send(secret, method, path, contentType string, body io.Reader, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	w.must(err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if secret != "" {
		r.Header.Set("Authorization", "Token "+secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := plainClient.Do(r)
	w.must(err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if strings.HasPrefix(path, "/fetch/") {
		_ = json.Unmarshal(text, &a.json) // a result may be anything
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && !strings.HasPrefix(path, "/fetch/") && json.Unmarshal(text, &a.json) != nil && len(text) > 0 {
		w.t.Fatalf("%s %s answered what is no JSON: %s", method, path, tasks.Clip(a.text, 500))
	}
	return a
}

// plainClient follows no redirects and keeps no connections.
var plainClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: patience}).DialContext},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (w *world) is(a answer, status int) answer {
	w.t.Helper()
	if a.status != status {
		w.t.Fatalf("got status %d, want %d: %s", a.status, status, tasks.Clip(a.text, 1000))
	}
	return a
}

// fault gives the code of a field's first fault.
func (a answer) fault(field string) string {
	errors, _ := a.json["errors"].(map[string]any)
	list, _ := errors[field].([]any)
	if len(list) == 0 {
		return ""
	}
	pair, _ := list[0].([]any)
	if len(pair) != 2 {
		return "malformed"
	}
	code, _ := pair[1].(string)
	return code
}

// submit submits an ordinary task and gives its id.
func (m *member) submit(p tasks.Protocol) tasks.ID {
	m.w.t.Helper()
	a := m.w.is(m.send(p, http.MethodPost, "/submit-task/", formType, "service=ledger&action=import-entries&account=alice&provider=north"), 200)
	text, _ := a.json["task_id"].(string)
	id, err := tasks.ParseID(text)
	m.w.must(err)
	return id
}

// finish plays the worker: it ends a task with a result.
func (w *world) finish(id tasks.ID, payload []byte, change ...func(*tasks.Ending)) {
	w.t.Helper()
	a, err := w.store.Start(w.t.Context(), id, time.Minute)
	w.must(err)
	out := tasks.NewResultWriter(w.blobs)
	out.ContentType = "application/json"
	_, err = io.Copy(out, bytes.NewReader(payload))
	w.must(err)
	result, err := out.Commit()
	w.must(err)
	e := tasks.Ending{Fence: a.Fence(), State: tasks.Published, Progress: 100, Result: &result}
	for _, f := range change {
		f(&e)
	}
	done, err := w.store.Finish(w.t.Context(), e)
	w.must(err)
	w.hub.Publish(tasks.EventOf(&done))
}

// published submits a task and publishes its result.
func (m *member) published(p tasks.Protocol, payload []byte, change ...func(*tasks.Ending)) tasks.ID {
	m.w.t.Helper()
	id := m.submit(p)
	m.w.finish(id, payload, change...)
	return id
}

// entry gives what /task-status/ says of one task.
func (m *member) entry(id tasks.ID) map[string]any {
	m.w.t.Helper()
	a := m.w.is(m.post("/task-status/", url.Values{"task_ids": {id.String()}}), 200)
	e, _ := a.json[id.String()].(map[string]any)
	return e
}

func (m *member) retrieved(id tasks.ID) bool { return m.entry(id)["result_retrieved"] == true }

// queue takes everything and runs nothing.
type queue struct {
	mu       sync.Mutex
	enqueued []tasks.Dispatch
}

func (q *queue) Reserve(tasks.ClientID, tasks.Priority) bool { return true }
func (q *queue) Nudge()                                      {}
func (q *queue) Enqueue(ds ...tasks.Dispatch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.enqueued = append(q.enqueued, ds...)
}
