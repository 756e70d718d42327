package api_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"maps"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"asapi/tasks"
)

const robot = "robot@ada.example"

// robotKey is the key pair of a service account; making one takes a while.
var robotKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// serviceAccount registers the public key k1 of robot.
func (m *member) serviceAccount(change ...func(*tasks.Token)) tasks.OAuthCredential {
	m.w.t.Helper()
	token := tasks.Token{Client: m.client.ID, Protocol: tasks.ASStore}
	for _, f := range change {
		f(&token)
	}
	public, err := x509.MarshalPKIXPublicKey(robotKey().Public())
	m.w.must(err)
	c, err := m.w.store.CreateOAuthCredential(m.w.t.Context(), tasks.OAuthCredential{
		Caller: tasks.Caller{Token: token, Client: m.client}, ID: robot, KeyID: "k1", PublicKey: public,
	})
	m.w.must(err)
	return c
}

const publicTokenURL = "https://asapi.example.com/o/oauth2/token"

// asserted exchanges claims that robot signed, changed from good ones.
func (w *world) asserted(keyID string, change map[string]any) answer {
	w.t.Helper()
	claims := map[string]any{"iss": robot, "aud": publicTokenURL, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(claims, change)
	options := &jose.SignerOptions{}
	if keyID != "" {
		options.WithHeader("kid", keyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: robotKey()}, options)
	w.must(err)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	w.must(err)
	return w.exchange("", "", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text}})
}

func TestAServiceAccountSignsInWithItsKey(t *testing.T) {
	const googles = "https://oauth2.googleapis.com/token"
	w := newWorldWith(t, settings{desk: func(c *tasks.DeskConfig) { c.Audiences = []string{googles} }})
	w.member("ada").serviceAccount()
	for name, a := range map[string]answer{
		"the own endpoint":     w.asserted("k1", nil),
		"no key id":            w.asserted("", nil),
		"the endpoint in list": w.asserted("k1", map[string]any{"aud": []string{"https://other.example", googles}}),
		"itself as subject":    w.asserted("k1", map[string]any{"sub": robot}),
		"a scope":              w.asserted("k1", map[string]any{"scope": "ledger"}),
	} {
		w.is(a, 200)
		token, _ := a.json["access_token"].(string)
		if want := map[bool]string{true: "ledger", false: "asapi"}[name == "a scope"]; a.json["scope"] != want {
			t.Errorf("%s: granted %v", name, a.json["scope"])
		}
		w.is(w.send("", "GET", "/account/", "", nil, "Authorization", "Bearer "+token), 200)
	}
}

func TestAnAssertionThatIsNotForThisServerOrWasUsedIsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.member("ada").serviceAccount()
	now := time.Now()
	for name, a := range map[string]answer{
		"another audience":    w.asserted("k1", map[string]any{"aud": "https://other.example/token"}),
		"no audience":         w.asserted("k1", map[string]any{"aud": []string{}}),
		"another issuer":      w.asserted("k1", map[string]any{"iss": "somebody"}),
		"another key":         w.asserted("k2", nil),
		"somebody's subject":  w.asserted("k1", map[string]any{"sub": "somebody"}),
		"valid for long":      w.asserted("k1", map[string]any{"exp": now.Add(3 * time.Hour).Unix()}),
		"expired":             w.asserted("k1", map[string]any{"iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(-time.Hour).Unix()}),
		"an issuer of spaces": w.asserted("k1", map[string]any{"iss": " "}),
	} {
		if a.status != 400 || a.json["error"] != "invalid_grant" {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	if a := w.asserted("k1", map[string]any{"scope": "nothing"}); a.status != 400 || a.json["error"] != "invalid_scope" {
		t.Errorf("a scope of nothing: %d %s", a.status, a.text)
	}
	w.is(w.asserted("k1", map[string]any{"jti": "once"}), 200)
	if a := w.asserted("k1", map[string]any{"jti": "once"}); a.status != 400 || a.json["error"] != "invalid_grant" {
		t.Errorf("the same jti again: %d %s", a.status, a.text)
	}
	w.must(w.store.RevokeToken(t.Context(), c.Caller.Token.ID))
	if a := w.asserted("k1", nil); a.status != 400 || a.json["error"] != "invalid_grant" {
		t.Errorf("a revoked key: %d %s", a.status, a.text)
	}
}

func TestTheSecretOfOneCredentialIsNotTheKeyOfAnother(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	m.serviceAccount()
	// A credential with a key has the hash of no secret, which must not match.
	w.is(w.exchange(robot, "", clientGrant()), 401)
	w.is(w.exchange(robot, robotSecret, clientGrant()), 401)
}
