package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"asapi/tasks/tracker"
)

func TestListsOfProvidersAreTriedOfflineAndCredentialsKeptFromTheTerminal(t *testing.T) {
	data, url, tokens := startDev(t, "--with-fake-providers")
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	t.Setenv("ASAPI_DATA", data)
	whose := []string{"--client", "dev", "--account", "alice"}
	must(t, "register", "tracker", "alice")
	// AniDB's pace takes some seconds; the others are used meanwhile.
	must(t, "register", "tracker", "zoe")
	must(t, "credential", "add", "anidb", "--username", "alice", "--password", demoToken, "--client", "dev", "--account", "zoe")
	slow, _ := must(t, "submit", "tracker", "import-from-provider", "zoe", "provider=anidb")[0]["task_id"].(string)
	must(t, append([]string{"credential", "add", "anilist", "--access-token", demoToken}, whose...)...)
	must(t, append([]string{"credential", "add", "myanimelist", "--access-token", "access-alice-1", "--refresh-token", "refresh-alice-1"}, whose...)...)
	listed := must(t, append([]string{"credential", "list"}, whose...)...)
	if len(listed) != 2 || listed[0]["provider"] != "anilist" || listed[1]["stored_at"] == "" {
		t.Errorf("listed: %v", listed)
	}
	report := func(action string, parameters ...string) map[string]any {
		t.Helper()
		id, _ := must(t, append([]string{"submit", "tracker", action, "alice", "--wait"}, parameters...)...)[0]["task_id"].(string)
		return must(t, "fetch", id)[0]
	}
	if got := report("import-from-provider", "provider=anilist"); got["created"] != 25.0 {
		t.Errorf("imported: %v", got)
	}
	must(t, append([]string{"credential", "add", "vndb", "--access-token", demoToken}, whose...)...)
	if got := report("import-from-provider", "provider=vndb"); got["created"] != 25.0 {
		t.Errorf("imported: %v", got)
	}
	if got := report("sync-with-provider", "provider=vndb"); got["unchanged"] != 25.0 || got["conflicts"] != 0.0 {
		t.Errorf("synced: %v", got)
	}
	must(t, append([]string{"credential", "add", "mangaupdates", "--username", "alice", "--password", demoToken}, whose...)...)
	if got := report("import-from-provider", "provider=mangaupdates"); got["created"] != 25.0 {
		t.Errorf("imported: %v", got)
	}
	must(t, append([]string{"credential", "add", "mangadex", "--username", "alice", "--password", demoToken, "--app-id", "personal-client-alice", "--app-secret", "client of alice"}, whose...)...)
	if got := report("import-from-provider", "provider=mangadex"); got["created"] != 25.0 {
		t.Errorf("imported: %v", got)
	}
	// 25 works, which MyAnimeList has too; there one is further now and then.
	got := report("export-to-provider", "provider=myanimelist", "kind=anime", "dry_run=true")
	if got["total"] != 25.0 || got["updated"] == 0.0 || got["created"] != 0.0 || got["failed"] != 0.0 {
		t.Errorf("the dry run: %v", got)
	}
	// Published tracker clients name the provider only: whoever stored what signs in
	// there gets the list from there and sends it there.
	for verb, action := range map[string]string{"import": "import-from-provider", "export": "export-to-provider"} {
		var operation struct{ Name string }
		if status, body := called(t, url+"/v1alpha1/users/alice/trackers:"+verb, tokens.Store.Token, `{"provider":"ANILIST"}`); json.Unmarshal([]byte(body), &operation) != nil || operation.Name == "" {
			t.Fatalf("%s: %d %s", verb, status, body)
		}
		status, body := called(t, url+"/v1alpha1/"+operation.Name+":wait", tokens.Store.Token, `{"timeout":"30s"}`)
		if !strings.Contains(body, `/animeshon.tracker.v1alpha1.`+strings.ToUpper(verb[:1])+verb[1:]+`TrackersResponse`) {
			t.Errorf("%s: %d %s", verb, status, body)
		}
		if _, body := asked(t, http.MethodGet, url+"/list-tasks/?action="+action, tokens.Store.Token, nil); !strings.Contains(body, `"`+action+`"`) {
			t.Errorf("no task of %s: %s", action, body)
		}
	}
	if status, body := called(t, url+"/v1alpha1/users/bob/trackers:import", tokens.Store.Token, `{"provider":"ANILIST"}`); status != http.StatusBadRequest || !strings.Contains(body, "FAILED_PRECONDITION") {
		t.Errorf("somebody who stored nothing: %d %s", status, body)
	}
	must(t, "wait", slow)
	if got := must(t, "fetch", slow)[0]; got["created"] != 3.0 {
		t.Errorf("imported: %v", got)
	}
	must(t, append([]string{"credential", "remove", "anilist"}, whose...)...)
	for _, wrong := range []string{"remove anilist", "add nobody --access-token x", "add anilist"} {
		if _, err := asapi(t, append(append([]string{"credential"}, strings.Fields(wrong)...), whose...)...); err == nil {
			t.Errorf("asapi credential %s went well", wrong)
		}
	}
}

