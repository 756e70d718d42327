package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"asapi/api"
	"asapi/tasks"
)

func TestReadyzSaysWhichDependencyIsDownAndNotWhy(t *testing.T) {
	w := newWorldWith(t, settings{api: func(c *api.Config) {
		c.Ready = func(context.Context) map[string]error {
			return map[string]error{"database": nil, "redis": errors.New("dial tcp 10.0.0.7")}
		}
	}})
	a := w.is(w.send("", "GET", "/readyz", "", nil), 503)
	if strings.TrimSpace(a.text) != `{"success":false,"error":"A dependency is down.","dependencies":{"database":"up","redis":"down"}}` {
		t.Error(a.text)
	}
	w.is(w.send("", "GET", "/healthz/", "", nil), 200)
}

func TestMetricsAreServedAndRequestsMeasuredByTheirRoute(t *testing.T) {
	type seen struct {
		method, route string
		status        int
	}
	got := make(chan seen, 10)
	w := newWorldWith(t, settings{api: func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) })
		c.Observe = func(method, route string, status int, _ time.Duration) { got <- seen{method, route, status} }
	}})
	if a := w.is(w.send("", "GET", "/metrics", "", nil), 200); a.text != "up 1\n" {
		t.Error(a.text)
	}
	<-got
	w.is(w.member("ada").fetch(tasks.ID{1}), 404)
	if s := <-got; s != (seen{"GET", "/fetch/:id/", 404}) {
		t.Errorf("got %+v", s)
	}
}

func TestAPanicIsAnsweredInTheErrorShapeAndLogged(t *testing.T) {
	w := newWorldWith(t, settings{api: func(c *api.Config) {
		c.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret") })
	}})
	a := w.is(w.send("", "GET", "/metrics", "", nil), 500)
	if a.json["success"] != false || strings.Contains(a.text, "secret") || !strings.Contains(w.log.String(), "the secret") {
		t.Errorf("answered %s", a.text)
	}
}

func TestARequestKeepsItsIDAndTheLogNamesItAndTheTask(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.send(tasks.ASStore, "POST", "/submit-task/", formType, "service=ledger&action=import-entries&account=alice&provider=north&pin=4711", "X-Request-ID", "mine-1"), 200)
	id, _ := a.json["task_id"].(string)
	log := w.log.String()
	if a.header.Get("X-Request-ID") != "mine-1" || !strings.Contains(log, "request_id=mine-1") || !strings.Contains(log, "task_id="+id) {
		t.Errorf("%v\n%s", a.header, log)
	}
	if strings.Contains(log, "4711") || strings.Contains(log, m.secrets[tasks.ASStore]) {
		t.Error("the log shows a secret")
	}
	if a := w.send("", "GET", "/healthz", "", nil, "X-Request-ID", "a b"); a.header.Get("X-Request-ID") == "a b" || a.header.Get("X-Request-ID") == "" {
		t.Errorf("got %v", a.header)
	}
}

func TestABaseURLThatIsNoneIsToldByItsName(t *testing.T) {
	if _, err := api.New(api.Config{StreamURL: "stream.example.com"}); err == nil || !strings.Contains(err.Error(), "STREAM_URL") {
		t.Errorf("got %v", err)
	}
}

func TestServingStopsWhenItsContextEndsAndSaysWhatItCannotListenOn(t *testing.T) {
	w := newWorld(t)
	if err := api.Serve(t.Context(), api.ServerConfig{Addr: strings.TrimPrefix(w.url, "http://")}); tasks.CodeOf(err) != tasks.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	w.must(w.stop())
}
