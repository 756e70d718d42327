package api_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestActivitiesAreListedAsStrictClientsReadThem(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	if list, total := m.activities(); len(list) != 0 || total != 0 {
		t.Errorf("of nothing there are %d: %v", total, list)
	}
	ended := m.published(tasks.ASStore, []byte("{}"))
	waits := m.submit(tasks.ASStore)
	runs := m.submit(tasks.ASStore)
	w.advance(w.begin(runs), 37, tasks.Tally{Total: 100, Created: 37})
	silent := m.submit(tasks.ASStore)
	w.begin(silent)
	list, total := m.activities()
	var order []string
	by := map[string]activityWire{}
	for _, a := range list {
		order = append(order, a.UUID)
		by[a.UUID] = a
	}
	if d := cmp.Diff([]string{runs.String(), silent.String(), waits.String(), ended.String()}, order); d != "" || total != 4 {
		t.Fatalf("of %d: %s", total, d)
	}
	a := by[runs.String()]
	if a.Type != "ledger.import-entries" || !*a.Cancellable || *a.UserID != int(m.client.ID) || a.Title != "Import Entries" || a.Subtitle != "alice: 37 of 100" || *a.Progress != 37 || a.Response != nil {
		t.Errorf("running: %+v", a)
	}
	for key, want := range map[string]string{"task_id": runs.String(), "service": "ledger", "action": "import-entries", "account": "alice", "parent": "users/alice", "state": "running"} {
		if a.Context[key] != want {
			t.Errorf("Context %s is %q", key, a.Context[key])
		}
	}
	if a := by[silent.String()]; *a.Progress != -1 {
		t.Errorf("the progress of what says nothing is %d", *a.Progress)
	}
	if a := by[waits.String()]; *a.Progress != 0 || !*a.Cancellable {
		t.Errorf("waiting: %+v", a)
	}
	if a := by[ended.String()]; *a.Cancellable || *a.Progress != 100 || a.Response["status"] != "Publish complete" || a.Response["success"] != true {
		t.Errorf("ended: %+v", a)
	}
}

func TestActivitiesAreXMLUnlessJSONIsNamed(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	w.begin(id)
	for _, accept := range []string{"", "*/*", "text/xml", "text/html,application/xml;q=0.9"} {
		a := w.is(m.plex(http.MethodGet, "/activities", "Accept", accept), 200)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/xml") {
			t.Errorf("Accept %q gets %q", accept, a.header.Get("Content-Type"))
		}
		var out struct {
			XMLName  xml.Name `xml:"MediaContainer"`
			Size     int      `xml:"size,attr"`
			Activity []struct {
				UUID        string `xml:"uuid,attr"`
				Cancellable int    `xml:"cancellable,attr"`
				Progress    int    `xml:"progress,attr"`
				Context     struct {
					Account string `xml:"account,attr"`
				}
			}
		}
		w.must(xml.Unmarshal([]byte(a.text), &out))
		if out.Size != 1 || out.Activity[0].UUID != id.String() || out.Activity[0].Cancellable != 1 || out.Activity[0].Progress != -1 || out.Activity[0].Context.Account != "alice" {
			t.Errorf("%s", a.text)
		}
	}
	for _, accept := range []string{"text/plain, application/json", "Application/JSON", "application/json; charset=utf-8", "text/xml;q=0.5,application/json ;q=0.9"} {
		if a := m.plex(http.MethodGet, "/activities/", "Accept", accept); a.header.Get("Content-Type") != "application/json" {
			t.Errorf("Accept %q gets %q", accept, a.header.Get("Content-Type"))
		}
	}
}

