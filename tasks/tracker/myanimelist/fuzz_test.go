package myanimelist_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		list(entry("")), list(entry("<my_comments><![CDATA[a\r\nb]]></my_comments>")), "<myanimelist>", "", "\xef\xbb\xbf<myanimelist></myanimelist>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><myanimelist/>", "<?xml version=\"1.0\" encoding=\"latin1\"?><a/>", "<myanimelist><anime><a\x00/></anime></myanimelist>",
		list("<manga><manga_mangadb_id>1</manga_mangadb_id><my_status>2</my_status></manga>"), "<a:myanimelist xmlns:a='b'/>", "<myanimelist>\xff\xfe</myanimelist>",
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
				if strings.ContainsRune(field[1], 0) || !utf8.ValidString(field[1]) || strings.ContainsRune(row.Fault, 0) {
					t.Fatalf("what no database stores came through: %q, fault %q", field, row.Fault)
				}
			}
			if row.Fault == "" {
				checkRow(t, row)
			}
		}
	})
}

// checkRow writes a good row and reads it back.
func checkRow(t *testing.T, row tracker.Row) {
	t.Helper()
	if _, ok := tracker.ParseResource(row.Key.Resource()); !ok {
		t.Fatalf("the key %v gives no resource", row.Key)
	}
	again, err := read(written(t, row.Key.Kind, []tracker.Entry{row.Entry}))
	if err != nil || len(again) != 1 || again[0].Fault != "" || again[0].Entry.Facts != row.Entry.Facts {
		t.Fatalf("%v was written and came back as %v, error %v", row, again, err)
	}
}
