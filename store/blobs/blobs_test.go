package blobs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"asapi/store/blobs"
	"asapi/tasks"

	"github.com/google/go-cmp/cmp"
)

// stores are the kinds that pass the same tests.
func stores(t *testing.T, test func(t *testing.T, s *blobs.Store)) {
	t.Helper()
	for name, url := range map[string]func(t *testing.T) string{
		"directory": func(t *testing.T) string { t.Helper(); return "file://" + t.TempDir() + "/made/by us" },
		"memory":    func(*testing.T) string { return "mem://" },
		"S3":        s3URL,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t, url(t))) })
	}
}

func open(t *testing.T, url string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s *blobs.Store, prefix string, content []byte) string {
	t.Helper()
	w, err := s.Create(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(content, 100_000) {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	key, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func get(t *testing.T, s *blobs.Store, key string, offset, length int64) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

func code(err error) tasks.Code { return tasks.CodeOf(err) }

func TestBlobsAreReadAsTheyWereWritten(t *testing.T) {
	stores(t, func(t *testing.T, s *blobs.Store) {
		large := bytes.Repeat([]byte("0123456789"), 100_000)
		for _, content := range [][]byte{{}, []byte("x"), large} {
			key := put(t, s, "results", content)
			if got := get(t, s, key, 0, -1); !bytes.Equal(got, content) {
				t.Errorf("got %d bytes, want %d", len(got), len(content))
			}
		}
		key := put(t, s, "inputs", large)
		for _, c := range []struct{ offset, length, from, to int64 }{
			{0, 10, 0, 10}, {999_990, -1, 999_990, 1_000_000}, {123, 4567, 123, 4690}, {5, 0, 5, 5}, {1_000_000, -1, 0, 0},
		} {
			if got := get(t, s, key, c.offset, c.length); !bytes.Equal(got, large[c.from:c.to]) {
				t.Errorf("from %d, %d bytes: got %d", c.offset, c.length, len(got))
			}
		}
	})
}

func TestKeysNamePrefixAndDay(t *testing.T) {
	stores(t, func(t *testing.T, s *blobs.Store) {
		form := regexp.MustCompile(`^results/\d{8}/[0-9a-f-]{36}$`)
		one, two := put(t, s, "results", []byte("1")), put(t, s, "results", []byte("1"))
		if !form.MatchString(one) || one == two {
			t.Errorf("keys %s and %s", one, two)
		}
		if _, err := s.Create(t.Context(), "../elsewhere"); code(err) != tasks.CodeInternal {
			t.Errorf("another prefix: %v", err)
		}
	})
}

func TestAbsentBlobsAreNotFoundAndDeletedWithoutAnError(t *testing.T) {
	stores(t, func(t *testing.T, s *blobs.Store) {
		one, two := put(t, s, "results", []byte("1")), put(t, s, "results", []byte("2"))
		if err := s.Delete(t.Context(), one, "results/20260101/none"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), one, 0, -1); code(err) != tasks.CodeNotFound {
			t.Errorf("got %v", err)
		}
		if got := get(t, s, two, 0, -1); string(got) != "2" {
			t.Errorf("got %q", got)
		}
		if err := s.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingIsLeftOfWhatWasAbortedOrCancelled(t *testing.T) {
	stores(t, func(t *testing.T, s *blobs.Store) {
		w, err := s.Create(t.Context(), "results")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		w.Abort()

		cause := errors.New("the user left")
		ctx, cancel := context.WithCancelCause(t.Context())
		if w, err = s.Create(ctx, "results"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		cancel(cause)
		if key, err := w.Commit(); !errors.Is(err, cause) {
			t.Errorf("committed %q, %v", key, err)
		}
		if left := all(t, s); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

// all lists the keys by a sweep that deletes nothing.
func all(t *testing.T, s *blobs.Store) []string {
	t.Helper()
	var keys []string
	for _, prefix := range []string{"inputs", "results"} {
		_, err := s.Sweep(t.Context(), prefix, -time.Hour, func(page []string) (map[string]bool, error) {
			keys = append(keys, page...)
			return set(page...), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func set(keys ...string) map[string]bool {
	m := map[string]bool{}
	for _, k := range keys {
		m[k] = true
	}
	return m
}

func TestSweepDeletesOldOrphansOfItsPrefixOnly(t *testing.T) {
	stores(t, func(t *testing.T, s *blobs.Store) {
		needed, other := put(t, s, "results", []byte("needed")), put(t, s, "inputs", []byte("other"))
		for range 2500 { // more than a page
			putOrphan(t, s)
		}
		exists := func([]string) (map[string]bool, error) { return set(needed), nil }
		if n, err := s.Sweep(t.Context(), "results", time.Hour, exists); n != 0 || err != nil {
			t.Errorf("young ones: deleted %d, %v", n, err)
		}
		refused := errors.New("the database is away")
		if n, err := s.Sweep(t.Context(), "results", -time.Hour, func([]string) (map[string]bool, error) { return nil, refused }); n != 0 || !errors.Is(err, refused) {
			t.Errorf("without a database: deleted %d, %v", n, err)
		}
		if n, err := s.Sweep(t.Context(), "results", -time.Hour, exists); n != 2500 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		if diff := cmp.Diff([]string{other, needed}, all(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func putOrphan(t *testing.T, s *blobs.Store) { t.Helper(); put(t, s, "results", []byte("orphan")) }

func TestCheckPassesWhileTheStoreIsThere(t *testing.T) {
	stores(t, func(t *testing.T, s *blobs.Store) {
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestADirectoryHoldsTheBytesAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	s := open(t, "file://"+dir)
	if !s.Local() || open(t, "mem://").Local() {
		t.Error("a directory is local, memory is not")
	}
	key := put(t, s, "results", []byte("content"))
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{key}, files); diff != "" {
		t.Error(diff)
	}
	if got := get(t, open(t, "file://"+dir), key, 0, -1); string(got) != "content" {
		t.Errorf("opened again it gives %q", got)
	}
}

func TestADirectoryThatIsGoneIsUnavailable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := open(t, "file://"+dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); code(err) != tasks.CodeUnavailable {
		t.Errorf("check: %v", err)
	}
	w, err := s.Create(t.Context(), "results")
	if err == nil { // the driver opens its file with the first 512 bytes
		_, err = w.Write(make([]byte, 1000))
		w.Abort()
	}
	if code(err) != tasks.CodeUnavailable {
		t.Errorf("write: %v", err)
	}
}

// TestBytesOfADirectoryThatIsAwayAreNotTakenForLost: an unmounted file system leaves
// nothing, or an empty folder, in its place, and comes back with all that it held.
func TestBytesOfADirectoryThatIsAwayAreNotTakenForLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := open(t, "file://"+dir)
	key := put(t, s, "results", []byte("x"))
	away := func(want tasks.Code, when string) {
		t.Helper()
		if _, err := s.Open(t.Context(), key, 0, -1); code(err) != want {
			t.Errorf("%s: got %v", when, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Rename(dir, dir+".away"))
	away(tasks.CodeUnavailable, "nothing in its place")
	must(os.Mkdir(dir, 0o700))
	away(tasks.CodeUnavailable, "an empty folder in its place")
	put(t, s, "results", []byte("y"))
	away(tasks.CodeNotFound, "a new store in its place")
	must(os.RemoveAll(dir))
	must(os.Rename(dir+".away", dir))
	if got := get(t, s, key, 0, -1); string(got) != "x" {
		t.Errorf("got %q", got)
	}
	must(os.RemoveAll(filepath.Join(dir, "results")))
	away(tasks.CodeNotFound, "an emptied one")
}

func TestSweepRemovesTheEmptyFoldersOfPastDays(t *testing.T) {
	dir := t.TempDir()
	s := open(t, "file://"+dir)
	past := filepath.Join(dir, "results", "20200101")
	if err := os.MkdirAll(past, 0o700); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(past, "orphan")
	if err := os.WriteFile(old, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	longAgo := time.Now().AddDate(-1, 0, 0)
	if err := os.Chtimes(old, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context(), "results", time.Hour, func([]string) (map[string]bool, error) { return set(), nil }); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if _, err := os.Stat(past); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
}

func TestAWrongURLIsToldByTheVariablesName(t *testing.T) {
	for _, url := range []string{"", "blobs", "ftp://host/x", "file://", "file://host/x", "gs://not-linked-in", "file:///dev/null/x", ":", "file:///%zz"} {
		_, err := blobs.Open(t.Context(), url)
		var told *tasks.Error
		if !errors.As(err, &told) || told.Code != tasks.CodeInvalid || !strings.HasPrefix(told.Message, "BLOB_URL ") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
