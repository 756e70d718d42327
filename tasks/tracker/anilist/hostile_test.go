package anilist_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
)

func TestAFileThatCannotBeReadEndsInASentence(t *testing.T) {
	whole := collection(listed("Watching", entry(""), entry(`"mediaId":2`)))
	for _, tt := range []struct{ name, document, says string }{
		{"cut off in an entry", whole[:len(whole)-30], "cut off"},
		{"cut off at the end", whole[:len(whole)-1], "2 entries stand before it"},
		{"not JSON any more", strings.Replace(whole, `"mediaId":2`, `"mediaId":2,,`, 1), "not valid JSON near byte"},
		{"a NUL in a text", strings.Replace(whole, "Made", "M\x00de", 1), "not valid JSON near byte"},
		{"nested", `{"lists":[` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `]}`, "nested more than 32"},
		{"nested in an entry", collection(listed("x", entry(`"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)))), "nested more than 32"},
		{"nested in what is passed over", `{"activity":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `,"lists":[]}`, "nested more than 32"},
		{"nested beyond any stack", strings.Repeat(`{"data":`, 200_000), "nested more than 32"},
		{"an endless text", `{"lists":[{"name":"` + strings.Repeat("x", 3<<20) + `"}]}`, "larger than 1 MB"},
		{"an endless entry", collection(listed("x", entry(`"a":"`+strings.Repeat("x", 600<<10)+`","b":"`+strings.Repeat("y", 600<<10)+`"`))), "larger than 1 MB"},
		{"endless blanks", `{"lists":` + strings.Repeat(" ", 3<<20) + `[]}`, "larger than 1 MB"},
		{"a MyAnimeList file", `<?xml version="1.0"?><myanimelist></myanimelist>`, "a MyAnimeList export"},
		{"a MangaDex file", `[{"id":"01234567-89ab-cdef-0123-456789abcdef","status":"reading","links":{"al":"1"}}]`, "a MangaDex list"},
		{"other JSON", `{"a":[1,2]}`, "JSON of an unknown kind"},
		{"a number", `5`, "no list that is known"},
		{"nothing", "  ", "cut off"},
		{"more than its end", whole + "}", "not valid JSON"},
	} {
		_, err := read(tt.document)
		var fault *tasks.Error
		if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.Contains(fault.Message, tt.says) {
			t.Errorf("%s: error %v, want one that says %q", tt.name, err, tt.says)
		}
	}
}

func TestABadEntryFailsAlone(t *testing.T) {
	for _, tt := range []struct{ name, entry, says string }{
		{"no id", `{"status":"CURRENT","media":{"type":"ANIME","title":{"romaji":"Nameless"}}}`, `no mediaId, so it is not known which work it is. Its title is "Nameless".`},
		{"a strange id", entry(`"mediaId":"x"`), "which is not a number"},
		{"a strange status", entry(`"status":"SLEEPING"`), `The member status is "SLEEPING", which is not one of CURRENT`},
		{"no status", entry(`"status":null`), "status"},
		{"a negative count", entry(`"progress":-1`), "progress is -1"},
		{"a huge count", entry(`"progress":99999999999999999999`), "progress"},
		{"half an episode", entry(`"progress":1.5`), "progress is 1.5"},
		{"a score out of range", entry(`"score":101`), "score"},
		{"a day that is not", entry(`"startedAt":{"year":2023,"month":2,"day":31}`), "startedAt"},
		{"a date of another form", entry(`"completedAt":"2023"`), "completedAt"},
		{"notes that are none", entry(`"notes":{}`), "notes"},
		{"no boolean", entry(`"private":"perhaps"`), "private"},
		{"a NUL", entry(`"notes":"a\u0000b"`), "Entry 1 holds what is no text"},
		{"another encoding", entry(`"notes":"caf` + "\xe9" + `"`), "Entry 1 holds what is no text"},
		{"no object", `5`, "no mediaId"},
	} {
		rows, err := read(collection(listed("Watching", tt.entry, entry(`"mediaId":99`))))
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: %d rows, error %v", tt.name, len(rows), err)
			continue
		}
		if !strings.Contains(rows[0].Fault, tt.says) || rows[1].Fault != "" {
			t.Errorf("%s: the fault is %q, want it to say %q; the other's is %q", tt.name, rows[0].Fault, tt.says, rows[1].Fault)
		}
	}
}

func TestTwoDifferentEntriesOfOneWorkAreBothTold(t *testing.T) {
	if rows := good(t, collection(listed("a", entry(""), entry(`"progress":4`), entry("")))); len(rows) != 2 && len(rows) != 3 {
		t.Errorf("rows are %v", rows)
	}
}

// broken gives an error after some bytes, as a packed file does.
type broken struct{ r io.Reader }

var errBroken = tracker.Unreadable("The gzip file is damaged.")

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		return n, errBroken
	}
	return n, err
}

func TestWhatKeepsTheBytesFromComingIsToldAsItIs(t *testing.T) {
	again := func(read func(io.Reader) error) error {
		return read(broken{strings.NewReader(collection(listed("x", entry(""))))})
	}
	err := anilist.Format{}.Read(tracker.Input{Again: again}, func(tracker.Row) error { return nil })
	if !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		collection(listed("Watching", entry(""))), exported(series("")), `{"lists":[]}`, "", "null", "[]", `[[[]]]`, `{"lists":{"a":[` + entry("") + `]}}`,
		collection(custom("\u0000", entry(`"customLists":["a",{"name":"b","enabled":true}]`))), `{"lists":[{"mediaId":1e3,"status":"PLANNING","media":{"type":"MANGA","title":5}}]}`,
		exported(series(`"custom_lists":"[1,1,1]"`)), `{"User":{"mediaListOptions":{"scoreFormat":"POINT_3"}},"lists":[[` + entry(`"score":2,"scoreFormat":"POINT_5"`) + `]]}`,
		collection(listed("Watching", entry(`"media.title":"x","media":null`))), `{"lists":[],"data":{"lists":[` + entry(`"score":1e-3`) + `]}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		rows, err := read(document)
		var fault *tasks.Error
		if err != nil && (!errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !utf8.ValidString(fault.Message)) {
			t.Fatalf("error %v is no sentence about the file", err)
		}
		for _, row := range rows {
			for _, field := range row.Entry.Native {
				if row.Fault == "" && (strings.ContainsRune(field[1], 0) || !utf8.ValidString(field[0]+field[1])) || strings.ContainsRune(row.Fault, 0) || !utf8.ValidString(row.Fault) {
					t.Fatalf("what no database stores came through: %q, fault %q", field, row.Fault)
				}
			}
			if row.Fault == "" {
				checkRow(t, row)
			}
		}
	})
}

// checkRow writes a good row in all forms and reads it back.
func checkRow(t *testing.T, row tracker.Row) {
	t.Helper()
	if _, ok := tracker.ParseResource(row.Key.Resource()); !ok {
		t.Fatalf("the key %v gives no resource", row.Key)
	}
	for _, form := range (anilist.Format{}).Forms() {
		again, err := read(written(t, form, row.Key.Kind, []tracker.Entry{row.Entry}))
		if err != nil || len(again) != 1 || again[0].Fault != "" || again[0].Key != row.Key {
			t.Fatalf("%v was written as %s and came back as %v, error %v", row, form.Name, again, err)
		}
		if form.Name == "graphql" && !again[0].Entry.Equal(row.Entry) {
			t.Fatalf("%v was written and came back as %v", row.Entry, again[0].Entry)
		}
	}
}
