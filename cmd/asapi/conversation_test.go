package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"asapi/internal/client"
	"asapi/internal/testserver"
)

const patience = 60 * time.Second

// startDev runs asapi dev in this process, under the race detector where the
// tests are, until the test ends.
func startDev(t *testing.T, flags ...string) (data, url string, tokens devTokenFile) {
	t.Helper()
	return startDevTelling(t, io.Discard, flags...)
}

// startDevTelling is startDev with what the server prints and logs.
func startDevTelling(t *testing.T, said io.Writer, flags ...string) (data, url string, tokens devTokenFile) {
	t.Helper()
	environment(t, nil)
	data = filepath.Join(t.TempDir(), "data")
	address := fmt.Sprintf("127.0.0.1:%d", testserver.FreePort(t))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		args := append([]string{"dev", "--listen", address, "--data", data, "--with-bench-service", "--log-level", "warn"}, flags...)
		done <- run(ctx, args, said, said)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("asapi dev ended with %v", err)
		}
	})
	url = "http://" + address
	testserver.Eventually(t, patience, func() error {
		b, err := os.ReadFile(filepath.Join(data, "dev-tokens.json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, &tokens); err != nil {
			return err
		}
		c, err := client.New(url, tokens.Channel.Token)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Discover(t.Context())
		return err
	}, "asapi dev to answer")
	return data, url, tokens
}

// asapi runs one command and gives its lines.
func asapi(t *testing.T, args ...string) ([]map[string]any, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out, io.Discard)
	var lines []map[string]any
	for line := range strings.Lines(out.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("asapi %s printed %q: %v", strings.Join(args, " "), line, err)
		}
		lines = append(lines, one)
	}
	return lines, err
}

func must(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	lines, err := asapi(t, args...)
	if err != nil {
		t.Fatalf("asapi %s: %v", strings.Join(args, " "), err)
	}
	return lines
}

