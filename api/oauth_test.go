package api_test

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/api"
	"asapi/internal/testserver"
	"asapi/tasks"
)

// oddID holds what has to be percent-encoded in HTTP Basic.
const oddID = "robot:ada+1@example.com/%"

const robotSecret = "s3cret:%+&"

// credential gives the member a credential with a secret.
func (m *member) credential(change ...func(*tasks.Token)) tasks.OAuthCredential {
	m.w.t.Helper()
	token := tasks.Token{Client: m.client.ID, Protocol: tasks.ASStore}
	for _, f := range change {
		f(&token)
	}
	c, err := m.w.store.CreateOAuthCredential(m.w.t.Context(), tasks.OAuthCredential{
		Caller: tasks.Caller{Token: token, Client: m.client}, ID: oddID, Secret: sha256.Sum256([]byte(robotSecret)),
	})
	m.w.must(err)
	return c
}

// exchange posts a form to the token endpoint, with HTTP Basic where id is given.
func (w *world) exchange(id, secret string, form url.Values, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/o/oauth2/token", nil)
	w.must(err)
	if id != "" {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		header = append(header, "Authorization", r.Header.Get("Authorization"))
	}
	return w.send("", http.MethodPost, "/o/oauth2/token", formType, strings.NewReader(form.Encode()), header...)
}

func clientGrant(more ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	return form
}

// access gets an access token.
func (w *world) access(scope string) string {
	w.t.Helper()
	form := clientGrant()
	if scope != "" {
		form.Set("scope", scope)
	}
	token, _ := w.is(w.exchange(oddID, robotSecret, form), 200).json["access_token"].(string)
	return token
}

func TestAnAccessTokenIsGotByBasicAndByTheBody(t *testing.T) {
	w := newWorld(t)
	w.member("ada").credential()
	for name, a := range map[string]answer{
		"Basic":                  w.exchange(oddID, robotSecret, clientGrant()),
		"Basic and the id again": w.exchange(oddID, robotSecret, clientGrant("client_id", oddID)),
		"body":                   w.exchange("", "", clientGrant("client_id", oddID, "client_secret", robotSecret)),
	} {
		w.is(a, 200)
		token, _ := a.json["access_token"].(string)
		want := map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600.0, "scope": "asapi"}
		if d := cmp.Diff(want, a.json); d != "" || token == "" {
			t.Errorf("%s: %s", name, d)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %v", name, a.header)
		}
		w.is(w.send("", "GET", "/account/", "", nil, "Authorization", "Bearer "+token), 200)
	}
}

