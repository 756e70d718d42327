package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"asapi/internal/testserver"
)

func TestAnAccountIsSubscribedToAProviderUntilNobodyCanSignInAnyMore(t *testing.T) {
	data, base, tokens := startDev(t, "--with-fake-providers")
	t.Setenv("ASAPI_URL", base)
	t.Setenv("ASAPI_TOKEN", tokens.Channel.Token)
	t.Setenv("ASAPI_DATA", data)
	whose := []string{"--client", "dev", "--account", "alice"}
	must(t, "register", "tracker", "alice")
	must(t, append([]string{"credential", "add", "anilist", "--access-token", demoToken}, whose...)...)
	form := url.Values{"service": {"tracker"}, "action": {"import-from-provider"}, "account": {"alice"}, "provider": {"anilist"}, "every": {"1d"}}
	var sub struct {
		ID string `json:"subscription_id"`
	}
	if status, body := asked(t, http.MethodPost, base+"/subscribe-account/", tokens.Channel.Token, form); status != http.StatusOK || json.Unmarshal([]byte(body), &sub) != nil {
		t.Fatalf("%d %s", status, body)
	}
	for _, secret := range []string{"token", "username", "client_id"} {
		form[secret] = []string{"x"}
		if status, body := asked(t, http.MethodPost, base+"/subscribe-account/", tokens.Channel.Token, form); status != http.StatusBadRequest || !strings.Contains(body, `"`+secret+`":[["`) {
			t.Errorf("with %s: %d %s", secret, status, body)
		}
		form.Del(secret)
	}
	form.Set("action", "sync-with-provider")
	form.Set("conflicts", "ours")
	if status, body := asked(t, http.MethodPost, base+"/subscribe-account/", tokens.Channel.Token, form); status != http.StatusOK {
		t.Errorf("a sync: %d %s", status, body)
	}
	if status, body := asked(t, http.MethodPost, base+"/unsubscribe-account/", tokens.Channel.Token, url.Values{"service": {"tracker"}, "account": {"alice"}, "action": {"sync-with-provider"}}); status != http.StatusOK {
		t.Errorf("ending it: %d %s", status, body)
	}
	again := func(tasks float64) map[string]any {
		t.Helper()
		if got := must(t, "subscription", "run-now", sub.ID); got[0]["outcome"] != "made due" {
			t.Errorf("run-now: %v", got)
		}
		var last string
		testserver.Eventually(t, patience, func() error {
			if s := must(t, "subscription", "list", "--client", "dev")[0]; s["tasks"] == tasks {
				last, _ = s["last_task_id"].(string)
				return nil
			}
			return errors.New("the occurrence has not come")
		}, "the occurrence to come")
		return must(t, "wait", last)[0]
	}
	if got := again(1); got["success"] != true || got["subscription_id"] != sub.ID {
		t.Errorf("the first task: %v", got)
	}
	again(2)
	must(t, append([]string{"credential", "remove", "anilist"}, whose...)...)
	must(t, "subscription", "run-now", sub.ID)
	testserver.Eventually(t, patience, func() bool {
		s := must(t, "subscription", "list", "--state", "paused")
		return len(s) == 1 && s[0]["paused_because"] == "unauthorized"
	}, "the subscription to be paused")
	var payloads []string
	for _, message := range must(t, "stream", tokens.Channel.Stream, "--count", "4") {
		text, _ := message["payload"].(string)
		payloads = append(payloads, message["type"].(string)+" "+text)
	}
	for i, words := range [][]string{
		{"import-from-provider", `"created":25`, `"subscription_id":"` + sub.ID, `"outcome":"created"`},
		{"import-from-provider", `"unchanged":25`, `"items":[]`},
		{"import-from-provider", `"success":false`, "Nothing is known to sign in"},
		{"system", `"subscription_paused"`, sub.ID},
	} {
		for _, w := range words {
			if len(payloads) <= i || !strings.Contains(payloads[i], w) {
				t.Errorf("message %d does not say %s: %v", i, w, payloads)
			}
		}
	}
	if got := must(t, "subscription", "resume", sub.ID); got[0]["outcome"] != "resumed" {
		t.Errorf("resumed: %v", got)
	}
	must(t, "subscription", "pause", sub.ID)
	if s := must(t, "subscription", "list", "--account", "alice")[0]; s["paused_because"] != "paused_by_operator" || s["state"] != "paused" {
		t.Errorf("paused: %v", s)
	}
	must(t, "subscription", "remove", sub.ID)
	for _, wrong := range [][]string{{"remove", sub.ID}, {"pause", sub.ID}, {"run-now", sub.ID}, {"resume", "x"}, {"list", "--client", "nobody"}, {"list", "--state", "asleep"}} {
		if _, err := asapi(t, append([]string{"subscription"}, wrong...)...); err == nil {
			t.Errorf("asapi subscription %v went well", wrong)
		}
	}
}