func TestAWholeConversationFromTheTerminal(t *testing.T) {
	_, url, tokens := startDev(t)
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_TOKEN", tokens.Channel.Token)
	must(t, "register", "bench", "a")
	if d := must(t, "actions"); d[0]["retrieval_protocol"] != "aschannel" {
		t.Errorf("discovery: %v", d)
	}
	done := must(t, "submit", "bench", "make-bytes", "a", "size=3000000", "--wait")
	if done[0]["success"] != true || done[0]["progress"] != 100.0 {
		t.Errorf("the task: %v", done)
	}
	folder := t.TempDir()
	got := must(t, "stream", tokens.Channel.Stream, "--out", folder, "--count", "1")
	file, _ := got[0]["file"].(string)
	if info, err := os.Stat(file); err != nil || info.Size() != 3000000 {
		t.Errorf("the result's file: %v, %v", info, err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*.part")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	id, _ := done[0]["task_id"].(string)
	testserver.Eventually(t, patience, func() bool { return must(t, "status", id)[0]["result_retrieved"] == true }, "the result to be retrieved")

	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	id, _ = must(t, "submit", "bench", "noop", "a", "--wait")[0]["task_id"].(string)
	if must(t, "fetch", id, "--out", folder)[0]["size"] != 3.0 {
		t.Error("the fetched result has another size")
	}
	if _, err := asapi(t, "fetch", id); err == nil || !strings.Contains(err.Error(), "No results were found") {
		t.Errorf("the second fetch: %v", err)
	}
	id, _ = must(t, "submit", "bench", "pause", "a", "milliseconds=3600000")[0]["task_id"].(string)
	if line := must(t, "cancel", id)[0]; line["cancel_requested"] != true {
		t.Errorf("the cancellation: %v", line)
	}
	_, err := asapi(t, "wait", id)
	var failed *taskError
	if !errors.As(err, &failed) || exitCode(err) != exitTask {
		t.Errorf("waiting for a cancelled task: %v", err)
	}
	if _, err := asapi(t, "submit", "bench", "noop", "a", "x=1"); err == nil || !strings.Contains(err.Error(), "x:") {
		t.Errorf("an unknown parameter: %v", err)
	}
	if _, err := asapi(t, "status", "00000000-0000-0000-0000-000000000000"); exitCode(err) != exitFailed {
		t.Errorf("an unknown task: %v", err)
	}
}

func TestAdministrationWorksBesideARunningServer(t *testing.T) {
	data, url, _ := startDev(t)
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_DATA", data)
	must(t, "client", "create", "acme")
	if _, err := asapi(t, "client", "create", "acme"); err == nil || !strings.Contains(err.Error(), "acme exists") {
		t.Errorf("the second acme: %v", err)
	}
	if list := must(t, "client", "list"); len(list) != 2 || list[1]["name"] != "acme" {
		t.Errorf("clients: %v", list)
	}
	var out bytes.Buffer
	if err := run(t.Context(), strings.Fields("token create --client acme --protocol aschannel --allow bench/noop --limit open-tasks=7 --expires 720h --ack explicit --stream s1 --admin"), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSuffix(out.String(), "\n")
	if len(token) != 44 || strings.ContainsAny(token, " \n") {
		t.Errorf("it printed %q", out.String())
	}
	line := must(t, "token", "list", "--client", "acme")[0]
	for name, want := range map[string]any{"client": "acme", "stream": "s1", "ack": "explicit", "admin": true, "open_tasks": 7.0} {
		if line[name] != want {
			t.Errorf("%s is %v, not %v", name, line[name], want)
		}
	}
	t.Setenv("ASAPI_TOKEN", token)
	must(t, "register", "bench", "a")
	must(t, "submit", "bench", "noop", "a", "--wait")
	if _, err := asapi(t, "submit", "bench", "make-bytes", "a"); err == nil {
		t.Error("it may do what it was not allowed to")
	}
	must(t, "token", "revoke", token)
	testserver.Eventually(t, patience, func() bool {
		_, err := asapi(t, "actions")
		return err != nil
	}, "the revocation to bite")
	if _, err := asapi(t, "token", "revoke", "nothing"); err == nil {
		t.Error("revoking a token that is not there went well")
	}
	for _, right := range []string{"tracker/*:provider=vndb", "*/claim-devices:customer=1", "*/import-trackers:mode=merge", "later/action:parameter=value"} {
		if printed(t, "token create --client acme --protocol asstore --allow "+right) == "" {
			t.Errorf("--allow %s made no token", right)
		}
	}
	for _, wrong := range []string{
		"token create --client nobody --protocol asstore", "token create --client acme --protocol smtp",
		"token create --client acme --protocol asstore --stream s2", "token create --client acme --protocol aschannel --expires yesterday",
		"token create --client acme --protocol aschannel --limit speed=1", "token create --client acme --protocol aschannel --allow everything",
		"token create --client acme --protocol asstore --allow tracker/import-trackers:providr=vndb", "token create --client acme --protocol asstore --allow bench/*:provider=vndb",
		"oauth create --client acme --allow tracker/*:providr=vndb",
		"retry", "retry x", "retry --since never",
	} {
		if _, err := asapi(t, strings.Fields(wrong)...); err == nil {
			t.Errorf("asapi %s went well", wrong)
		}
	}
}

func TestOnlyWhatFailedIsRetried(t *testing.T) {
	data, url, tokens := startDev(t)
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_DATA", data)
	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	must(t, "register", "tracker", "alice")
	file := filepath.Join(t.TempDir(), "nonsense")
	if err := os.WriteFile(file, []byte("no list"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := asapi(t, "submit", "tracker", "import-trackers", "alice", "provider=myanimelist", "file=@"+file, "--wait")
	if exitCode(err) != exitTask {
		t.Fatalf("%v, %v", lines, err)
	}
	id, _ := lines[0]["task_id"].(string)
	if got := must(t, "retry", id); got[0]["retried"] != 1.0 {
		t.Errorf("retried: %v", got)
	}
	if _, err := asapi(t, "wait", id); exitCode(err) != exitTask {
		t.Errorf("after the retry: %v", err)
	}
	if got := must(t, "retry", "--since", "1h", "--client", "dev"); got[0]["retried"] != 1.0 {
		t.Errorf("retried: %v", got)
	}
	if _, err := asapi(t, "retry", "00000000-0000-0000-0000-000000000000"); err == nil {
		t.Error("retrying a task that is not there went well")
	}
}

func TestTheBenchMeasures(t *testing.T) {
	_, url, tokens := startDev(t)
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_TOKEN", tokens.Channel.Token)
	for _, args := range []string{
		"bench latency --count 3", "bench e2e --connections 2 --duration 200ms --window 50", "bench submit --connections 2 --duration 200ms",
		"bench drain --count 50", "bench status --ids 100 --rounds 2 --fill 10",
		"bench zerotouch --partner 1 --count 50 --fill 60 --rounds 3",
	} {
		for _, m := range must(t, append(strings.Fields(args), "--json")...) {
			if count, _ := m["count"].(float64); count <= 0 || m["per_second"] == 0.0 {
				t.Errorf("%s: %v", args, m)
			}
		}
	}
}
