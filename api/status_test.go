package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/api"
	"asapi/tasks"
)

// order gives the ids in the order in which an answer has them.
func order(text string) []string {
	var ids []string
	for _, m := range regexp.MustCompile(`"([0-9a-f-]{36})":\{`).FindAllStringSubmatch(text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func TestStatusesComeInTheOrderAskedAndADuplicateOnce(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	var ids []string
	for range 5 {
		ids = append(ids, m.submit(tasks.ASStore).String())
	}
	asked := []string{ids[3], ids[0], ids[3], ids[4], ids[1]}
	want := []string{ids[3], ids[0], ids[4], ids[1]}
	list, err := json.Marshal(asked)
	w.must(err)
	document, err := json.Marshal(map[string]any{"task_ids": asked})
	w.must(err)
	for _, a := range []answer{
		m.post("/task-status/", url.Values{"task_ids": asked}),
		m.post("/task-status/", url.Values{"task_ids": {strings.Join(asked, ",")}}),
		m.post("/task-status/", url.Values{"task_ids": {string(list)}}),
		m.send(tasks.ASChannel, "POST", "/task-status", "application/json", string(document)),
	} {
		w.is(a, 200)
		if diff := cmp.Diff(want, order(a.text)); diff != "" {
			t.Error(diff, a.text)
		}
	}
}

func TestAPendingTaskHasWhatClientsNeed(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	e := m.entry(m.submit(tasks.ASStore))
	if _, there := e["retrieval_endpoint"]; there || e["status"] != "Pending" || e["result_retrieved"] != false || e["success"] != false {
		t.Errorf("got %v", e)
	}
}

func TestTenThousandMultipartIDsWork(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	fields := make([]string, 0, 20000)
	for i := range 9999 {
		fields = append(fields, "task_ids", fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i))
	}
	kind, body := multipartBody(t, append(fields, "task_ids", id.String())...)
	a := w.is(w.send(m.secrets[tasks.ASStore], "POST", "/task-status/", kind, body), 200)
	if len(a.json) != 10001 {
		t.Errorf("%d entries", len(a.json))
	}
	kind, body = multipartBody(t, append(fields, "task_ids", id.String(), "task_ids", "0198c0de-1111-7000-8000-000000000000")...)
	a = w.is(w.send(m.secrets[tasks.ASStore], "POST", "/task-status/", kind, body), 400)
	if a.fault("task_ids") != "limit_exceeded" || !strings.Contains(a.text, "Too many task IDs submitted, limit is 10000") {
		t.Error(a.text)
	}
}

func TestWithoutOneTaskOfThisClientTheAnswerIsABadRequestWithAllEntries(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.post("/task-status/", url.Values{"task_ids": {"0198c0de-0000-7000-8000-000000000000", `so "wrong"`, "success"}}), 400)
	want := map[string]any{
		"0198c0de-0000-7000-8000-000000000000": map[string]any{"success": false, "error": "No task with this ID was found."},
		`so "wrong"`:                           map[string]any{"success": false, "error": `Invalid task_id value: so "wrong"`},
		"error":                                `Invalid task_id value: so "wrong"`,
		"errors": map[string]any{"task_ids": []any{
			[]any{`Invalid task_id value: so "wrong"`, "invalid"}, []any{"Invalid task_id value: success", "invalid"},
		}},
		"success": false,
	}
	if diff := cmp.Diff(want, a.json); diff != "" {
		t.Error(diff)
	}
	if a := w.is(m.post("/task-status/", url.Values{"task_ids": {"two\nlines"}}), 400); a.json["error"] != "Invalid task_id value: two lines" {
		t.Errorf("the error is not one line: %s", a.text)
	}
	if a := w.is(m.post("/task-status/", url.Values{}), 400); a.fault("task_ids") != "missing-param" {
		t.Error(a.text)
	}
}

