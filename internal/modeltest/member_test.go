package modeltest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"asapi/tasks"
)

// member is a client of one interleaving, with a token for each protocol.
type member struct {
	w       *world
	name    string
	client  tasks.Client
	stream  string
	ack     tasks.Ack
	secrets map[tasks.Protocol]string

	mu      sync.Mutex
	items   []*item // in the order of their submission
	byTask  map[string]*item
	conns   []*conn
	waiting int  // items before this one were taken by a publisher
	old     bool // results were made to expire
}

// item is a task and what is known of it. Times are logical; 0: not yet.
type item struct {
	id         tasks.ID
	payload    []byte
	failed     bool
	beganPub   int64  // before its end was written
	ended      int64  // after its end was answered
	consumed   int64  // once it is known that it was consumed
	expired    int64  // once it is known that it was deleted unconsumed
	reporting  bool   // a client began to report it as consumed
	reportedBy string // how it is known to be consumed
}

// member makes a client with the account alice.
func (w *world) member(ctx context.Context, ack tasks.Ack) (*member, error) {
	m := &member{
		w: w, name: fmt.Sprintf("client-%d", w.members.Add(1)), ack: ack,
		secrets: make(map[tasks.Protocol]string), byTask: map[string]*item{},
	}
	var err error
	if m.client, err = w.store.CreateClient(ctx, m.name); err != nil {
		return nil, err
	}
	for _, p := range []tasks.Protocol{tasks.ASChannel, tasks.ASStore} {
		m.secrets[p] = m.name + "-" + string(p)
		token, err := w.store.CreateToken(ctx, tasks.Token{Client: m.client.ID, Protocol: p, Ack: ack}, sha256.Sum256([]byte(m.secrets[p])))
		if err != nil {
			return nil, err
		}
		if p == tasks.ASChannel {
			m.stream = token.Stream
		}
	}
	return m, w.store.RegisterAccount(ctx, tasks.Account{Client: m.client.ID, Service: "archive", Username: "alice"})
}

// posts keeps connections, as clients do.
var posts = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Second}, Timeout: patience}

// post posts a form to one of the servers and gives the JSON of the answer.
func (m *member) post(ctx context.Context, server int, p tasks.Protocol, path string, form url.Values) (int, map[string]any, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.w.addrs[server]+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Token "+m.secrets[p])
	resp, err := posts.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, nil, fmt.Errorf("%s answered %s: %w", path, text, err)
	}
	return resp.StatusCode, answer, nil
}

// submit submits a task and keeps its item.
func (m *member) submit(ctx context.Context, server int, p tasks.Protocol, size int, failed bool) (*item, error) {
	status, answer, err := m.post(ctx, server, p, "/submit-task/", url.Values{
		"service": {"archive"}, "action": {"copy-page"}, "account": {"alice"}, "page": {"1"},
	})
	if err != nil {
		return nil, err
	}
	text, _ := answer["task_id"].(string)
	id, err := tasks.ParseID(text)
	if err != nil {
		return nil, fmt.Errorf("submitting was answered with %d %v", status, answer)
	}
	one := &item{id: id, failed: failed, payload: payloadOf(id, size)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, one)
	m.byTask[id.String()] = one
	return one, nil
}

// payloadOf gives bytes that belong to no other task.
func payloadOf(id tasks.ID, size int) []byte {
	b := make([]byte, 0, size+64)
	for n := 0; len(b) < size; n++ {
		b = fmt.Appendf(b, "%s %d\r\n", id, n)
	}
	return b[:size]
}