func TestTheTokenEndpointRefusesAsRFC6749Says(t *testing.T) {
	w := newWorld(t)
	w.member("ada").credential(func(t *tasks.Token) { t.Allow = []tasks.Permission{{Service: "ledger", Action: "close-year"}} })
	right := []string{"client_id", oddID, "client_secret", robotSecret}
	body := func(more ...string) answer { return w.exchange("", "", clientGrant(append(right, more...)...)) }
	for _, c := range []struct {
		name   string
		got    answer
		status int
		kind   string
	}{
		{"a wrong secret by Basic", w.exchange(oddID, "wrong", clientGrant()), 401, "invalid_client"},
		{"an unknown client by Basic", w.exchange("nobody", robotSecret, clientGrant()), 401, "invalid_client"},
		{"another scheme", w.exchange("", "", clientGrant(right...), "Authorization", "Bearer x"), 401, "invalid_client"},
		{"no client at all", w.exchange("", "", clientGrant()), 401, "invalid_client"},
		{"a wrong secret in the body", w.exchange("", "", clientGrant("client_id", oddID, "client_secret", "wrong")), 400, "invalid_client"},
		{"no secret in the body", w.exchange("", "", clientGrant("client_id", oddID)), 400, "invalid_client"},
		{"an id that is none", w.exchange("", "", clientGrant("client_id", "a b\x00", "client_secret", "wrong")), 400, "invalid_client"},
		{"the secret twice", w.exchange(oddID, robotSecret, clientGrant(right...)), 400, "invalid_request"},
		{"two ids", w.exchange(oddID, robotSecret, clientGrant("client_id", "other")), 400, "invalid_request"},
		{"no grant", w.exchange(oddID, robotSecret, url.Values{}), 400, "invalid_request"},
		{"two grants", w.exchange(oddID, robotSecret, clientGrant("grant_type", "client_credentials")), 400, "invalid_request"},
		{"another grant", w.exchange(oddID, robotSecret, url.Values{"grant_type": {"password"}}), 400, "unsupported_grant_type"},
		{"no assertion", w.exchange("", "", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}}), 400, "invalid_request"},
		{"an assertion that is none", w.exchange("", "", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"x"}}), 400, "invalid_grant"},
		{"a scope of nothing", body("scope", "nothing"), 400, "invalid_scope"},
		{"a scope of no action", body("scope", "ledger/nothing"), 400, "invalid_scope"},
		{"no scope", body("scope", "Ledger!"), 400, "invalid_scope"},
		{"too much", body("scope", "ledger/close-year ledger/import-entries"), 400, "invalid_scope"},
		{"a large body", body("scope", strings.Repeat("x", 100<<10)), 400, "invalid_request"},
		{"another type", w.send("", "POST", "/o/oauth2/token", "application/json", strings.NewReader(`{"grant_type":"client_credentials"}`)), 400, "invalid_request"},
	} {
		challenge := c.got.header.Get("WWW-Authenticate")
		if c.got.status != c.status || c.got.json["error"] != c.kind || (c.status == 401) != strings.HasPrefix(challenge, "Basic ") {
			t.Errorf("%s: %d %s %q", c.name, c.got.status, c.got.text, challenge)
		}
		if text, _ := c.got.json["error_description"].(string); text == "" || c.got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %v", c.name, c.got.text, c.got.header)
		}
	}
	w.is(w.send("", "GET", "/o/oauth2/token", "", nil), 405)
	if strings.Contains(w.log.String(), robotSecret) {
		t.Error("the secret is in the log")
	}
}

func TestAnAccessTokenWorksOnEveryDoor(t *testing.T) {
	w := newWorldWith(t, settings{api: func(c *api.Config) { c.Console = true }})
	m := w.member("ada")
	m.credential(func(t *tasks.Token) { t.Protocol, t.Stream = tasks.ASChannel, m.channel.Stream })
	bearer := "Bearer " + w.access("")
	for _, path := range []string{"/account/", "/list-tasks/", "/activities/", "/console/load"} {
		w.is(w.send("", "GET", path, "", nil, "Authorization", bearer), 200)
		w.is(w.send("", "GET", path, "", nil, "Authorization", "Bearer "+m.secrets[tasks.ASStore]), 200)
		w.is(w.send("", "GET", path, "", nil, "Authorization", bearer+"x"), 401)
	}
	w.is(w.send("", "GET", "/activities/", "", nil, "X-Plex-Token", strings.TrimPrefix(bearer, "Bearer ")), 200)
	a := w.is(w.send("", "POST", "/submit-task/", formType, strings.NewReader("service=ledger&action=close-year&account=alice&year=1"), "Authorization", bearer), 200)
	if a.json["stream"] != m.channel.Stream || a.json["retrieval_protocol"] != "aschannel" {
		t.Errorf("the credential's protocol and stream are not the task's: %s", a.text)
	}
}

