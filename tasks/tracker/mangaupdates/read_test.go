package mangaupdates_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangaupdates"
)

const head = "Series\tVolume\tChapter\tDate Changed\tRating\n"

func read(name, document string) ([]tracker.Row, error) {
	var rows []tracker.Row
	err := mangaupdates.Format{}.Read(tracker.InputOf(name, document), func(r tracker.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// good reads a document whose rows must all be taken.
func good(t *testing.T, name, document string) []tracker.Row {
	t.Helper()
	rows, err := read(name, document)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Fault != "" {
			t.Fatalf("%v has the fault %q", row.Key, row.Fault)
		}
	}
	return rows
}

func TestAListIsReadInFull(t *testing.T) {
	rows := good(t, "read_2024-05-17.txt", head+"Made Up \"Quoted\", The\t3\t12.5\tMay 17th 2024\t7.5\r\nOther\t\t\t\tN/A\r\n")
	want := []tracker.Facts{
		{Title: `Made Up "Quoted", The`, Status: tracker.Watching, Progress: 12, Volumes: 3, Score: 75}, {Title: "Other", Status: tracker.Watching},
	}
	if diff := cmp.Diff(want, []tracker.Facts{rows[0].Entry.Facts, rows[1].Entry.Facts}); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if rows[0].Key.NativeID != tracker.TitleID(`Made Up "Quoted", The`) || !strings.Contains(rows[0].Note, "kept by its title") {
		t.Errorf("the key is %v, the note %q", rows[0].Key, rows[0].Note)
	}
	native := []tracker.Field{{"Series", `Made Up "Quoted", The`}, {"Volume", "3"}, {"Chapter", "12.5"}, {"Date Changed", "May 17th 2024"}, {"Rating", "7.5"}, {"List", "read"}}
	if diff := cmp.Diff(native, rows[0].Entry.Native); diff != "" {
		t.Errorf("native values (-want +got):\n%s", diff)
	}
}

func TestTheNameOfTheFileSaysWhichListItIs(t *testing.T) {
	for name, want := range map[string]tracker.Status{
		"read_2024.txt": tracker.Watching, "wish_2024.txt": tracker.PlannedTo, "complete_1.txt": tracker.Done, "unfinished_1.txt": tracker.Dropped,
		"hold_1.txt": tracker.Paused, `C:\lists\Hold.TXT`: tracker.Paused, "mangaupdates-reading-list.tsv.gz": tracker.Watching, "On Hold (2).txt": tracker.Paused,
		"read/wishlist.txt": tracker.PlannedTo,
	} {
		if got := good(t, name, head+"x\t1\t2\t\tN/A\n")[0].Entry.Status; got != want {
			t.Errorf("%s became %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "list.txt", "read_and_wish.txt", "mine.tsv"} {
		_, err := read(name, head+"x\t1\t2\t\tN/A\n")
		if err == nil || !strings.Contains(err.Error(), "Name the file after the list, read.txt, wish.txt") {
			t.Errorf("%q: error %v, want one that says how to name it", name, err)
		}
	}
}

func TestAColumnSaysWhichListItIsBeforeTheNameDoes(t *testing.T) {
	rows := good(t, "read.txt", "List\tSeries\tChapter\nWish List\ta\t1\non hold\tb\t2\n\tc\t3\n")
	got := []tracker.Status{rows[0].Entry.Status, rows[1].Entry.Status, rows[2].Entry.Status}
	if diff := cmp.Diff([]tracker.Status{tracker.PlannedTo, tracker.Paused, tracker.Watching}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIdsOfTheSiteAreNumbers(t *testing.T) {
	for cell, want := range map[string]string{
		"64897697818": "64897697818", "ttaew4a": "64897697818", "TTAEW4A": "64897697818", "https://www.mangaupdates.com/series/ttaew4a/made-up": "64897697818",
		"https://www.mangaupdates.com/series.html?id=42": "42", "42": "42", "": tracker.TitleID("x"), "0": tracker.TitleID("x"), "N/A": tracker.TitleID("x"),
	} {
		row := good(t, "read.txt", "Series\tSeries ID\tChapter\nx\t"+cell+"\t1\n")[0]
		if row.Key.NativeID != want || !tracker.ValidID(tracker.MangaUpdates, row.Key.NativeID) {
			t.Errorf("%q became %s, want %s", cell, row.Key.NativeID, want)
		}
	}
}

func TestAFileWithoutNamesOfColumnsIsReadByTheirOrder(t *testing.T) {
	rows := good(t, "hold.txt", "x\t1\t2\t2024\t9\ny\t\t3\t\t\n")
	if len(rows) != 2 || rows[0].Entry.Progress != 2 || rows[1].Entry.Progress != 3 || rows[0].Entry.Score != 90 {
		t.Errorf("rows are %v", rows)
	}
}

func TestABadEntryFailsAlone(t *testing.T) {
	for _, tt := range []struct{ name, line, says string }{
		{"no title", "\t1\t2\t\tN/A", "Line 3 has neither a title nor an id"},
		{"a strange chapter", "x\t1\tmany\t\tN/A", `The column Chapter says "many", which is not a number. Its title is "x".`},
		{"a huge volume", "x\t99999999999\t1\t\tN/A", "Volume"},
		{"a negative chapter", "x\t1\t-1\t\tN/A", "Chapter"},
		{"a strange rating", "x\t1\t2\t\t11", "Rating"},
		{"a NUL", "x\x00\t1\t2\t\t1", "Line 3 holds what is no text"},
		{"another encoding", "caf\xe9\t1\t2\t\t1", "Line 3 holds what is no text"},
		{"cut off", "x", "Line 3 has 1 cells"},
	} {
		rows, err := read("read.txt", head+"a\t1\t1\t\tN/A\n"+tt.line+"\n\nb\t1\t1\t\tN/A")
		if err != nil || len(rows) != 3 || !strings.Contains(rows[1].Fault, tt.says) || rows[0].Fault+rows[2].Fault != "" {
			t.Errorf("%s: rows %+v, error %v, want a fault that says %q", tt.name, rows, err, tt.says)
		}
	}
	rows, err := read("any.tsv", "Series\tList\tId\na\tMy own list\t1\nb\tread\t??\n")
	if err != nil || !strings.Contains(rows[0].Fault, `The column List says "My own list"`) || !strings.Contains(rows[1].Fault, "neither a number nor") {
		t.Errorf("rows %+v, error %v", rows, err)
	}
}

func TestAFileThatCannotBeReadEndsInASentence(t *testing.T) {
	for _, tt := range []struct{ name, file, document, says string }{
		{"a cell of 10 MB", "read.txt", head + strings.Repeat("x", 10<<20) + "\t1\n", "One line of the file is larger than 1 MB"},
		{"no table", "read.txt", "hello\nworld\n", "no list that is known"},
		{"nothing", "read.txt", "\n\n", "no list that is known"},
		{"a MyAnimeList file", "read.txt", "<?xml version=\"1.0\"?>\n<myanimelist/>", "a MyAnimeList export"},
		{"an AniList file", "read.txt", `{"data":{"MediaListCollection":{}}}`, "an AniList export"},
		{"a table of another kind", "read.txt", "a,b,c\n1,2,3\n", "no list that is known"},
		{"an archive of other things", "x.tar", archive(t, "mylist.csv", "x"), "The archive has no MangaUpdates list"},
		{"an archive that is cut off", "x.tar", archive(t, "read.txt", head+strings.Repeat("x\t1\t1\t\t\n", 200))[:1000], "The archive is cut off"},
		{"a damaged archive", "x.tar", "read.txt" + strings.Repeat("\x01", 249) + "ustar" + strings.Repeat("\x01", 1000), "The archive is damaged"},
	} {
		_, err := read(tt.file, tt.document)
		var fault *tasks.Error
		if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.Contains(fault.Message, tt.says) {
			t.Errorf("%s: error %v, want one that says %q", tt.name, err, tt.says)
		}
	}
}

// archive makes a tar archive of files, by pairs of name and content.
func archive(t *testing.T, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: files[i], Mode: 0o600, Size: int64(len(files[i+1])), Format: tar.FormatPAX}
		if strings.HasPrefix(files[i+1], "->") {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, files[i+1][2:], 0
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := w.Write([]byte(files[i+1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAnArchiveHoldsAllListsWhereverItsNamesPoint(t *testing.T) {
	rows := good(t, "mine.tar.gz", archive(t, "../../etc/read_1.txt", head+"a\t1\t2\t\tN/A\n", "readme.md", "hello", "/wish.txt", head+"b\t\t\t\tN/A\n",
		"hold.txt", "->/etc/passwd", "mine/._read.txt", "\x00\x05\x16\x07", "complete.txt", head, "unfinished.txt", ""))
	if len(rows) != 2 || rows[0].Entry.Status != tracker.Watching || rows[1].Entry.Status != tracker.PlannedTo {
		t.Errorf("rows are %v", rows)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		head + "a\t1\t2\t\tN/A\n", "Series\tList\tId\nx\tread\tttaew4a\n", "", "\t\t\t\n", "a\t1\t2\n", "Title\tURL\tTitle\textra\nx\thttps://www.mangaupdates.com/series/a/x\ty\t\r\n",
		head + "\"a\tv.1\tc.2.5\t\t7,5\r", "Series\tStatus\nx\tOn Hold\n",
	} {
		f.Add("read.txt", seed)
		f.Add("x", seed)
	}
	f.Fuzz(func(t *testing.T, name, document string) {
		rows, err := read(name, document)
		var fault *tasks.Error
		if err != nil && (!errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !utf8.ValidString(fault.Message)) {
			t.Fatalf("error %v is no sentence about the file", err)
		}
		for _, row := range rows {
			for _, field := range row.Entry.Native {
				if row.Fault == "" && (strings.ContainsRune(field[0]+field[1], 0) || !utf8.ValidString(field[0]+field[1])) || strings.ContainsRune(row.Fault, 0) || !utf8.ValidString(row.Fault) {
					t.Fatalf("what no database stores came through: %q, fault %q", field, row.Fault)
				}
			}
			if row.Fault == "" {
				checkRow(t, row)
			}
		}
	})
}