// publish plays the worker: it runs the task and ends it. News of the end reach
// the hubs of both servers, or nobody.
func (m *member) publish(ctx context.Context, one *item, silently bool) error {
	run, err := m.w.store.Start(ctx, one.id, time.Minute)
	if err != nil {
		return err
	}
	e := tasks.Ending{Fence: run.Fence(), State: tasks.Failed, ErrorCode: "invalid", ErrorDetail: "It did not work."}
	if !one.failed {
		out := tasks.NewResultWriter(m.w.blobs)
		if _, err := io.Copy(out, bytes.NewReader(one.payload)); err != nil {
			return err
		}
		result, err := out.Commit()
		if err != nil {
			return err
		}
		e = tasks.Ending{Fence: run.Fence(), State: tasks.Published, Progress: 100, Result: &result}
	}
	began := m.w.now()
	m.mu.Lock()
	one.beganPub = began
	m.mu.Unlock()
	done, err := m.w.store.Finish(ctx, e)
	if err != nil {
		return err
	}
	if !silently {
		m.w.hubs[0].Publish(tasks.EventOf(&done))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	one.ended = m.w.now()
	return nil
}

// takeWaiting gives the next item that nobody has published.
func (m *member) takeWaiting() (*item, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == len(m.items) {
		return nil, false
	}
	m.waiting++
	return m.items[m.waiting-1], true
}

// published gives the items whose end was answered.
func (m *member) published() []*item {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*item
	for _, one := range m.items {
		if one.ended != 0 {
			list = append(list, one)
		}
	}
	return list
}

// consume reports items as consumed; every one of them was published.
func (m *member) consume(ctx context.Context, server int, list []*item) error {
	if len(list) == 0 {
		return nil
	}
	m.mu.Lock()
	for _, one := range list {
		one.reporting = true
	}
	m.mu.Unlock()
	_, answer, err := m.post(ctx, server, tasks.ASChannel, "/results-consumed/", ids(list))
	if err != nil {
		return err
	}
	for _, one := range list {
		if e, _ := answer[one.id.String()].(map[string]any); e["success"] != true {
			return fmt.Errorf("task %s was not taken as consumed: %v", one.id, answer)
		}
		m.known(one, "reported")
	}
	return nil
}

// ids sends the field once for each id, as published clients do.
func ids(list []*item) url.Values {
	form := url.Values{}
	for _, one := range list {
		form.Add("task_ids", one.id.String())
	}
	return form
}

// known keeps that an item is consumed from now on.
func (m *member) known(one *item, how string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one.consumed == 0 {
		one.consumed, one.reportedBy = m.w.now(), how
	}
}

// expire lets the member's results be older than they are kept. What is on its way
// to somebody stays.
func (m *member) expire(ctx context.Context) error {
	m.mu.Lock()
	m.old = true
	m.mu.Unlock()
	if err := m.w.store.KeepResults(ctx, m.client.ID, time.Microsecond); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if more, err = m.w.store.Expire(ctx, tasks.Retention{Results: tasks.KeepResults, Tasks: tasks.KeepTasks}, 3); err != nil {
			return err
		}
	}
	return m.w.store.KeepResults(ctx, m.client.ID, 0)
}

// statuses asks for all items and gives which of them are retrieved or expired.
// What was known as consumed before must be among them.
func (m *member) statuses(ctx context.Context, server int) (map[*item]bool, error) {
	m.mu.Lock()
	list := append([]*item(nil), m.items...)
	before := map[*item]bool{}
	for _, one := range list {
		before[one] = one.consumed != 0
	}
	m.mu.Unlock()
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // no items: a nil map answers every look-up
	}
	_, answer, err := m.post(ctx, server, tasks.ASChannel, "/task-status/", ids(list))
	if err != nil {
		return nil, err
	}
	gone := map[*item]bool{}
	for _, one := range list {
		e, _ := answer[one.id.String()].(map[string]any)
		got, ok := e["result_retrieved"].(bool)
		expired := e["result_expired"] == true
		switch {
		case !ok:
			return nil, fmt.Errorf("no status of task %s: %v", one.id, answer)
		case before[one] && !got:
			return nil, fmt.Errorf("task %s was consumed (%s), and its status says it is not", one.id, one.reportedBy)
		case got && m.ack == tasks.AckExplicit && !m.reporting(one):
			return nil, fmt.Errorf("task %s is retrieved, and nobody reported it as consumed", one.id)
		case expired && !m.expiring():
			return nil, fmt.Errorf("task %s is expired before its time", one.id)
		}
		if got {
			m.known(one, "its status")
		}
		if expired {
			m.knownExpired(one)
		}
		gone[one] = got || expired
	}
	return gone, nil
}

func (m *member) knownExpired(one *item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one.expired == 0 {
		one.expired = m.w.now()
	}
}

func (m *member) expiring() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.old
}

func (m *member) reporting(one *item) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return one.reporting
}
