package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"asapi/internal/testserver"
)

// printed runs a command that prints one line of text.
func printed(t *testing.T, args string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), strings.Fields(args), &out, io.Discard); err != nil {
		t.Fatalf("asapi %s: %v", args, err)
	}
	line, more := strings.CutSuffix(out.String(), "\n")
	if !more || strings.ContainsAny(line, " \n") {
		t.Fatalf("asapi %s printed %q", args, out.String())
	}
	return line
}

func TestAWebhookFromTheTokenToTheSignedEvent(t *testing.T) {
	data, url, _ := startDev(t, "--webhook-allow-private")
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_DATA", data)
	var status atomic.Int64
	status.Store(http.StatusOK)
	type event struct {
		header http.Header
		body   string
	}
	events := make(chan event, 10)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		events <- event{r.Header.Clone(), string(b)}
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, "seen")
	}))
	defer endpoint.Close()

	token := printed(t, "token create --client dev --protocol asstore --webhook "+endpoint.URL)
	secret := printed(t, "webhook secret --token "+token)
	verify := func(e event) {
		t.Helper()
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, e.header.Get("webhook-id")+"."+e.header.Get("webhook-timestamp")+"."+e.body)
		if got, want := e.header.Get("webhook-signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
			t.Errorf("the signature is %s, want %s", got, want)
		}
	}
	if got := must(t, "webhook", "test", "--token", token, "--webhook-allow-private")[0]; got["status"] != 200.0 || got["delivered"] != true || got["answer"] != "seen" {
		t.Errorf("the test event: %v", got)
	}
	verify(<-events)
	if _, err := asapi(t, "webhook", "test", "--token", token); err == nil || !strings.Contains(err.Error(), "WEBHOOK_ALLOW_PRIVATE") {
		t.Errorf("a private address: %v", err)
	}
	status.Store(http.StatusTeapot)
	if got, err := asapi(t, "webhook", "test", "--token", token, "--webhook-allow-private"); err == nil || len(got) != 1 || got[0]["status"] != 418.0 {
		t.Errorf("an endpoint that refuses: %v, %v", got, err)
	}
	<-events
	status.Store(http.StatusOK)

	t.Setenv("ASAPI_TOKEN", token)
	must(t, "register", "bench", "a")
	id, _ := must(t, "submit", "bench", "noop", "a", "--wait")[0]["task_id"].(string)
	told := <-events
	verify(told)
	if !strings.Contains(told.body, id) || !strings.Contains(told.body, `"type":"task.ended"`) {
		t.Errorf("it was told %s", told.body)
	}
	testserver.Eventually(t, patience, func() bool {
		got := must(t, "webhook", "list", "--token", token)
		return len(got) == 1 && got[0]["state"] == "delivered" && got[0]["task_id"] == id && got[0]["webhook_id"] == told.header.Get("webhook-id")
	}, "the delivery to be listed")

	must(t, "webhook", "set", "--token", token, "--url", endpoint.URL+"/new")
	if got := printed(t, "webhook secret --token "+token); got != secret {
		t.Error("another address changed the secret")
	}
	must(t, "webhook", "set", "--token", token, "--url", endpoint.URL+"/new", "--new-secret")
	if got := printed(t, "webhook secret --token "+token); got == secret {
		t.Error("the new secret is the old one")
	}
	list := must(t, "token", "list")
	if told := slices.DeleteFunc(slices.Clone(list), func(line map[string]any) bool { return line["webhook"] == nil }); len(told) != 1 || told[0]["webhook"] != endpoint.URL+"/new" {
		t.Errorf("the webhook is in the lines %v of %v", told, list)
	}
	must(t, "webhook", "set", "--token", token, "--remove")
	for _, wrong := range []string{
		"webhook set --token " + token + " --remove", "webhook set --token " + token, "webhook test --token " + token, "webhook secret --token " + token,
		"webhook set --token nobody --url https://example.com/", "webhook set --token " + token + " --url ftp://example.com/",
		"webhook set --token " + token + " --url https://user:pass@example.com/", "webhook set --token " + token + " --url https://example.com/ --remove",
		"token create --client dev --protocol asstore --webhook example.com", "webhook list --limit 0",
	} {
		if _, err := asapi(t, strings.Fields(wrong)...); err == nil {
			t.Errorf("asapi %s went well", wrong)
		}
	}
}