func TestTheHelpOfCredentialsSaysWhatEachProviderTakes(t *testing.T) {
	for _, p := range []tracker.Provider{tracker.AniDB, tracker.AniList, tracker.MangaDex, tracker.MangaUpdates, tracker.MyAnimeList, tracker.VNDB} {
		if help := (credentialCmd{}).Help(); !strings.Contains(help, "\n  "+string(p)+" ") {
			t.Errorf("there is nothing of %s in\n%s", p, help)
		}
	}
}

// asked sends a form and gives the answer's status and body.
func asked(t *testing.T, method, address, token string, form url.Values) (int, string) {
	t.Helper()
	return answered(t, method, address, token, "application/x-www-form-urlencoded", form.Encode())
}

// called posts JSON and gives the answer's status and body.
func called(t *testing.T, address, token, body string) (int, string) {
	t.Helper()
	return answered(t, http.MethodPost, address, token, "application/json", body)
}

func answered(t *testing.T, method, address, token, contentType, content string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Token "+token)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if to := answer.Header.Get("Location"); to != "" {
		return answer.StatusCode, to
	}
	return answer.StatusCode, string(body)
}

func TestAUserSignsInOnThePagesOfAProvider(t *testing.T) {
	for _, provider := range []string{"myanimelist", "anilist"} {
		t.Run(provider, func(t *testing.T) { signsIn(t, provider) })
	}
}

func signsIn(t *testing.T, provider string) {
	t.Helper()
	data, base, tokens := startDev(t, "--with-fake-providers")
	t.Setenv("ASAPI_URL", base)
	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	t.Setenv("ASAPI_DATA", data)
	must(t, "register", "tracker", "alice")
	begin := func(token, provider string) (int, string) {
		return asked(t, http.MethodPost, base+"/connect-provider/", token, url.Values{"account": {"alice"}, "provider": {provider}})
	}
	status, body := begin(tokens.Store.Token, provider)
	var begun struct {
		Address string `json:"authorize_url"`
	}
	if err := json.Unmarshal([]byte(body), &begun); err != nil || status != http.StatusOK {
		t.Fatalf("begun: %d %s", status, body)
	}
	status, back := asked(t, http.MethodGet, begun.Address, "", nil)
	if status != http.StatusFound || !strings.HasPrefix(back, base+"/connect/callback?") {
		t.Fatalf("the provider sends back to %s", back)
	}
	came, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	// Each step that goes wrong is told on the page.
	title := tracker.Titles[tracker.Provider(provider)]
	for _, c := range []struct {
		state, code, fault string
		want               int
		says               string
	}{
		{came.Query().Get("state") + "x", "code-1", "", http.StatusBadRequest, "no sign-in that was begun here"},
		{"", "", "", http.StatusBadRequest, "no sign-in that was begun here"},
		{came.Query().Get("state"), "", "access_denied", http.StatusUnauthorized, "You did not allow it at " + title},
		{came.Query().Get("state"), "", "", http.StatusUnauthorized, "You did not allow it at " + title},
		{came.Query().Get("state"), "", "invalid_client", http.StatusUnauthorized, "Tell whoever runs this server"},
		{came.Query().Get("state"), "", "server_error", http.StatusServiceUnavailable, "begin anew in a while"},
		{came.Query().Get("state"), "<b>no code</b>", "", http.StatusUnauthorized, title + " did not take the code"},
	} {
		query := url.Values{"state": {c.state}, "code": {c.code}, "error": {c.fault}}
		if status, body := asked(t, http.MethodGet, base+"/connect/callback?"+query.Encode(), "", nil); status != c.want || !strings.Contains(body, c.says) || !strings.Contains(body, "<title>") || strings.Contains(body, "<b>") {
			t.Errorf("%+v: %d %s", c, status, body)
		}
	}
	if status, body := asked(t, http.MethodGet, back, "", nil); status != http.StatusOK || !strings.Contains(body, title+" is connected") {
		t.Fatalf("back: %d %s", status, body)
	}
	if status, body := asked(t, http.MethodGet, back, "", nil); status != http.StatusUnauthorized || !strings.Contains(body, "good once") {
		t.Errorf("a code is good twice: %d %s", status, body)
	}
	id, _ := must(t, "submit", "tracker", "import-from-provider", "alice", "--wait", "provider="+provider, "kind=anime")[0]["task_id"].(string)
	if got := must(t, "fetch", id)[0]; got["created"] != 25.0 {
		t.Errorf("imported: %v", got)
	}
	narrow := printed(t, "token create --client dev --protocol asstore --allow tracker/store-credentials:provider=vndb")
	for name, c := range map[string]struct {
		token, provider string
		want            int
	}{
		"no token": {"", provider, http.StatusUnauthorized}, "no pages": {tokens.Store.Token, "vndb", http.StatusBadRequest},
		"not allowed": {narrow, provider, http.StatusForbidden},
	} {
		if status, body := begin(c.token, c.provider); status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}
