package assertion_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"asapi/internal/assertion"
	"asapi/tasks"
)

// newKey makes a key pair, and the public one as it is registered.
func newKey(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, pkix(t, key.Public())
}

func pkix(t *testing.T, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func good() map[string]any {
	now := time.Now().Unix()
	return map[string]any{"iss": "robot", "aud": "https://a.example/token", "iat": now, "exp": now + 3600, "jti": "1", "scope": "tracker zerotouch"}
}

func TestASignedAssertionSaysWhoMadeItAndForWhom(t *testing.T) {
	key, public := newKey(t)
	claims := good()
	text := sign(t, jose.RS256, key, claims)
	issuer, id, err := assertion.Reader{}.Issuer(text)
	if err != nil || issuer != "robot" || id != "k1" {
		t.Errorf("the issuer is %q with key %q, %v", issuer, id, err)
	}
	got, err := assertion.Reader{}.Verify(text, public)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(claims["iat"].(int64), 0)
	want := tasks.Assertion{
		Issuer: "robot", Audience: []string{"https://a.example/token"}, Scope: "tracker zerotouch", ID: "1", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if d := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); d != "" {
		t.Error(d)
	}
}

func TestWhatIsWrongWithAnAssertionIsToldInASentence(t *testing.T) {
	key, public := newKey(t)
	other, _ := newKey(t)
	now := time.Now().Unix()
	with := func(name string, value any) map[string]any {
		c := good()
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	fine := sign(t, jose.RS256, key, good())
	for _, c := range []struct{ name, text, sentence string }{
		{"another key", sign(t, jose.RS256, other, good()), "signature"},
		{"another algorithm", sign(t, jose.RS512, key, good()), "RS256"},
		{"a key that is the secret", sign(t, jose.HS256, public, good()), "RS256"},
		{"no signature", fine[:strings.LastIndex(fine, ".")+1], ""},
		{"a changed signature", fine[:len(fine)-8] + "AAAAAAAA", "signature"},
		{"expired", sign(t, jose.RS256, key, with("exp", now-120)), "expired"},
		{"not issued yet", sign(t, jose.RS256, key, with("iat", now+600)), "not valid yet"},
		{"not valid yet", sign(t, jose.RS256, key, with("nbf", now+600)), "not valid yet"},
		{"no end", sign(t, jose.RS256, key, with("exp", nil)), "exp"},
		{"no beginning", sign(t, jose.RS256, key, with("iat", nil)), "iat"},
		{"no assertion", "nonsense", "JSON Web Token"},
		{"too long", strings.Repeat("a", 20000), "16384"},
	} {
		_, err := assertion.Reader{}.Verify(c.text, public)
		if tasks.CodeOf(err) != tasks.CodeInvalid || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, c := range []map[string]any{with("exp", now-30), with("iat", now+30), with("nbf", now+30)} {
		if _, err := (assertion.Reader{}).Verify(sign(t, jose.RS256, key, c), public); err != nil {
			t.Errorf("half a minute off: %v", err)
		}
	}
}

func TestPublicKeysAreReadInEveryUsualForm(t *testing.T) {
	key, public := newKey(t)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k7", Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	one, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "k7"})
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"PKIX":    pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"PKCS #1": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)}),
		"a set":   set,
		"a JWK":   one,
	} {
		keys, err := assertion.ReadKeys(file)
		if err != nil || len(keys) != 1 || string(keys[0].Public) != string(public) || keys[0].ID == "" {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}

func TestKeysThatAreNoneAreRefused(t *testing.T) {
	key, _ := newKey(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := json.Marshal(jose.JSONWebKey{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"private":       pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"a private JWK": private,
		"small":         pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix(t, small.Public())}),
		"a curve":       pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix(t, curve.Public())}),
		"damaged":       pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}}),
		"nothing":       nil,
		"JSON":          []byte(`{"keys":[]}`),
	} {
		if keys, err := assertion.ReadKeys(file); tasks.CodeOf(err) != tasks.CodeInvalid {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}

func FuzzAnAssertionIsReadOrRefused(f *testing.F) {
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJSUzI1NiJ9.e30.AA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, err := (assertion.Reader{}).Issuer(text); err != nil && tasks.CodeOf(err) != tasks.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	})
}