func TestAScopeNarrowsWhatTheCredentialMayDo(t *testing.T) {
	w := newWorld(t)
	w.member("ada").credential(func(t *tasks.Token) {
		t.Allow = []tasks.Permission{{Service: "ledger", Action: "*", Parameter: "provider", Value: "north"}}
	})
	submit := func(bearer, action, more string) int {
		return w.send("", "POST", "/submit-task/", formType, strings.NewReader("service=ledger&account=alice&action="+action+more), "Authorization", "Bearer "+bearer).status
	}
	for _, c := range []struct {
		scope, granted           string
		imports, others, another bool
	}{
		{"", "asapi", true, true, false},
		{"asapi", "asapi", true, true, false},
		{"ledger", "ledger", true, true, false},
		{"ledger/import-entries", "ledger/import-entries", true, false, false},
		{"ledger/close-year ledger/import-entries", "ledger/close-year ledger/import-entries", true, true, false},
		{"ledger/close-year", "ledger/close-year", false, true, false},
	} {
		a := w.is(w.exchange(oddID, robotSecret, clientGrant("scope", c.scope)), 200)
		if a.json["scope"] != c.granted {
			t.Errorf("%q was granted as %v", c.scope, a.json["scope"])
		}
		bearer, _ := a.json["access_token"].(string)
		for name, got := range map[string][2]bool{
			"importing from north": {submit(bearer, "import-entries", "&provider=north") == 200, c.imports},
			"importing from south": {submit(bearer, "import-entries", "&provider=south") == 200, c.another},
			"closing a year":       {submit(bearer, "close-year", "&year=1") == 200, c.others},
		} {
			if got[0] != got[1] {
				t.Errorf("with the scope %q %s is %v", c.scope, name, got[0])
			}
		}
	}
}

func TestAnAccessTokenExpires(t *testing.T) {
	w := newWorldWith(t, settings{desk: func(c *tasks.DeskConfig) { c.AccessTokenTime = 2 * time.Second }})
	m := w.member("ada")
	m.credential(func(t *tasks.Token) { t.Protocol, t.Stream = tasks.ASChannel, m.channel.Stream })
	bearer := w.access("")
	m.secrets[tasks.ASChannel] = bearer
	r := m.open("")
	status := func() int {
		return w.send("", "GET", "/account/", "", nil, "Authorization", "Bearer "+bearer).status
	}
	if status() != 200 {
		t.Fatal("it is not valid at first")
	}
	testserver.Eventually(t, patience, func() bool { return status() == 401 }, "the access token to expire")
	w.must(r.conn.SetReadDeadline(time.Now().Add(patience)))
	for err := error(nil); err == nil; {
		if _, err = r.frames.Next(); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the stream goes on with an expired token")
		}
	}
	w.is(w.send("", "GET", "/account/", "", nil, "Authorization", "Bearer "+w.access("")), 200)
}

func TestACredentialThatWasRevokedEndsItsAccessTokens(t *testing.T) {
	w := newWorld(t)
	c := w.member("ada").credential()
	bearer := w.access("")
	w.is(w.send("", "GET", "/account/", "", nil, "Authorization", "Bearer "+bearer), 200)
	w.must(w.store.RevokeToken(t.Context(), c.Caller.Token.ID))
	began := time.Now()
	testserver.Eventually(t, patience, func() bool {
		return w.send("", "GET", "/account/", "", nil, "Authorization", "Bearer "+bearer).status == 401
	}, "the access token to end")
	t.Logf("it ended after %v", time.Since(began))
	w.is(w.exchange(oddID, robotSecret, clientGrant()), 401)
}

func TestWhoTriesSecretsIsHeldUpAndTheRightfulOneIsNot(t *testing.T) {
	w := newWorld(t)
	w.member("ada").credential()
	w.access("")
	testserver.Eventually(t, patience, func() bool {
		a := w.exchange(oddID, "wrong", clientGrant())
		return a.status == 429 && a.header.Get("Retry-After") != "" && a.json["error"] == "temporarily_unavailable"
	}, "guesses to be held up")
	for range 20 {
		w.exchange(oddID, "wrong", clientGrant())
		w.access("")
	}
	w.is(w.exchange("another", "wrong", clientGrant()), 401)
}

func TestTheServerTellsWhereAccessTokensAreGot(t *testing.T) {
	w := newWorld(t)
	a := w.is(w.send("", "GET", "/.well-known/oauth-authorization-server", "", nil), 200)
	want := map[string]any{
		"issuer": "https://asapi.example.com", "token_endpoint": "https://asapi.example.com/o/oauth2/token",
		"grant_types_supported":                 []any{"client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"token_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post"},
		"response_types_supported":              []any{}, "scopes_supported": []any{"asapi", "ledger"},
	}
	if d := cmp.Diff(want, a.json); d != "" {
		t.Error(d)
	}
}
