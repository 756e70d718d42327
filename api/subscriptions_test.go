package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

type pollEntries struct {
	Provider string       `param:"provider" enum:"north,south"`
	Mode     string       `param:"mode" default:"merge" optional:"true"`
	Tags     []string     `param:"tags" optional:"true"`
	Name     string       `param:"name" optional:"true" once:"true"`
	Pin      tasks.Secret `param:"pin" optional:"true"`
	File     tasks.File   `param:"file" optional:"true"`
}

// newPolls is a world in which one action can be subscribed to.
func newPolls(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, settings{desk: func(c *tasks.DeskConfig) { c.Catalog = polls(); c.Limits.Subscriptions = 3 }})
}

func polls() *tasks.Catalog {
	return tasks.NewCatalog(tasks.Service{Slug: "ledger", Name: "Ledger Book", Actions: []tasks.Action{
		tasks.NewAction(tasks.Action{Slug: "poll-entries", Name: "Poll Entries", Recurs: true}, func(context.Context, *tasks.Run, pollEntries) error { return nil }),
		tasks.NewAction(tasks.Action{Slug: "close-year", Name: "Close Year"}, func(context.Context, *tasks.Run, struct{}) error { return nil }),
	}})
}

// poll is a good subscription.
func poll(change ...string) url.Values {
	form := url.Values{"service": {"ledger"}, "action": {"poll-entries"}, "account": {"alice"}, "provider": {"north"}, "every": {"15m"}}
	for i := 0; i+1 < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// member gives a member of the answer that is text.
func (a answer) member(name string) string {
	text, _ := a.json[name].(string)
	return text
}

func TestAClientSubscribesAnAccountAndIsToldWhenTheFirstTaskComes(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	a := w.is(m.post("/subscribe-account", poll("tags", "a,b")), 200)
	id, next, created := a.member("subscription_id"), a.member("next_at"), a.member("created_at")
	for _, name := range []string{"subscription_id", "next_at", "created_at"} {
		delete(a.json, name)
	}
	want := map[string]any{
		"service": "ledger", "action": "poll-entries", "account": "alice", "every": 900.0, "state": "active", "outcome": "created",
		"parameters": map[string]any{"provider": []any{"north"}, "tags": []any{"a,b"}}, "tasks": 0.0, "skipped": 0.0, "failures": 0.0, "success": true,
	}
	if diff := cmp.Diff(want, a.json); diff != "" {
		t.Error(diff)
	}
	at, err := time.Parse(time.RFC3339, next)
	w.must(err)
	since, err := time.Parse(time.RFC3339, created)
	w.must(err)
	if wait := at.Sub(since); wait < 0 || wait > 90*time.Second {
		t.Errorf("the first task comes after %v", wait)
	}
	list := w.is(m.send(tasks.ASChannel, "GET", "/list-subscriptions/", "", ""), 200)
	if subs, _ := list.json["subscriptions"].([]any); len(subs) != 1 || !strings.Contains(list.text, id) {
		t.Errorf("the list is %s", list.text)
	}
}

func TestSubscribingToTheSameThingTwiceIsOneSubscription(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	first := w.is(m.post("/subscribe-account/", poll()), 200)
	for _, c := range []struct {
		form    url.Values
		outcome string
	}{
		{poll(), "unchanged"},
		{poll("mode", "merge"), "unchanged"}, // the default, said aloud
		{poll("service", "Ledger Book", "action", "Poll Entries", "every", "900"), "unchanged"},
		{poll("every", "1d"), "changed"},
		{poll("mode", "other"), "created"},
	} {
		a := w.is(m.post("/subscribe-account/", c.form), 200)
		if a.member("outcome") != c.outcome || (a.member("subscription_id") == first.member("subscription_id")) != (c.outcome != "created") {
			t.Errorf("%v: %s", c.form, a.text)
		}
	}
}

func TestABadSubscriptionTellsAllItsFaultsAndChangesNothing(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	for _, c := range []struct {
		name   string
		form   url.Values
		status int
		faults map[string]string
	}{
		{"nothing", url.Values{}, 400, map[string]string{"service": "missing-param", "action": "missing-param", "account": "missing-param", "every": "missing-param"}},
		{"too often", poll("every", "899"), 400, map[string]string{"every": "invalid_parameter_value"}},
		{"too seldom", poll("every", "31d"), 400, map[string]string{"every": "invalid_parameter_value"}},
		{"no rhythm", poll("every", "daily"), 400, map[string]string{"every": "invalid_parameter_value"}},
		{"far too seldom", poll("every", "999999999999999999d"), 400, map[string]string{"every": "invalid_parameter_value"}},
		{"an action that does not recur", poll("action", "close-year"), 400, map[string]string{"action": "invalid_action"}},
		{"no such action", poll("action", "dance"), 400, map[string]string{"action": "invalid_action"}},
		{"a secret", poll("pin", "1234"), 400, map[string]string{"pin": "invalid_parameter_value"}},
		{"a value for one task", poll("name", "ada"), 400, map[string]string{"name": "invalid_parameter_value"}},
		{"a file's text", poll("file", "x"), 400, map[string]string{"file": "invalid_parameter_value"}},
		{"a bad value and no account", poll("provider", "west", "account", "nobody"), 400, map[string]string{"provider": "invalid_parameter_value", "account": "no_such_account"}},
		{"an option of submissions", poll("_delay", "60", "odd", "1"), 400, map[string]string{"_delay": "unknown_parameter", "odd": "unknown_parameter"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := m.post("/subscribe-account/", c.form)
			if a.status != c.status || a.json["success"] != false || a.member("error") == "" {
				t.Fatalf("got %d %s", a.status, a.text)
			}
			got := map[string]string{}
			errors, _ := a.json["errors"].(map[string]any)
			for field := range errors {
				got[field] = a.fault(field)
			}
			if diff := cmp.Diff(c.faults, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhello\r\n--x--\r\n"
	if a := m.send(tasks.ASChannel, http.MethodPost, "/subscribe-account/", "multipart/form-data; boundary=x", body); a.status != 400 || a.fault("file") != "invalid_parameter_value" {
		t.Errorf("a file: %d %s", a.status, a.text)
	}
	if a := w.is(m.post("/list-subscriptions/", nil), 200); !strings.Contains(a.text, `"subscriptions":[]`) {
		t.Errorf("something was kept: %s", a.text)
	}
}

func TestAClientHasAtMostSoManySubscriptions(t *testing.T) {
	w := newPolls(t)
	m, other := w.member("ada"), w.member("bob")
	for _, mode := range []string{"1", "2", "3"} {
		w.is(m.post("/subscribe-account/", poll("mode", mode)), 200)
	}
	if a := w.is(m.post("/subscribe-account/", poll("mode", "4")), 400); a.fault("__all__") != "limit_exceeded" {
		t.Error(a.text)
	}
	w.is(m.post("/subscribe-account/", poll("mode", "3")), 200)
	w.is(other.post("/subscribe-account/", poll("mode", "4")), 200)
}

func TestATokenSubscribesOnlyToWhatItMayDo(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada", func(token *tasks.Token) {
		token.Allow = []tasks.Permission{{Service: "ledger", Action: "poll-entries", Parameter: "provider", Value: "south"}}
	})
	w.is(m.post("/subscribe-account/", poll()), 403)
	w.is(m.post("/subscribe-account/", poll("provider", "south")), 200)
	w.is(w.send("", http.MethodPost, "/subscribe-account/", formType, strings.NewReader(poll().Encode())), 401)
}

func TestSubscriptionsAreListedAndEndedByTheirClientOnly(t *testing.T) {
	w := newPolls(t)
	m, other := w.member("ada"), w.member("bob")
	var ids []string
	for _, mode := range []string{"1", "2", "3"} {
		ids = append(ids, w.is(m.post("/subscribe-account/", poll("mode", mode)), 200).member("subscription_id"))
	}
	page := w.is(m.post("/list-subscriptions/", url.Values{"page_size": {"2"}}), 200)
	rest := w.is(m.post("/list-subscriptions/", url.Values{"page_size": {"2"}, "page_token": {page.member("next_page_token")}}), 200)
	if subs, _ := page.json["subscriptions"].([]any); len(subs) != 2 || page.member("next_page_token") == "" || rest.member("next_page_token") != "" || !strings.Contains(rest.text, ids[2]) {
		t.Errorf("the pages are %s and %s", page.text, rest.text)
	}
	for _, form := range []url.Values{{"state": {"asleep"}}, {"page_size": {"0"}}, {"page_token": {"?"}}, {"subscription_id": {"1"}}, {"odd": {"1"}}} {
		w.is(m.post("/list-subscriptions/", form), 400)
	}
	if a := w.is(other.post("/unsubscribe-account/", url.Values{"subscription_id": ids}), 404); a.member("error") != "No such subscription was found." {
		t.Error(a.text)
	}
	w.is(m.post("/unsubscribe-account/", url.Values{}), 400)
	a := w.is(m.post("/unsubscribe-account/", url.Values{"subscription_id": {ids[1]}}), 200)
	if diff := cmp.Diff(map[string]any{"ended": []any{ids[1]}, "success": true}, a.json); diff != "" {
		t.Error(diff)
	}
	w.is(m.post("/unsubscribe-account/", url.Values{"subscription_id": {ids[1]}}), 404)
	a = w.is(m.post("/unsubscribe-account/", url.Values{"service": {"Ledger Book"}, "account": {"alice"}, "action": {"poll-entries"}}), 200)
	if ended, _ := a.json["ended"].([]any); len(ended) != 2 {
		t.Error(a.text)
	}
}

func TestDiscoveryTellsWhatCanBeSubscribedTo(t *testing.T) {
	w := newPolls(t)
	a := w.is(w.member("ada").send(tasks.ASStore, "GET", "/account/", "", ""), 200)
	var found struct {
		Services []struct {
			Actions []struct {
				Slug      string
				Recurring bool
			}
		}
	}
	w.must(json.Unmarshal([]byte(a.text), &found))
	got := map[string]bool{}
	for _, action := range found.Services[0].Actions {
		got[action.Slug] = action.Recurring
	}
	if diff := cmp.Diff(map[string]bool{"poll-entries": true, "close-year": false}, got); diff != "" {
		t.Error(diff)
	}
}

// step makes a subscription due and lets it happen, as the leading worker does.
func (w *world) step(id string) []tasks.Occurred {
	w.t.Helper()
	parsed, err := tasks.ParseID(id)
	w.must(err)
	w.must(w.store.ResumeSubscription(w.t.Context(), tasks.EveryClient, parsed, true))
	happened, _, err := tasks.Recurrence{Catalog: polls(), Store: w.store}.Step(w.t.Context())
	w.must(err)
	for i := range happened {
		w.hub.Publish(tasks.EventOf(&happened[i].Task))
	}
	waiting, err := w.store.Backlog(w.t.Context(), tasks.Low)
	w.must(err)
	for _, c := range waiting {
		_, err := w.store.TakeBacklog(w.t.Context(), tasks.Low, c, 10)
		w.must(err)
	}
	return happened
}

func TestWhatASubscriptionFindsComesOnTheStreamOfTheTokenThatSubscribed(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	id := w.is(m.post("/subscribe-account/", poll()), 200).member("subscription_id")
	r := m.open("")
	happened := w.step(id)
	if len(happened) != 1 || happened[0].Outcome != tasks.OccurrenceSubmitted {
		t.Fatalf("it was %+v", happened)
	}
	task := happened[0].Task.ID
	w.finish(task, []byte(`{"total":3}`))
	if f := r.next(); f.Header.TaskID != task.String() || f.Header.Type != "poll-entries" || string(f.Payload) != `{"total":3}` {
		t.Errorf("got %+v %s", f.Header, f.Payload)
	}
	if e := m.entry(task); e["subscription_id"] != id || e["status"] != "Publish complete" {
		t.Errorf("its status is %v", e)
	}
	list := w.is(m.post("/list-subscriptions/", url.Values{"subscription_id": {id}}), 200)
	if !strings.Contains(list.text, `"tasks":1`) || !strings.Contains(list.text, `"last_task_id":"`+task.String()) {
		t.Error(list.text)
	}
}

func TestAPauseIsTellableByASystemMessageThatPublishedClientsTakeAsHarmless(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	id := w.is(m.post("/subscribe-account/", poll()), 200).member("subscription_id")
	r := m.open("")
	task := w.step(id)[0].Task.ID
	w.finish(task, nil, func(e *tasks.Ending) {
		e.State, e.Result, e.ErrorCode, e.ErrorDetail = tasks.Failed, nil, tasks.CodeUnauthorized, "The provider said: Error 17."
	})
	if f := r.next(); f.Header.TaskID != task.String() || f.Header.Success {
		t.Errorf("first comes %+v", f.Header)
	}
	f := r.next()
	var said map[string]any
	w.must(json.Unmarshal(f.Payload, &said))
	if !f.System() || !f.Header.Success || f.Header.Account != "alice" || said["code"] != "subscription_paused" || said["subscription_id"] != id ||
		said["because"] != "unauthorized" || said["last_task_id"] != task.String() {
		t.Errorf("then comes %+v %s", f.Header, f.Payload)
	}
	if strings.Contains(strings.ToLower(string(f.Payload)), "error") {
		t.Errorf("published clients take this as fatal: %s", f.Payload)
	}
	list := w.is(m.post("/list-subscriptions/", url.Values{"state": {"paused"}}), 200)
	if !strings.Contains(list.text, "Error 17") || !strings.Contains(list.text, `"paused_because":"unauthorized"`) || strings.Contains(list.text, "next_at") {
		t.Error(list.text)
	}
	if a := w.is(m.post("/subscribe-account/", poll()), 200); a.member("outcome") != "resumed" || a.member("state") != "active" {
		t.Error(a.text)
	}
	message, err := tasks.ParseID(f.Header.TaskID)
	w.must(err)
	w.is(m.post("/results-consumed/", url.Values{"task_ids": {message.String()}}), 200)
	if !m.retrieved(message) {
		t.Error("the message was consumed and is not")
	}
}

func TestARevokedTokensSubscriptionIsPausedAndAnotherTokenTakesItOver(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	id := w.is(m.post("/subscribe-account/", poll()), 200).member("subscription_id")
	w.must(w.store.RevokeToken(w.t.Context(), m.channel.ID))
	if happened := w.step(id); happened[0].Outcome != tasks.OccurrencePaused || happened[0].Task.Stream != m.channel.Stream {
		t.Errorf("it was %+v", happened)
	}
	a := w.is(m.send(tasks.ASStore, http.MethodPost, "/subscribe-account/", formType, poll().Encode()), 200)
	if a.member("outcome") != "resumed" || a.member("subscription_id") != id {
		t.Error(a.text)
	}
	task := w.step(id)[0].Task
	if task.Protocol != tasks.ASStore {
		t.Errorf("the task is %+v", task)
	}
}

func TestASubscriptionEndsWithItsAccount(t *testing.T) {
	w := newPolls(t)
	m := w.member("ada")
	w.is(m.post("/subscribe-account/", poll()), 200)
	account := url.Values{"service": {"ledger"}, "username": {"alice"}}
	w.is(m.post("/deregister-account/", account), 200)
	w.is(m.post("/register-account/", account), 200)
	if a := w.is(m.post("/list-subscriptions/", nil), 200); !strings.Contains(a.text, `"subscriptions":[]`) {
		t.Error(a.text)
	}
}
