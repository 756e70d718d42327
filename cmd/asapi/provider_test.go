package main

import (
	"strings"
	"testing"
)

func TestListsOfProvidersAreTriedOfflineAndCredentialsKeptFromTheTerminal(t *testing.T) {
	data, url, tokens := startDev(t, "--with-fake-providers")
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	t.Setenv("ASAPI_DATA", data)
	whose := []string{"--client", "dev", "--account", "alice"}
	must(t, "register", "tracker", "alice")
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
	// 25 works, which MyAnimeList has too; there one is further now and then.
	got := report("export-to-provider", "provider=myanimelist", "kind=anime", "dry_run=true")
	if got["total"] != 25.0 || got["updated"] == 0.0 || got["created"] != 0.0 || got["failed"] != 0.0 {
		t.Errorf("the dry run: %v", got)
	}
	must(t, append([]string{"credential", "remove", "anilist"}, whose...)...)
	for _, wrong := range []string{"remove anilist", "add nobody --access-token x", "add anilist"} {
		if _, err := asapi(t, append(append([]string{"credential"}, strings.Fields(wrong)...), whose...)...); err == nil {
			t.Errorf("asapi credential %s went well", wrong)
		}
	}
}
