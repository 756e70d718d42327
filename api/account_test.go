package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestDiscoveryTellsWhatTheTokenMayDoAndWhere(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", func(token *tasks.Token) {
		token.Allow = []tasks.Permission{{Service: "ledger", Action: "import-entries", Parameter: "provider", Value: "south"}}
	})
	a := w.is(m.send(tasks.ASChannel, "GET", "/account/", "", ""), 200)
	services, _ := a.json["services"].([]any)
	service, _ := services[0].(map[string]any)
	actions, _ := service["actions"].([]any)
	if len(services) != 1 || len(actions) != 1 {
		t.Fatalf("got %s", a.text)
	}
	action, _ := actions[0].(map[string]any)
	parameters, _ := action["parameters"].([]any)
	delete(action, "parameters")
	wantAction := map[string]any{
		"name": "Import Entries", "slug": "import-entries", "description": "Imports entries.", "execution": "Asynchronous",
		"permissions": map[string]any{"provider": []any{"south"}},
	}
	if diff := cmp.Diff(wantAction, action); diff != "" {
		t.Error(diff)
	}
	wantParameter := map[string]any{
		"name": "Provider", "slug": "provider", "type": "string", "description": "Where the entries come from.", "optional": false,
		"values": []any{"north", "south"},
	}
	if diff := cmp.Diff(wantParameter, parameters[0]); diff != "" {
		t.Error(diff)
	}
	delete(a.json, "services")
	accounts, _ := a.json["accounts"].([]any)
	account, _ := accounts[0].(map[string]any)
	if account["service"] != "ledger" || account["username"] != "alice" || account["registered_at"] == nil {
		t.Errorf("got %v", account)
	}
	delete(a.json, "accounts")
	want := map[string]any{
		"retrieval_protocol":       "aschannel",
		"task_submission_endpoint": map[string]any{"protocol": "https", "host": "asapi.example.com", "uri": "/submit-task/"},
		"stream_endpoints":         []any{map[string]any{"protocol": "https", "host": "stream.example.com:8443", "uri": "/stream/"}},
		"success":                  true,
	}
	if diff := cmp.Diff(want, a.json); diff != "" {
		t.Error(diff)
	}
}

func TestAStoreTokenHasNoStreams(t *testing.T) {
	w := newWorld(t)
	a := w.is(w.member("ada").send(tasks.ASStore, "GET", "/account/", "", ""), 200)
	if !strings.Contains(a.text, `"stream_endpoints":[],"store_endpoints":[{"protocol":"https","host":"store.example.com","uri":"/files/fetch/"}]`) {
		t.Error(a.text)
	}
}

func TestATokenIsHeldToItsPermissions(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada", func(token *tasks.Token) {
		token.Allow = []tasks.Permission{{Service: "ledger", Action: "import-entries", Parameter: "provider", Value: "south"}}
	})
	for body, status := range map[string]int{
		"service=ledger&action=import-entries&account=alice&provider=south": 200,
		"service=ledger&action=import-entries&account=alice&provider=north": 403,
		"service=ledger&action=close-year&account=alice&year=1":             403,
	} {
		w.is(m.send(tasks.ASStore, "POST", "/submit-task/", formType, body), status)
	}
}

func TestAccountsAreRegisteredOnceAndDeregistered(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	form := url.Values{"service": {"Ledger Book"}, "username": {"carol"}}
	if a := w.is(m.post("/register-account/", form), 200); strings.TrimSpace(a.text) != `{"success":true}` {
		t.Error(a.text)
	}
	a := w.is(m.post("/register-account/", form), 400)
	want := []any{[]any{"Account with this Service, Client and Username already exists", "unique_together"}}
	errors, _ := a.json["errors"].(map[string]any)
	if diff := cmp.Diff(want, errors["__all__"]); diff != "" {
		t.Error(diff)
	}
	w.is(m.post("/deregister-account/", form), 200)
	if a := w.is(m.post("/deregister-account/", form), 400); !strings.Contains(a.text, "no_such_account") {
		t.Error(a.text)
	}
	if a := w.is(m.post("/deregister-account/", url.Values{"service": {"ledger"}, "username": {"alice"}, "erase": {"perhaps"}}), 400); a.fault("erase") == "" {
		t.Error(a.text)
	}
	if a := w.is(m.post("/deregister-account/", url.Values{"service": {"none"}, "erase": {"perhaps"}}), 400); a.fault("erase") == "" || a.fault("service") == "" || a.fault("username") == "" {
		t.Errorf("not all faults are told: %s", a.text)
	}
	if a := w.is(m.post("/register-account/", url.Values{}), 400); a.fault("service") != "missing-param" || a.fault("username") != "missing-param" {
		t.Error(a.text)
	}
}
