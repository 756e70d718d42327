package main

import (
	"errors"
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
	subscribe := func(words string) ([]map[string]any, error) {
		return asapi(t, append([]string{"subscribe", "tracker"}, strings.Fields(words)...)...)
	}
	const order = "import-from-provider alice provider=anilist --every 1d"
	made, err := subscribe(order)
	if err != nil || made[0]["outcome"] != "created" || made[0]["every"] != 86400.0 {
		t.Fatalf("subscribed: %v, %v", made, err)
	}
	id, _ := made[0]["subscription_id"].(string)
	for _, wrong := range []string{order + " token=x", order + " username=x", order + " client_id=x", order + " file=@x", strings.Replace(order, "1d", "1m", 1), "export-to-provider alice provider=anilist --every 1d"} {
		if _, err := subscribe(wrong); err == nil {
			t.Errorf("asapi subscribe %s went well", wrong)
		}
	}
	sync, err := subscribe("sync-with-provider alice provider=anilist conflicts=ours --every 6h")
	if err != nil || len(must(t, "subscribed", "--account", "alice")) != 2 {
		t.Fatalf("a sync: %v, %v", sync, err)
	}
	must(t, "unsubscribe", sync[0]["subscription_id"].(string))
	again := func(tasks float64) map[string]any {
		t.Helper()
		if got := must(t, "subscription", "run-now", id); got[0]["outcome"] != "made due" {
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
	if got := again(1); got["success"] != true || got["subscription_id"] != id {
		t.Errorf("the first task: %v", got)
	}
	again(2)
	must(t, append([]string{"credential", "remove", "anilist"}, whose...)...)
	must(t, "subscription", "run-now", id)
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
		{"import-from-provider", `"created":25`, `"subscription_id":"` + id, `"outcome":"created"`},
		{"import-from-provider", `"unchanged":25`, `"items":[]`},
		{"import-from-provider", `"success":false`, "Nothing is known to sign in"},
		{"system", `"subscription_paused"`, id},
	} {
		for _, w := range words {
			if len(payloads) <= i || !strings.Contains(payloads[i], w) {
				t.Errorf("message %d does not say %s: %v", i, w, payloads)
			}
		}
	}
	if got := must(t, "subscription", "resume", id); got[0]["outcome"] != "resumed" {
		t.Errorf("resumed: %v", got)
	}
	must(t, "subscription", "pause", id)
	if s := must(t, "subscription", "list", "--account", "alice")[0]; s["paused_because"] != "paused_by_operator" || s["state"] != "paused" {
		t.Errorf("paused: %v", s)
	}
	must(t, "subscription", "remove", id)
	for _, wrong := range [][]string{{"remove", id}, {"pause", id}, {"run-now", id}, {"resume", "x"}, {"list", "--client", "nobody"}, {"list", "--state", "asleep"}} {
		if _, err := asapi(t, append([]string{"subscription"}, wrong...)...); err == nil {
			t.Errorf("asapi subscription %v went well", wrong)
		}
	}
	if _, err := asapi(t, "unsubscribe", id); err == nil {
		t.Error("what is not there was ended")
	}
}