func TestAWaitAnswersAsSoonAsATaskEnds(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	got := make(chan answer)
	go func() { got <- m.post("/task-status/", url.Values{"task_ids": {id.String()}, "wait": {"60"}}) }()
	w.finish(id, []byte(`{}`))
	a := w.is(<-got, 200)
	if !strings.Contains(a.text, "Publish complete") {
		t.Error(a.text)
	}
	still := m.submit(tasks.ASStore)
	if a := w.is(m.post("/task-status/", url.Values{"task_ids": {still.String()}, "wait": {"0.01"}}), 200); !strings.Contains(a.text, "Pending") {
		t.Error(a.text)
	}
	if a := w.is(m.post("/task-status/", url.Values{"task_ids": {id.String()}, "wait": {"61"}}), 400); a.fault("wait") != "invalid_parameter_value" {
		t.Error(a.text)
	}
}

func TestListingPagesThroughAllTasksNewestFirst(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	var want []string
	for range 5 {
		want = append([]string{m.submit(tasks.ASStore).String()}, want...)
	}
	var got []string
	token := ""
	for {
		a := w.is(m.send(tasks.ASStore, "GET", "/list-tasks/?state=pending,running&account=alice&action=import-entries&page_size=2&page_token="+token, "", ""), 200)
		for _, one := range a.json["tasks"].([]any) {
			id, _ := one.(map[string]any)["task_id"].(string)
			got = append(got, id)
		}
		if token, _ = a.json["next_page_token"].(string); token == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a := w.is(m.send(tasks.ASStore, "GET", "/list-tasks/?state=published", "", ""), 200); len(a.json["tasks"].([]any)) != 0 {
		t.Error(a.text)
	}
	a := w.is(m.post("/list-tasks/", url.Values{"state": {"asleep"}, "since": {"then"}, "page_size": {"0"}, "page_token": {"?"}, "id": {"xyz"}, "colour": {"red"}}), 400)
	for _, field := range []string{"id", "state", "since", "page_size", "page_token", "colour"} {
		if a.fault(field) == "" {
			t.Errorf("%s is not told: %s", field, a.text)
		}
	}
}

func TestCancellingEndsWaitingTasksAndIsAnsweredForEachID(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	waiting, ended := m.submit(tasks.ASStore), m.published(tasks.ASStore, []byte(`{}`))
	a := w.is(m.post("/cancel-task/", url.Values{"task_ids": {waiting.String(), ended.String()}}), 200)
	want := map[string]any{
		waiting.String(): map[string]any{"status": "Task did not complete successfully.", "cancelled": true, "cancel_requested": true, "success": true},
		ended.String():   map[string]any{"status": "Publish complete", "cancelled": false, "cancel_requested": false, "success": true},
		"success":        true,
	}
	if diff := cmp.Diff(want, a.json); diff != "" {
		t.Error(diff)
	}
	if e := m.entry(waiting); e["error_code"] != "cancelled" || e["error"] != "Task did not complete successfully." {
		t.Errorf("got %v", e)
	}
}

func TestReportingResultsAsConsumedIsIdempotentAndDeletesThem(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.published(tasks.ASStore, []byte(`{}`))
	for range 2 {
		a := w.is(m.post("/results-consumed/", url.Values{"task_ids": {id.String()}}), 200)
		if diff := cmp.Diff(map[string]any{id.String(): map[string]any{"success": true}, "success": true}, a.json); diff != "" {
			t.Error(diff)
		}
	}
	w.is(m.fetch(id), 404)
	if !m.retrieved(id) {
		t.Error("the status does not say so")
	}
}

func TestAWaitMayTakeLongerThanTheTimeForWritingTheAnswer(t *testing.T) {
	w := newWorldWith(t, settings{api: func(c *api.Config) { c.Limits.Write = 50 * time.Millisecond }})
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	w.is(m.post("/task-status/", url.Values{"task_ids": {id.String()}, "wait": {"0.2"}}), 200)
}
