package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"asapi/tasks"
)

// endpoints are all of the door, with a body that names the other client's task.
func endpoints(other tasks.ID, stream string) []struct{ method, path, body string } {
	id := other.String()
	return []struct{ method, path, body string }{
		{"GET", "/account/", ""},
		{"POST", "/register-account/", "service=ledger&username=new"},
		{"POST", "/deregister-account/", "service=ledger&username=carol"},
		{"POST", "/submit-task/", "service=ledger&action=import-entries&account=carol&provider=north"},
		{"POST", "/submit-tasks/", `{"service":"ledger","action":"import-entries","account":"carol","provider":"north"}`},
		{"POST", "/task-status/", "task_ids=" + id},
		{"GET", "/list-tasks/", ""},
		{"POST", "/list-tasks/", "account=carol"},
		{"POST", "/cancel-task/", "task_ids=" + id},
		{"POST", "/results-consumed/", "task_ids=" + id},
		{"GET", "/stream/?stream=" + stream, ""},
		{"GET", "/fetch/" + id + "/", ""},
		{"GET", "/fetch/asstore/" + id + "/", ""},
		{"HEAD", "/fetch/" + id + "/", ""},
	}
}

func TestNeitherOfTwoClientsSeesATraceOfTheOther(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.member("ada"), w.member("bob")
	w.is(ada.post("/register-account/", url.Values{"service": {"ledger"}, "username": {"carol"}}), 200)
	for _, p := range []tasks.Protocol{tasks.ASChannel, tasks.ASStore} {
		hers := ada.published(p, []byte(`{"secret":"of ada"}`))
		unknown, err := tasks.ParseID("0198c0de-0000-7000-8000-000000000000")
		w.must(err)
		real, none := endpoints(hers, ada.channel.Stream), endpoints(unknown, "no-such-stream")
		for i, e := range real {
			got := bob.send(p, e.method, e.path, formType, e.body)
			want := bob.send(p, none[i].method, none[i].path, formType, none[i].body)
			mine := strings.ReplaceAll(got.text, hers.String(), unknown.String())
			created := e.path == "/register-account/" && got.status == 200
			if !created && (mine != want.text || got.status != want.status) {
				t.Errorf("%s %s tells hers from none:\n%d %s\n%d %s", e.method, e.path, got.status, got.text, want.status, want.text)
			}
			for _, trace := range []string{"of ada", `"carol"`, ada.channel.Stream, "ada"} {
				if strings.Contains(got.text, trace) && !strings.Contains(e.body, trace) {
					t.Errorf("%s %s shows %q: %s", e.method, e.path, trace, got.text)
				}
			}
		}
		if e := ada.entry(hers); e["status"] != "Publish complete" || e["result_retrieved"] != false {
			t.Errorf("her task was touched: %v", e)
		}
	}
}

func TestEveryEndpointWantsAToken(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	for _, e := range endpoints(id, m.channel.Stream) {
		for _, authorization := range []string{"", "Token", "Token nonsense", "Basic YTpi", m.secrets[tasks.ASChannel]} {
			a := w.is(w.send("", e.method, e.path, formType, strings.NewReader(e.body), "Authorization", authorization), 401)
			if a.header.Get("WWW-Authenticate") != "Token" {
				t.Errorf("%s %s: %v", e.method, e.path, a.header)
			}
			if text, _ := a.json["error"].(string); e.method != "HEAD" && (a.json["success"] != false || text == "" || a.json["errors"] == nil) {
				t.Errorf("%s %s answered %s", e.method, e.path, a.text)
			}
		}
	}
	w.is(w.send("", "GET", "/account/", "", nil, "Authorization", "bearer "+m.secrets[tasks.ASStore]), 200)
}

func TestEveryPathWorksWithAndWithoutItsTrailingSlash(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	for _, e := range endpoints(id, "none") {
		path, query, _ := strings.Cut(e.path, "?")
		slashed := m.send(tasks.ASStore, e.method, strings.TrimSuffix(path, "/")+"/?"+query, formType, e.body)
		bare := m.send(tasks.ASStore, e.method, strings.TrimSuffix(path, "/")+"?"+query, formType, e.body)
		for _, a := range []answer{slashed, bare} {
			if a.status == http.StatusMethodNotAllowed || a.status/100 == 3 || strings.Contains(a.text, "nothing at this path") {
				t.Errorf("%s %s answered %d %s", e.method, e.path, a.status, a.text)
			}
		}
	}
}

func TestUnknownPathsBelowTheColonAreToldAsItsClientsReadThem(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	const want = `{"errors":[{"code":1002,"message":"There is nothing at this path.","status":404}]}` + "\n"
	for _, path := range []string{"/:", "/:/", "/:/timeline", "/%3A/prefs/", "/%3a/scrobble?key=1", "/:/websockets/notifications/more"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if a := w.is(m.plex(method, path), 404); a.text != want {
				t.Errorf("%s %s answered %s", method, path, a.text)
			}
		}
	}
}

func TestUnknownPathsAndWrongMethodsAreToldAsJSON(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	for path, status := range map[string]int{"/nothing-here/": 404, "/submit-task/": 405, "/fetch/a/b/c": 404} {
		a := w.is(m.send(tasks.ASChannel, "GET", path, "", ""), status)
		if text, _ := a.json["error"].(string); a.json["success"] != false || text == "" {
			t.Errorf("%s answered %s", path, a.text)
		}
	}
}