func TestAMethodThatAPathDoesNotTakeIsRefusedInTheShapeOfTheDoor(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	id := m.submit(tasks.ASStore)
	paths := map[string]string{"/activities": http.MethodGet, "/activities/": http.MethodGet, "/activities/" + id.String(): http.MethodDelete, eventsPath: http.MethodGet}
	for _, path := range socketPaths {
		paths[path], paths[strings.Replace(path, ":", "%3A", 1)] = http.MethodGet, http.MethodGet
	}
	for path, takes := range paths {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch} {
			a := w.is(m.plex(method, path), 405)
			if want := `{"errors":[{"code":1000,"message":"This path does not take this method.","status":405}]}` + "\n"; a.text != want || a.header.Get("Allow") != "OPTIONS, "+takes {
				t.Errorf("%s %s: Allow %q, %s", method, path, a.header.Get("Allow"), a.text)
			}
		}
		if allow := w.is(m.plex(http.MethodOptions, path), 204).header.Get("Allow"); allow != "OPTIONS, "+takes {
			t.Errorf("OPTIONS %s: Allow %q", path, allow)
		}
		if takes == http.MethodGet {
			w.is(m.plex(http.MethodDelete, path), 405)
		}
	}
}

func TestTheRootTellsClientsWhoThisIs(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.plex(http.MethodGet, "/"), 200)
	var out struct {
		XMLName           xml.Name `xml:"MediaContainer"`
		MachineIdentifier string   `xml:"machineIdentifier,attr"`
		Version           string   `xml:"version,attr"`
		FriendlyName      string   `xml:"friendlyName,attr"`
	}
	w.must(xml.Unmarshal([]byte(a.text), &out))
	if len(out.MachineIdentifier) != 40 || out.Version == "" || out.FriendlyName != "asapi" {
		t.Errorf("%s", a.text)
	}
	w.is(w.send("", http.MethodGet, "/", "", nil), 401)
}

func TestATokenComesInItsHeaderOrTheQueryAndIsNeverLogged(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	secret := m.secrets[tasks.ASChannel]
	w.is(w.send("", http.MethodGet, "/activities?X-Plex-Token="+url.QueryEscape(secret), "", nil), 200)
	w.is(w.send("", http.MethodGet, "/activities", "", nil, "X-Plex-Token", secret), 200)
	w.is(w.send(secret, http.MethodGet, "/activities", "", nil), 200)
	for _, path := range []string{"/activities?X-Plex-Token=wrong-one", "/activities", eventsPath, "/:/websockets/notifications?X-Plex-Token=wrong-one"} {
		a := w.is(w.send("", http.MethodGet, path, "", nil), 401)
		if want := `{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}` + "\n"; a.text != want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s", path, a.text)
		}
	}
	if log := w.log.String(); strings.Contains(log, secret) || strings.Contains(log, "wrong-one") || !strings.Contains(log, "/activities") {
		t.Error("a token stands in the log")
	}
}

func TestAnActivityIsCancelledByItsClientOrAnAdministratorOnly(t *testing.T) {
	w := newWorld(t)
	m, other, admin := w.member("ada"), w.member("bob"), w.admin("root")
	waits, runs := m.submit(tasks.ASStore), m.submit(tasks.ASStore)
	run := w.begin(runs)
	missing := `{"errors":[{"code":1002,"message":"No activity with the provided id is found","status":404}]}` + "\n"
	for _, path := range []string{"/activities/" + waits.String(), "/activities/01990000-0000-7000-8000-000000000000", "/activities/none"} {
		if a := w.is(other.plex(http.MethodDelete, path), 404); a.text != missing {
			t.Errorf("%s: %s", path, a.text)
		}
	}
	for range 2 { // twice is once
		w.is(m.plex(http.MethodDelete, "/activities/"+waits.String()), 200)
		w.is(admin.plex(http.MethodDelete, "/activities/"+runs.String()), 200)
	}
	if _, err := w.store.Start(t.Context(), waits, patience); tasks.CodeOf(err) != tasks.CodeNotFound {
		t.Errorf("a cancelled task that waited can be started: %v", err)
	}
	w.end(run, tasks.Cancelled, tasks.CodeCancelled)
	for _, id := range []tasks.ID{waits, runs} {
		e := m.entry(id)
		if e["status"] != "Task did not complete successfully." || e["error_code"] != "cancelled" {
			t.Errorf("%v", e)
		}
	}
	ended := m.published(tasks.ASStore, []byte("{}"))
	a := w.is(m.plex(http.MethodDelete, "/activities/"+ended.String()), 400)
	if want := `{"errors":[{"code":1000,"message":"Activity is not cancellable","status":400}]}` + "\n"; a.text != want {
		t.Errorf("%s", a.text)
	}
	list, _ := admin.activities()
	if len(list) != 3 {
		t.Errorf("an administrator sees %d", len(list))
	}
	if list, _ = other.activities(); len(list) != 0 {
		t.Errorf("another client sees %d", len(list))
	}
}

