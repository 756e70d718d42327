package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"asapi/internal/client"
	"asapi/internal/config"
	"asapi/internal/testserver"

	"github.com/google/go-cmp/cmp"
)

func TestParametersAreReadFromTheCommandLine(t *testing.T) {
	s := submitCmd{Service: "s", Action: "a", Account: "u", Fields: []string{"x=1", "x=2", "y=a=b", "z==@home", "f=@list.xml", "e="}}
	got, err := s.submission()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"x": {"1", "2"}, "y": {"a=b"}, "z": {"@home"}, "e": {""}}, map[string][]string(got.Values)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"f": "list.xml"}, got.Files); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range [][]string{{"x"}, {"=1"}, {"f=@a", "f=@b"}} {
		s.Fields = wrong
		if _, err := s.submission(); exitCode(err) != exitUsage {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestTheBarShowsProgressAndItems(t *testing.T) {
	one := client.Status{Status: "In progress", Progress: 50, Items: &client.Items{Total: 10, Succeeded: 4, Failed: 1}}
	if got, want := barLine([]client.Status{one}), "[###############...............]  50%  In progress  5 of 10 items"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	two := client.Status{Status: "Publish complete"}
	if got, want := barLine([]client.Status{one, two}), "[######################........]  75%  1 of 2 ended"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestControlCharactersDoNotReachTheTerminal(t *testing.T) {
	if got := printable("a\x1b[2Jb\r\tc\nö\u202e"); got != "a\uFFFD[2Jb\uFFFD\tc\nö\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func TestQuantilesAreOfTheSortedTimes(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i)*time.Millisecond)
	}
	m := measure("x", "y", 100, 2*time.Second, times)
	if m.Rate != 50 || m.P50 != 51 || m.P99 != 100 || m.Max != 100 {
		t.Errorf("got %+v", m)
	}
	if m := measure("x", "y", 0, 0, nil); m.Rate != 0 {
		t.Errorf("got %+v", m)
	}
}

func TestTwoFoldersAreToldApartAndOneIsRecognised(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	markOne, err := markFolder(one)
	if err != nil {
		t.Fatal(err)
	}
	again, err := markFolder(one)
	if err != nil || again != markOne {
		t.Errorf("the mark changed: %v", err)
	}
	if markTwo, err := markFolder(two); err != nil || markTwo == markOne {
		t.Errorf("two folders have one mark: %v", err)
	}
}

func TestAProcessWithAnotherFolderOfBlobsIsRefused(t *testing.T) {
	parsed, err := config.ParseRedis(testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	c := parsed.Client()
	t.Cleanup(func() { _ = c.Close() })
	one := &sharedFolder{redis: c, mark: "one", log: slog.New(slog.DiscardHandler)}
	two := &sharedFolder{redis: c, mark: "two", log: one.log}
	for range 2 {
		if err := one.check(t.Context()); err != nil {
			t.Errorf("the first folder: %v", err)
		}
	}
	if err := two.check(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "BLOB_URL ") {
		t.Errorf("the other folder: %v", err)
	}
}
