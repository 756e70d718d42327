package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/google"

	"asapi/internal/client"
	"asapi/internal/testserver"
	"asapi/store"
)

// signIn gets an access token as published clients do: by HTTP Basic, and by the
// body where that is refused.
func signIn(t *testing.T, url, id, secret string, scopes ...string) (*oauth2.Token, error) {
	t.Helper()
	c := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: url + "/o/oauth2/token", Scopes: scopes}
	return c.Token(t.Context())
}

// discover tells how a bearer's results are retrieved.
func discover(t *testing.T, url, bearer string) (string, error) {
	t.Helper()
	c, err := client.New(url, bearer)
	if err != nil {
		return "", err
	}
	defer c.Close()
	d, err := c.Discover(t.Context())
	return d.Protocol, err
}

func TestACredentialOfTheTerminalSignsInUntilItIsRevoked(t *testing.T) {
	data, url, tokens := startDev(t)
	t.Setenv("ASAPI_DATA", data)
	made := must(t, "client", "create", "acme", "--oauth", "--id", "acme:robot@example.com", "--scope", "bench")[0]
	more := must(t, "oauth", "create", "--client", "acme", "--id", "acme:robot@example.com", "--protocol", "aschannel")[0]
	for _, c := range []struct{ id, secret, protocol, scope string }{
		{made["client_id"].(string), made["client_secret"].(string), "asstore", "bench"},
		{made["client_id"].(string), more["client_secret"].(string), "aschannel", "asapi"},
		{tokens.OAuth.ClientID, tokens.OAuth.ClientSecret, "asstore", ""},
	} {
		var scopes []string
		if c.scope != "" {
			scopes = []string{c.scope}
		}
		token, err := signIn(t, url, c.id, c.secret, scopes...)
		if err != nil {
			t.Fatal(err)
		}
		if protocol, err := discover(t, url, token.AccessToken); err != nil || protocol != c.protocol {
			t.Errorf("%s: results by %q, %v", c.id, protocol, err)
		}
	}
	if _, err := signIn(t, url, made["client_id"].(string), made["client_secret"].(string), "tracker"); err == nil || !strings.Contains(err.Error(), "invalid_scope") {
		t.Errorf("a scope beyond the credential: %v", err)
	}
	token, err := signIn(t, url, made["client_id"].(string), made["client_secret"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if lines := must(t, "oauth", "list", "--client", "acme"); len(lines) != 2 || lines[0]["client_secret"] != nil {
		t.Errorf("the list is %v", lines)
	}
	must(t, "oauth", "revoke", made["credential"].(string))
	testserver.Eventually(t, patience, func() bool {
		_, err := discover(t, url, token.AccessToken)
		return err != nil
	}, "the access token to end")
	if _, err := signIn(t, url, made["client_id"].(string), made["client_secret"].(string)); err == nil {
		t.Error("a revoked secret signs in")
	}
	if lines := must(t, "oauth", "revoke", made["client_id"].(string)); len(lines) != 2 {
		t.Errorf("revoked by the client id: %v", lines)
	}
}

func TestAServiceAccountsKeyFileIsReadByGooglesClient(t *testing.T) {
	data, url, _ := startDev(t)
	t.Setenv("ASAPI_DATA", data)
	file := must(t, "oauth", "key", "create", "--client", "dev", "--id", "robot@example.com", "--token-url", url+"/o/oauth2/token")[0]
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	// It is the JSON of a service account, with which this client takes the grant of RFC 7523.
	config, err := google.JWTConfigFromJSON(text, "bench")
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.TokenSource(t.Context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := discover(t, url, token.AccessToken); err != nil {
		t.Error(err)
	}
	if _, err := asapi(t, "oauth", "key", "add", "--client", "dev", writeFile(t, "key.pem", file["private_key"].(string))); exitCode(err) != exitUsage {
		t.Errorf("a private key was taken: %v", err)
	}
}

func TestAFolderThatIsOlderThanOAuthGetsACredential(t *testing.T) {
	data, url, tokens := startDev(t)
	if tokens.OAuth.ClientID == "" || tokens.OAuth.ClientSecret == "" {
		t.Fatalf("the file has no credential: %+v", tokens)
	}
	if _, err := discover(t, url, tokens.Channel.Token); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(data, "asapi.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	older := tokens
	older.OAuth.ClientID, older.OAuth.ClientSecret = "", ""
	text, err := json.Marshal(older)
	if err != nil {
		t.Fatal(err)
	}
	got, err := devTokens(t.Context(), s, writeFile(t, "dev-tokens.json", string(text)))
	if err != nil || got.Channel != tokens.Channel || got.Store != tokens.Store || got.OAuth.ClientID == tokens.OAuth.ClientID || got.OAuth.ClientSecret == "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