func TestTheAnswerToASubmissionNamesItsActivity(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	form := url.Values{"service": {"ledger"}, "action": {"close-year"}, "account": {"alice"}, "year": {"2025"}}
	a := w.is(m.post("/submit-task/", form), 200)
	if got := a.header.Get("X-Plex-Activity"); got != a.json["task_id"] {
		t.Errorf("the header names %q, the answer %v", got, a.json["task_id"])
	}
	form.Del("year")
	if a = w.is(m.post("/submit-task/", form), 400); a.header.Get("X-Plex-Activity") != "" {
		t.Error("a refused submission names an activity")
	}
}

func TestTheAnswerToABatchNamesTheFirstActivityItStarted(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	good := `{"service":"ledger","action":"close-year","account":"alice","year":2025}` + "\n"
	a := w.is(m.send(tasks.ASChannel, http.MethodPost, "/submit-tasks/", "application/x-ndjson", "{}\n"+good+good), 200)
	var first struct {
		TaskID string `json:"task_id"`
	}
	w.must(json.Unmarshal([]byte(strings.Split(a.text, "\n")[1]), &first))
	if got := a.header.Get("X-Plex-Activity"); got == "" || got != first.TaskID {
		t.Errorf("the header names %q, the first line that did not fail %q", got, first.TaskID)
	}
	a = w.is(m.send(tasks.ASChannel, http.MethodPost, "/submit-tasks/", "application/x-ndjson", "{}\n{}\n"), 200)
	if got := a.header.Get("X-Plex-Activity"); got != "" {
		t.Errorf("a batch that started nothing names %q", got)
	}
}

func TestPathsWithAnEscapedColonAreTheSame(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	for _, path := range []string{"/%3A/eventsource/notifications", "/%3a/websockets/notifications", "/%3A/websocket/notifications"} {
		e := m.watch(path)
		id := m.submit(tasks.ASStore)
		if n := e.activity(); n.UUID != id.String() {
			t.Errorf("%s tells of %+v", path, n)
		}
		w.must(e.conn.Close())
	}
}

func TestEventsTellHowATaskBeginsGoesOnAndEnds(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	e := m.watch(eventsPath)
	if got := e.resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("the type is %q", got)
	}
	w.member("bob").submit(tasks.ASStore) // nobody else's
	id := m.submit(tasks.ASStore)
	n := e.activity()
	if n.Event != "started" || n.UUID != id.String() || n.Activity.UUID != id.String() || n.id == "" {
		t.Errorf("it begins with %+v", n)
	}
	a := w.begin(id)
	w.advance(a, 50, tasks.Tally{Total: 2, Created: 1})
	all := e.until(id, "updated")
	for *all[len(all)-1].Activity.Progress != 50 {
		all = e.until(id, "updated")
	}
	w.end(a, tasks.Failed, tasks.CodeInvalid)
	all = e.until(id, "ended")
	if last := all[len(all)-1]; last.Activity.Response["error_code"] != "invalid" || *last.Activity.Cancellable {
		t.Errorf("it ends with %+v", last)
	}
}

func TestAnAdministratorWatchesEverybody(t *testing.T) {
	w := newWorld(t)
	e := w.admin("root").watch(eventsPath)
	id, other := w.member("ada").submit(tasks.ASStore), w.member("bob").submit(tasks.ASStore)
	seen := []string{e.activity().UUID, e.activity().UUID}
	want := []string{id.String(), other.String()}
	slices.Sort(seen)
	slices.Sort(want)
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
}
