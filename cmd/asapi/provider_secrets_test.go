package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// heard is what a server said, which several goroutines write.
type heard struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.String()
}

func TestWhatUsersSignInToProvidersWithStandsNowhere(t *testing.T) {
	said := &heard{}
	data, base, tokens := startDevTelling(t, said, "--with-fake-providers", "--log-level", "debug")
	t.Setenv("ASAPI_URL", base)
	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	t.Setenv("ASAPI_DATA", data)
	secrets := []string{"hushed-token", "hushed-refreshing", "hushed-password", "hushed-application"}
	given := []string{"token=" + secrets[0] + "-of-bob", "refresh_token=" + secrets[1], "username=bob", "password=" + secrets[2], "client_id=some", "client_secret=" + secrets[3]}
	var tasks []string
	answers := map[string]string{}
	must(t, "register", "tracker", "alice")
	must(t, "register", "tracker", "bob")
	for _, provider := range []string{"anidb", "anilist", "mangadex", "mangaupdates", "myanimelist", "vndb"} {
		must(t, "credential", "add", provider, "--client", "dev", "--account", "alice", "--access-token", secrets[0], "--refresh-token", secrets[1],
			"--username", "nobody", "--password", secrets[2], "--app-id", "some", "--app-secret", secrets[3])
		stored, _ := must(t, "submit", "tracker", "import-from-provider", "alice", "provider="+provider)[0]["task_id"].(string)
		own, _ := must(t, append([]string{"submit", "tracker", "export-to-provider", "bob", "provider=" + provider}, given...)...)[0]["task_id"].(string)
		tasks = append(tasks, stored, own)
	}
	for _, id := range tasks { // the providers work side by side
		_, _ = asapi(t, "wait", id) // that it fails is not told here
		_, status := asked(t, http.MethodPost, base+"/task-status/", tokens.Store.Token, url.Values{"task_ids": {`["` + id + `"]`}})
		_, result := asked(t, http.MethodGet, base+"/fetch/"+id+"/", tokens.Store.Token, nil)
		answers["the task "+id] = status + result
		if !strings.Contains(status, "failed") {
			t.Errorf("the status: %s", status)
		}
	}
	for _, path := range []string{"/list-tasks/", "/activities", "/account/"} {
		_, answers[path] = asked(t, http.MethodGet, base+path, tokens.Store.Token, nil)
	}
	answers["what the server said"] = said.String()
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		answers[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range answers {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s stands in %s", secret, place)
			}
		}
	}
	if !strings.Contains(answers["/list-tasks/"], "export-to-provider") {
		t.Errorf("no tasks are listed: %s", answers["/list-tasks/"])
	}
}
