package trackers_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sampleFiles gives the files to check: our own, and those of the samples folder
// beside the project, or where ASAPI_SAMPLES says, when it is there. The number
// of entries is in each sample's name.
func sampleFiles(t *testing.T) map[string][]byte {
	t.Helper()
	patterns := []string{"testdata/*.xml"}
	root := os.Getenv("ASAPI_SAMPLES")
	if root == "" {
		root = "../../../shared/samples"
	}
	patterns = append(patterns, filepath.Join(root, "myanimelist", "*.xml"), filepath.Join(root, "myanimelist", "*.xml.gz"))
	files := map[string][]byte{}
	for _, p := range patterns {
		names, err := filepath.Glob(p)
		must(t, err)
		for _, name := range names {
			raw, err := os.ReadFile(name)
			must(t, err)
			files[filepath.Base(name)] = raw
		}
	}
	if len(files) < 3 {
		t.Fatalf("found only %d files to check", len(files))
	}
	return files
}

func unpacked(t *testing.T, raw []byte) []byte {
	t.Helper()
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	must(t, err)
	plain, err := io.ReadAll(zr)
	must(t, err)
	return plain
}

var (
	entryPattern = regexp.MustCompile(`(?s)<(?:anime|manga)>(.*?)</(?:anime|manga)>`)
	fieldPattern = regexp.MustCompile(`(?s)<([a-z_]+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</[a-z_]+>`)
	countPattern = regexp.MustCompile(`[0-9]+`)
)

// elements reads a list by means of its own: entry by entry, element by
// element, byte by byte. update_on_import is left out.
func elements(raw []byte) []map[string]string {
	var entries []map[string]string
	for _, entry := range entryPattern.FindAllSubmatch(raw, -1) {
		fields := map[string]string{}
		for _, f := range fieldPattern.FindAllSubmatch(entry[1], -1) {
			if name := string(f[1]); name != "update_on_import" {
				fields[name] = string(f[2]) + string(f[3])
			}
		}
		entries = append(entries, fields)
	}
	return entries
}

func TestEverySampleComesBackEqualElementByElement(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		n := 0
		for name, raw := range sampleFiles(t) {
			n++
			first, second := fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)
			want := elements(unpacked(t, raw))
			if counts := countPattern.FindAllString(name, -1); len(counts) > 0 {
				if stated, _ := strconv.Atoi(counts[0]); stated != len(want) {
					t.Fatalf("%s: %d entries were found, its name says %d", name, len(want), stated)
				}
			}
			got := b.imports(first, raw)
			if got.counts() != fmt.Sprintf("%d created, 0 updated, 0 unchanged, 0 skipped, 0 failed", len(want)) {
				t.Errorf("%s: %s", name, got.counts())
			}
			if again := b.imports(first, raw); again.Unchanged != len(want) {
				t.Errorf("%s, imported again: %s", name, again.counts())
			}
			exported := b.do(first, "export-trackers", exporting())
			if diff := cmp.Diff(want, elements(exported)); diff != "" {
				t.Errorf("%s, exported (-file +export):\n%s", name, clipped(diff))
			}
			if again := b.imports(second, exported); again.Created != len(want) {
				t.Errorf("%s, the export imported into a fresh account: %s", name, again.counts())
			}
			if diff := cmp.Diff(want, elements(b.do(second, "export-trackers", exporting()))); diff != "" {
				t.Errorf("%s, exported again (-file +export):\n%s", name, clipped(diff))
			}
			if strings.Count(string(exported), "<update_on_import>1</update_on_import>") != len(want) {
				t.Errorf("%s: not every exported entry says update_on_import 1", name)
			}
		}
	})
}

func clipped(s string) string { return s[:min(len(s), 3000)] }
