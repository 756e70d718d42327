package example_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testserver"
)

const root = "../.."

// patience bounds every wait.
const patience = 2 * time.Minute

// added gives the catalogue's file with the service added: its import, and its one
// line.
func added(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, change := range [][2]string{
		{"import (\n", "import (\n\t\"asapi/tasks/example\"\n"},
		{"\treturn tasks.NewCatalog(", "\treturn tasks.NewCatalog(example.Service(), "},
	} {
		if strings.Count(text, change[0]) != 1 {
			t.Fatalf("the catalogue has no place for %q", change[1])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	return text
}

// buildWith builds asapi with the service: nothing but the catalogue's file is
// another one.
func buildWith(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	catalogue, err := filepath.Abs(root + "/tasks/catalog/catalog.go")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "catalog.go")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{catalogue: other}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{other: added(t, catalogue), filepath.Join(folder, "overlay.json"): string(overlay)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(folder, "asapi")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-overlay", filepath.Join(folder, "overlay.json"), "-o", binary, "./cmd/asapi")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("asapi with the service does not build: %v: %s", err, out)
	}
	return binary
}

// TestAServiceIsAddedByOneLineOfTheCatalogue shows that every surface knows the
// service by that line: the terminal's list of actions and its submissions, the
// task's status with its items, and the report.
func TestAServiceIsAddedByOneLineOfTheCatalogue(t *testing.T) {
	binary := buildWith(t)
	data := filepath.Join(t.TempDir(), "data")
	address := "127.0.0.1:" + strconv.Itoa(testserver.FreePort(t))
	environment := append(os.Environ(), "ASAPI_DATA="+data, "ASAPI_URL=http://"+address)
	dev := exec.CommandContext(t.Context(), binary, "dev", "--listen", address)
	dev.Env = environment
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = dev.Process.Kill() // it may have ended
		_ = dev.Wait()
	})
	testserver.Eventually(t, patience, func() error { return ready(t.Context(), address) }, "asapi dev to be ready")
	asapi := func(args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), binary, args...)
		command.Env = append(environment, "ASAPI_TOKEN="+token(t, data))
		out, err := command.Output()
		if err != nil {
			t.Fatalf("asapi %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	if list := asapi("actions"); !strings.Contains(list, "check-words") {
		t.Errorf("the actions are %s", list)
	}
	text := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(text, []byte("one\ntwo words\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asapi("register", "example", "ann")
	var task struct {
		ID string `json:"task_id"`
	}
	unmarshal(t, asapi("submit", "example", "check-words", "ann", "text=@"+text), &task)
	asapi("wait", task.ID)
	var report struct {
		Total, Created, Failed int
		Items                  []struct{ Key, Outcome string }
	}
	unmarshal(t, asapi("fetch", task.ID), &report)
	if report.Total != 3 || report.Created != 2 || report.Failed != 1 || report.Items[1].Outcome != "failed" {
		t.Errorf("the report is %+v", report)
	}
}

func ready(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request) //nolint:forbidigo // a test on this machine
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// token gives the token for the store that asapi dev made.
func token(t *testing.T, data string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "dev-tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tokens struct {
		Store struct{ Token string } `json:"asstore"`
	}
	unmarshal(t, string(b), &tokens)
	return tokens.Store.Token
}

func unmarshal(t *testing.T, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// TestNothingOfTheProductKnowsTheService: what the line above adds is all.
func TestNothingOfTheProductKnowsTheService(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.Contains(path, "tasks/example/") {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), `"asapi/tasks/example"`) {
			t.Errorf("%s knows the example", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestThePageShowsTheServiceAsItIs keeps docs/adding-a-service.md right.
func TestThePageShowsTheServiceAsItIs(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/adding-a-service.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("example.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```go\n// Package example")
	shown, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the page does not show the service")
	}
	if diff := cmp.Diff(string(code), "// Package example"+shown); diff != "" {
		t.Error(diff)
	}
}
