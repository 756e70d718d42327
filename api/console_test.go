package api_test

import (
	"crypto/sha256"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"asapi/api"
	"asapi/tasks"
)

func newConsole(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, settings{api: func(c *api.Config) { c.Console = true }})
}

func TestThePageLetsNothingInFromElsewhere(t *testing.T) {
	w := newConsole(t)
	asset := regexp.MustCompile(`(?:href|src)="([^"]*/app\.js)"`)
	for path, base := range map[string]string{"/console": "/", "/console/": "/console/"} {
		a := w.is(w.send("", http.MethodGet, path, "", strings.NewReader("")), 200)
		if ct := a.header.Get("Content-Type"); ct != "text/html; charset=utf-8" {
			t.Errorf("%s is %s", path, ct)
		}
		named := asset.FindStringSubmatch(a.text)
		if named == nil {
			t.Fatalf("%s names no script: %s", path, a.text)
		}
		script := w.is(w.send("", http.MethodGet, base+named[1], "", strings.NewReader("")), 200)
		if got := script.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("the script may be kept: %s", got)
		}
		for _, one := range []answer{a, script} {
			want := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
			if got := one.header.Get("Content-Security-Policy"); got != want {
				t.Errorf("the policy is %s", got)
			}
			if one.header.Get("X-Content-Type-Options") != "nosniff" || one.header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers are missing: %v", one.header)
			}
		}
		if regexp.MustCompile(`<script[^>]*>[^<]|<style|\sstyle=|\son\w+=|https?://`).MatchString(a.text) {
			t.Errorf("there is something inline or from elsewhere: %s", a.text)
		}
	}
}

func TestThePageIsAskedForAnewAndNotSentAgain(t *testing.T) {
	w := newConsole(t)
	a := w.is(w.send("", http.MethodGet, "/console", "", strings.NewReader("")), 200)
	etag := a.header.Get("ETag")
	if etag == "" || a.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("headers: %v", a.header)
	}
	w.is(w.send("", http.MethodGet, "/console", "", strings.NewReader(""), "If-None-Match", etag), 304)
	old := w.is(w.send("", http.MethodGet, "/console/assets/0123/app.js", "", strings.NewReader("")), 200)
	if got := old.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("what belongs to another version may be kept: %s", got)
	}
	for _, path := range []string{"/console/assets/0123/page.go", "/console/assets/0123/..%2findex.html", "/console/assets/0123/index.html"} {
		w.is(w.send("", http.MethodGet, path, "", strings.NewReader("")), 404)
	}
}

func TestTheLoadIsTheClientsOwnAndAnAdministratorsIsEverybodys(t *testing.T) {
	w := newConsole(t)
	ada, bob := w.member("ada"), w.member("bob")
	ada.submit(tasks.ASStore)
	_, err := w.store.CreateToken(t.Context(), tasks.Token{Client: bob.client.ID, Protocol: tasks.ASStore, Admin: true}, sha256.Sum256([]byte("admin")))
	w.must(err)
	w.is(w.send("", http.MethodGet, "/console/load", "", strings.NewReader("")), 401)
	for _, want := range []struct {
		secret, scope string
		open          float64
	}{{ada.secrets[tasks.ASStore], "client", 1}, {bob.secrets[tasks.ASStore], "client", 0}, {"admin", "system", 1}} {
		a := w.is(w.send(want.secret, http.MethodGet, "/console/load", "", strings.NewReader("")), 200)
		if a.json["scope"] != want.scope || a.json["open_tasks"] != want.open || len(a.json["minutes"].([]any)) != tasks.LoadMinutes {
			t.Errorf("%s got %s", want.secret, tasks.Clip(a.text, 300))
		}
	}
}

func TestThereIsNoConsoleWhereItIsSwitchedOff(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/console", "/console/", "/console/load"} {
		w.is(w.send("", http.MethodGet, path, "", strings.NewReader("")), 404)
	}
}
