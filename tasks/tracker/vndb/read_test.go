package vndb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/vndb"
)

func read(document string) ([]tracker.Row, error) {
	var rows []tracker.Row
	err := vndb.Format{}.Read(tracker.InputOf("", document), func(r tracker.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// list makes an export of entries, with everything else that exports have.
func list(entries ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<vndb-export version="1.0" date="2026-05-04T00:00:00Z">
<user><name>alice</name><url>https://vndb.org/u2</url></user>
<labels><label id="1" label="Playing" private="false"/><label id="2" label="Finished" private="false"/><label id="10" label="Made up" private="true"/></labels>
<vns>` + strings.Join(entries, "\n") + `</vns>
<length-votes><vn id="v1" private="false"><title>No entry</title><minutes>600</minutes><notes/></vn></length-votes>
<reviews><review id="w1" spoiler="false"><vn id="v2">No entry</vn><text>Long</text></review></reviews>
</vndb-export>
`
}

func vn(id, more string) string { return `<vn id="` + id + `" private="false">` + more + `</vn>` }

const isFinished = `<label id="2" label="Finished"/>`

func TestAnEntryIsReadWithAllItSays(t *testing.T) {
	rows, err := read(list(`<vn id="v17" private="true"><title original="三">Made &amp; Up</title><label id="2" label="Finished"/><label id="10" label="Made  up"/><added>2020-01-01T00:00:00Z</added>
<modified>2021-01-01T00:00:00Z</modified><vote timestamp="2021-02-03T04:05:06Z">8.5</vote><started>2023-01-02</started><finished>2023-02-03</finished><notes>one
two</notes><release id="r12"><title>Trial</title><release-date>2010-01</release-date><status>Obtained</status><added>2020-01-01T00:00:00Z</added></release></vn>`))
	if err != nil || len(rows) != 1 || rows[0].Fault != "" {
		t.Fatalf("read %v, error %v, want one good row", rows, err)
	}
	want := tracker.Row{
		Key: tracker.RecordKey{Provider: tracker.VNDB, Kind: tracker.VisualNovel, NativeID: "v17"},
		Entry: tracker.Entry{
			Facts: tracker.Facts{
				Title: "Made & Up", Status: tracker.Done, Score: 85, Private: true, Notes: "one\ntwo",
				Start: tracker.Date{Year: 2023, Month: 1, Day: 2}, Finish: tracker.Date{Year: 2023, Month: 2, Day: 3},
			},
			Native: []tracker.Field{
				{"id", "v17"},
				{"private", "true"},
				{"title", "Made & Up"},
				{"title@original", "三"},
				{"labels", "2 public Finished\n10 private Made up"},
				{"added", "2020-01-01T00:00:00Z"},
				{"modified", "2021-01-01T00:00:00Z"},
				{"vote", "8.5"},
				{"vote@timestamp", "2021-02-03T04:05:06Z"},
				{"started", "2023-01-02"},
				{"finished", "2023-02-03"},
				{"notes", "one\ntwo"},
				{"other", "<release id=\"r12\"><title>Trial</title>\n<release-date>2010-01</release-date>\n<status>Obtained</status>\n<added>2020-01-01T00:00:00Z</added>\n</release>\n"},
			},
		},
	}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if got := rows[0].Key.Resource(); got != "visualNovels/vndb-v17" {
		t.Errorf("its resource is %s", got)
	}
}

func TestTheFurthestLabelIsTheStatus(t *testing.T) {
	label := map[string]string{"P": `<label id="1"/>`, "F": isFinished, "S": `<label id="3"/>`, "D": `<label id="4"/>`, "W": `<label id="5"/>`, "B": `<label id="6"/>`, "V": `<label id="7"/>`, "C": `<label id="10" label="Mine"/>`}
	tests := []struct {
		labels string
		want   tracker.Status
		says   string
	}{
		{"W", tracker.PlannedTo, ""},
		{"DW", tracker.Dropped, ""},
		{"WDS", tracker.Paused, ""},
		{"SDWP", tracker.Watching, ""},
		{"CPVF", tracker.Done, ""},
		{"BVW", tracker.PlannedTo, ""},
		{"B", "", "blacklist"},
		{"VB", "", "blacklist"},
		{"V", "", "only has a vote"},
		{"VC", "", "only has a vote"},
		{"C", "", "no label that says how far"},
		{"", "", "no label, so"},
	}
	for _, tt := range tests {
		t.Run(tt.labels, func(t *testing.T) {
			var labels string
			for _, l := range tt.labels {
				labels += label[string(l)]
			}
			rows, err := read(list(vn("v1", "<title>Made</title>"+labels)))
			if err != nil || len(rows) != 1 {
				t.Fatalf("read %v, error %v", rows, err)
			}
			r := rows[0]
			if r.Entry.Status != tt.want || r.Foreign != (tt.want == "") || (r.Fault == "") != (tt.want != "") || !strings.Contains(r.Fault, tt.says) {
				t.Errorf("status %q, skipped %v, reason %q", r.Entry.Status, r.Foreign, r.Fault)
			}
		})
	}
}

func TestABadEntryFailsAloneAndSaysWhy(t *testing.T) {
	tests := []struct{ name, entry, says string }{
		{"no id", `<vn private="false">` + isFinished + `</vn>`, "has no id"},
		{"another id", vn("r17", isFinished), `"r17" is none of VNDB's`},
		{"an id below 1", vn("v-3", isFinished), `"v-3" is none`},
		{"a vote too high", vn("v1", isFinished+"<vote>11</vote>"), `vote says "11"`},
		{"a vote of the other scale", vn("v1", isFinished+"<vote>85</vote>"), `vote says "85"`},
		{"a vote too low", vn("v1", isFinished+"<vote>0.5</vote>"), `vote says "0.5"`},
		{"a date that is none", vn("v1", isFinished+"<started>2024-02-31</started>"), `started says "2024-02-31"`},
		{"a title of a bad entry", vn("v1", "<title>Made</title>"+isFinished+"<finished>soon</finished>"), `Its title is "Made".`},
		{"no text", vn("v1", isFinished+"<notes>\x00</notes>"), "no text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := read(list(vn("v8", isFinished), tt.entry, vn("v9", isFinished)))
			if err != nil || len(rows) != 3 || rows[0].Fault != "" || rows[2].Fault != "" {
				t.Fatalf("read %v, error %v, want three rows of which the second is bad", rows, err)
			}
			if !strings.Contains(rows[1].Fault, tt.says) || !strings.HasSuffix(rows[1].Fault, ".") {
				t.Errorf("the fault is %q, want one that says %q", rows[1].Fault, tt.says)
			}
		})
	}
}

func TestLinesOfTheDumpOfVotesAreFinishedWithTheirVotes(t *testing.T) {
	rows, err := read("\ufeff17 2 85 2024-05-17\r\n\nv3\tu2\t100\t2020-01-01\n5 2 9 2020-01-01\nnonsense\n7 2 10 2020-13-01\n\x00\n6 2 10")
	if err != nil || len(rows) != 7 {
		t.Fatalf("read %d rows, error %v, want 7", len(rows), err)
	}
	want := tracker.Entry{Facts: tracker.Facts{Status: tracker.Done, Score: 85}, Native: []tracker.Field{{"id", "v17"}, {"vote", "8.5"}, {"vote@timestamp", "2024-05-17T00:00:00Z"}}}
	if diff := cmp.Diff(want, rows[0].Entry); diff != "" || rows[0].Key.NativeID != "v17" || rows[0].Note == "" {
		t.Errorf("the first vote is %+v (-want +got):\n%s", rows[0], diff)
	}
	if rows[1].Key.NativeID != "v3" || rows[1].Entry.Score != 100 || rows[6].Entry.Score != 10 {
		t.Errorf("the other votes are %+v and %+v", rows[1], rows[6])
	}
	for i, says := range map[int]string{2: "Line 4: the vote 9", 3: `Line 5 is "nonsense"`, 4: "Line 6: 2020-13-01 is no date", 5: "Line 7 holds bytes"} {
		if !strings.Contains(rows[i].Fault, says) {
			t.Errorf("row %d says %q, want %q", i, rows[i].Fault, says)
		}
	}
}

func TestHostileFilesAreRefusedInASentence(t *testing.T) {
	tests := []struct{ name, document, says string }{
		{"nothing", "", "looks like no list"},
		{"another provider's", "<myanimelist></myanimelist>", "a MyAnimeList export"},
		{"VNDB's JSON", `{"results":[{"id":"v17"}]}`, "VNDB's list as JSON (send the XML that the site exports), but holds no list in a form that can be read here"},
		{"a web page", "<!DOCTYPE html><html>", "web page"},
		{"a cut list", list(vn("v1", isFinished))[:400], "cut off"},
		{"entities", `<!DOCTYPE vndb-export [<!ENTITY a "b">]><vndb-export/>`, "declares entities"},
		{"a hundred levels", "<vndb-export><vns><vn id='v1'>" + strings.Repeat("<a>", 100), "nested more than 32 deep"},
		{"endless notes", "<vndb-export><vns><vn id='v1'><notes>" + strings.Repeat("x", 2<<20), "larger than 1 MB"},
		{"endless releases", "<vndb-export><vns><vn id='v1'>" + strings.Repeat("<release/>", 200000), "larger than 8 MB"},
		{"votes of several users", "17 2 85 2024-05-17\n17 3 85 2024-05-17\n", "u2, and u3 at line 2"},
		{"an endless line", "17 2 85 2024-05-17\n" + strings.Repeat("1", 100_000), "Line 2 is longer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(tt.document)
			var fault *tasks.Error
			if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.Contains(fault.Message, tt.says) {
				t.Errorf("error %v, want one of an unsupported format that says %q", err, tt.says)
			}
		})
	}
}
