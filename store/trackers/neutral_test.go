package trackers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// everything exports all that is kept of an account.
func (b *bench) everything(account string, more ...string) []byte {
	b.tb.Helper()
	a := args{values: map[string]string{"activities": "true"}}
	for i := 0; i+1 < len(more); i += 2 {
		a.values[more[i]] = more[i+1]
	}
	return b.do(account, "export-trackers", a)
}

var accountNames = regexp.MustCompile(`"tracker":"users/[^"]*"|"user":"[^"]*"`)

// nameless is a document without what two accounts cannot share.
func nameless(raw []byte) string { return accountNames.ReplaceAllString(string(raw), `"name":""`) }

func TestTheNeutralFormLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			from, to := fmt.Sprint("from", n), fmt.Sprint("to", n)
			older := b.newest()
			b.fill(from, someWholes(rt))
			first := b.everything(from)
			r := b.importsAs(to, first)
			if r.Created != r.Total {
				rt.Fatalf("the import into a fresh account: %s: %+v", r.counts(), r.Items)
			}
			if diff := cmp.Diff(nameless(first), nameless(b.everything(to))); diff != "" {
				rt.Fatalf("it came back otherwise (-first +second):\n%s", diff)
			}
			before := b.dumpAfter(older)
			for _, mode := range []string{"merge", "overwrite", "new-only"} {
				if r := b.importsAs(to, first, "mode", mode); r.Unchanged != r.Total {
					rt.Fatalf("imported again, mode=%s: %s: %+v", mode, r.counts(), r.Items)
				}
				if diff := cmp.Diff(before, b.dumpAfter(older)); diff != "" {
					rt.Fatalf("imported again, mode=%s, it wrote (-before +after):\n%s", mode, diff)
				}
			}
		})
	})
}

// someWholes draws trackers with all that may be kept of them.
func someWholes(t *rapid.T) []tracker.Whole {
	works := rapid.SliceOfNDistinct(rapid.IntRange(1, 30), 1, 4, rapid.ID).Draw(t, "works")
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "us")).UTC()
	})
	list := make([]tracker.Whole, 0, len(works))
	for _, id := range works {
		w := tracker.Whole{}
		w.Tracker.Resource = fmt.Sprintf("animes/anilist-%d", id)
		w.Tracker.State = tracker.State(rapid.Int8Range(0, 3).Draw(t, "state"))
		w.Tracker.FirstDone = rapid.Int64Range(0, 5).Draw(t, "first")
		if rapid.Bool().Draw(t, "started") {
			w.Tracker.Start = moment.Draw(t, "start")
			if rapid.Bool().Draw(t, "ended") {
				w.Tracker.End = w.Tracker.Start.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "took"))).Truncate(time.Microsecond)
			}
		}
		if w.Tracker.ByHand = rapid.Bool().Draw(t, "by hand"); w.Tracker.ByHand {
			w.Tracker.Percentage = rapid.Float64Range(0, 100).Draw(t, "percentage")
		}
		w.Work = tracker.Work{Title: rapid.StringMatching(`[a-zé<"& ]{0,9}`).Draw(t, "title"), Regular: rapid.Int64Range(0, 12).Draw(t, "regular")}
		for _, part := range rapid.SliceOfNDistinct(rapid.IntRange(1, 20), 0, 4, rapid.ID).Draw(t, "parts") {
			regular := rapid.Bool().Draw(t, "regular part")
			c := tracker.Completion{Resource: fmt.Sprintf("%s/episodes/%d", w.Tracker.Resource, part), Ordinal: rapid.Int64Range(0, 20).Draw(t, "ordinal"), Regular: regular}
			if rapid.Bool().Draw(t, "completed then") {
				c.At = moment.Draw(t, "at")
			}
			w.Completed = append(w.Completed, c)
		}
		if rapid.Bool().Draw(t, "listed") {
			facts := tracker.Facts{
				Status: rapid.SampledFrom([]tracker.Status{tracker.Watching, tracker.Done, tracker.Paused, tracker.Dropped, tracker.PlannedTo}).Draw(t, "status"),
				Score:  rapid.Int64Range(0, 100).Draw(t, "score"), Notes: rapid.StringN(0, 9, -1).Draw(t, "notes"), Private: rapid.Bool().Draw(t, "private"),
				Start: tracker.Date{Year: 2020, Month: rapid.IntRange(0, 12).Draw(t, "month")}, Seen: tracker.NumbersOf(rapid.SliceOfN(rapid.Int64Range(1, 9), 0, 5).Draw(t, "seen")),
			}
			facts.Progress = facts.Seen.Count()
			for _, p := range []tracker.Provider{tracker.AniList, tracker.AniDB} {
				w.Records = append(w.Records, tracker.Record{
					Key:   tracker.RecordKey{Provider: p, Kind: tracker.Anime, NativeID: fmt.Sprint(id)},
					Entry: tracker.Entry{Facts: facts, Native: []tracker.Field{{"id", fmt.Sprint(id)}, {"x", rapid.StringN(0, 9, -1).Draw(t, "native")}}},
				})
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "activities") {
			at := moment.Draw(t, "watched").AddDate(1, 0, 0)
			w.Activities = append(w.Activities, tracker.Repeated{
				Activity: tracker.Activity{Resource: w.Tracker.Resource + "/episodes/1", Platform: "TV", From: 0, To: 9, Start: at, End: at.Add(time.Minute)},
				Times:    rapid.Int64Range(1, 3).Draw(t, "times"),
			})
		}
		list = append(list, w)
	}
	return list
}

// fill makes trackers of an account as they are given.
func (b *bench) fill(account string, list []tracker.Whole) {
	b.tb.Helper()
	b.withLines(tracker.AniList, tracker.AniDB)
	task := b.begin(b.client, account, "import-trackers")
	_, err := b.trackers.Change(b.tb.Context(), tasks.Fence{Task: task.ID, Attempt: task.Attempt}, tracker.UserOf(b.client, account), tracker.Want{}, func(h *tracker.Held) error {
		for _, w := range list {
			t, _ := h.Tracker(w.Tracker.Resource)
			w.Tracker.Parent, w.Tracker.ID = t.Parent, 0
			*t = w.Tracker
			h.Learn(tracker.Work{Resource: t.Resource, Title: w.Work.Title, Regular: w.Work.Regular})
			for _, c := range w.Completed {
				c.Tracker = t
				h.Completions = append(h.Completions, c)
			}
			for _, r := range w.Records {
				h.Records[r.Key] = &tracker.Record{Key: r.Key, Tracker: t, Entry: r.Entry}
			}
			for _, a := range w.Activities {
				a.Tracker = t
				for range a.Times {
					h.Activities = append(h.Activities, a.Activity)
				}
			}
		}
		return nil
	})
	must(b.tb, err)
}

func TestATrackerKeepsTheIDThatItsOwnerChose(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.makes("users/from", tracker.Draft{Name: "users/from/trackers/mine", Resource: "animes/1"})
		b.makes("users/from", tracker.Draft{Resource: "animes/2"})
		document := b.everything("from")
		b.makes("users/taken", tracker.Draft{Name: "users/taken/trackers/mine", Resource: "animes/3"})
		for account, want := range map[string]string{"fresh": "animes/1", "taken": "animes/3"} {
			if r := b.importsAs(account, document); r.Created != 2 {
				t.Errorf("%s: %s", account, r.counts())
			}
			v, err := b.library.GetTracker(t.Context(), b.client, "users/"+account+"/trackers/mine")
			if err != nil || v.Resource != want {
				t.Errorf("%s: the id stands for %q: %v", account, v.Resource, err)
			}
			if again := b.importsAs(account, document); again.Unchanged != 2 {
				t.Errorf("%s, again: %s", account, again.counts())
			}
		}
		twice := strings.Replace(string(document), `"resource":"animes/2"`, `"id":"mine","resource":"animes/2"`, 1)
		if r := b.importsAs("twice", []byte(twice)); r.Created != 2 {
			t.Errorf("one id twice: %s", r.counts())
		}
		bad := strings.Replace(string(document), `"id":"mine"`, `"id":"a/b"`, 1)
		if r := b.importsAs("bad", []byte(bad)); r.Failed != 1 || r.Created != 1 {
			t.Errorf("an id that is none: %s", r.counts())
		}
	})
}

func TestTheNeutralFormIsAsItIsDocumented(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching", el("my_watched_episodes", "3"), el("my_start_date", "2024-05-00"), el("my_other", "kept"))))
		b.do("alice", "process-activities", doing(strings.Repeat(activity("animes/myanimelist-1/episodes/5", `"completed":true`), 2)))
		got := b.everything("alice")
		want := `{"format":"asapi-trackers","version":1,"user":"alice","total":1,"trackers":[
{"tracker":"users/alice/trackers/1","resource":"animes/myanimelist-1","regular":12,"state":"IN_PROGRESS","startTime":"2024-05-01T00:00:00Z",` +
			`"progressPercentage":33.333333333333336,"done":3,"completed":[{"resource":"animes/myanimelist-1/episodes/5","number":5,"regular":true,"time":"2026-01-02T10:22:00Z"}],` +
			`"records":[{"provider":"myanimelist","kind":"anime","id":"1","status":"watching","progress":3,"total":12,"start":{"y":2024,"m":5},` +
			`"native":[["series_animedb_id","1"],["series_episodes","12"],["my_status","Watching"],["my_watched_episodes","3"],["my_start_date","2024-05-00"],["my_other","kept"]]}],` +
			`"activities":[{"resource":"animes/myanimelist-1/episodes/5","platform":"NETFLIX","from":0,"to":1320,"start":"2026-01-02T10:00:00Z","end":"2026-01-02T10:22:00Z","times":2}]}
]}
`
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("the document (-want +got):\n%s", diff)
		}
	})
}

func TestATrackerWithVeryMuchGoesOnInFurtherElements(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		big := tracker.Whole{Tracker: tracker.Tracker{Resource: "animes/1", State: tracker.InProgress}}
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		for i := range 2500 {
			part := fmt.Sprintf("animes/1/episodes/%d", i+1)
			big.Completed = append(big.Completed, tracker.Completion{Resource: part, Regular: true, Ordinal: int64(i + 1), At: at})
			big.Activities = append(big.Activities, tracker.Repeated{Activity: tracker.Activity{Resource: part, Platform: "TV", To: 3, Start: at, End: at}, Times: 2})
		}
		b.fill("alice", []tracker.Whole{big, {Tracker: tracker.Tracker{Resource: "animes/2"}}})
		first := b.everything("alice")
		var doc struct {
			Total    int
			Trackers []struct {
				Continued, More       bool
				Completed, Activities []any
			}
		}
		must(t, json.Unmarshal(first, &doc))
		if doc.Total != 2 || len(doc.Trackers) < 6 {
			t.Errorf("the document says %d trackers and has %d elements", doc.Total, len(doc.Trackers))
		}
		for i, e := range doc.Trackers {
			if len(e.Completed) > 1000 || len(e.Activities) > 1000 || e.Continued != (i > 0 && doc.Trackers[i-1].More) {
				t.Errorf("element %d is %v, %v with %d and %d", i, e.Continued, e.More, len(e.Completed), len(e.Activities))
			}
		}
		for i, mode := range []string{"merge", "overwrite", "new-only"} {
			to := fmt.Sprint("to", i)
			dry := b.importsAs(to, first, "mode", mode, "dry_run", "true")
			r := b.importsAs(to, first, "mode", mode)
			if diff := cmp.Diff(outcomes(r), outcomes(dry)); diff != "" {
				t.Errorf("the dry run told otherwise (-real +dry):\n%s", diff)
			}
			if r.Created != 2 || r.Updated != r.Total-2 {
				t.Errorf("%s: %s", mode, r.counts())
			}
			if nameless(first) != nameless(b.everything(to)) {
				t.Errorf("%s: it came back otherwise", mode)
			}
			if again := b.importsAs(to, first, "mode", mode); again.Unchanged != again.Total {
				t.Errorf("%s, imported again: %s", mode, again.counts())
			}
		}
	})
}

func TestMergingANeutralDocumentTakesNothingBack(t *testing.T) {
	const file = `{"format":"asapi-trackers","version":1,"trackers":[
		{"resource":"animes/1","state":"IN_PROGRESS","startTime":"2020-01-01T00:00:00Z","done":2,"completed":[{"resource":"animes/1/episodes/9","number":9,"regular":true}]},
		{"resource":"animes/2","state":"COMPLETED","endTime":"2020-02-01T00:00:00Z","done":12,"progressPercentage":70,"setByHand":true}]}`
	onBoth(t, func(t *testing.T, b *bench) {
		start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		b.fill("alice", []tracker.Whole{
			{Tracker: tracker.Tracker{Resource: "animes/1", State: tracker.Completed, Start: start, FirstDone: 5}, Completed: []tracker.Completion{{Resource: "animes/1/episodes/8", Ordinal: 8, Regular: true}}},
			{Tracker: tracker.Tracker{Resource: "animes/2", State: tracker.OnHold, FirstDone: 1}},
		})
		b.importsAs("alice", []byte(file))
		all := b.all("alice")
		if got := all["animes/1"]; got.State != tracker.Completed || !got.Start.Equal(start) || got.FirstDone != 5 || got.Counted != 2 {
			t.Errorf("the further tracker is %+v", got)
		}
		if got := all["animes/2"]; got.State != tracker.Completed || got.FirstDone != 12 || got.End.Year() != 2020 || !got.ByHand || got.Percentage != 70 {
			t.Errorf("the tracker that goes on is %+v", got)
		}
		b.importsAs("alice", []byte(file), "mode", "overwrite")
		if got := b.all("alice")["animes/1"]; got.State != tracker.InProgress || got.FirstDone != 2 || got.Start.Year() != 2020 || got.Counted != 1 {
			t.Errorf("the overwritten tracker is %+v", got)
		}
	})
}

func TestABadElementFailsAloneAndABadDocumentChangesNothing(t *testing.T) {
	good := `{"resource":"animes/1","state":"IN_PROGRESS"}`
	onBoth(t, func(t *testing.T, b *bench) {
		list := []string{
			good,
			`7`, `{}`, `{"resource":"animes/1/episodes/2","state":"IN_PROGRESS"}`, `{"resource":"animes/2","state":"SLEEPING"}`, `{"resource":"animes/2","state":"COMPLETED","startTime":"x"}`,
			`{"resource":"animes/2","state":"COMPLETED","startTime":"2020-01-02T00:00:00Z","endTime":"2020-01-01T00:00:00Z"}`, `{"resource":"animes/2","state":"COMPLETED","done":-1}`,
			`{"resource":"animes/2","state":"COMPLETED","setByHand":true,"progressPercentage":101}`, `{"resource":"animes/2","state":"COMPLETED","completed":[{"resource":"animes/3/episodes/1"}]}`,
			`{"resource":"animes/2","state":"COMPLETED","records":[{"provider":"nobody","kind":"anime","id":"1","status":"watching"}]}`,
			`{"resource":"animes/2","state":"COMPLETED","records":[{"provider":"anidb","kind":"anime","id":"1","status":"sleeping"}]}`,
			`{"resource":"animes/2","state":"COMPLETED","records":[{"provider":"anidb","kind":"anime","id":"a\u0000","status":"watching"}]}`,
			`{"resource":"animes/2","state":"COMPLETED","activities":[{"resource":"animes/2","platform":"","from":0,"to":1,"start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:00:00Z"}]}`,
			`{"resource":"animes/2","state":"COMPLETED","activities":[{"resource":"animes/2","platform":"x","from":0,"to":1,"start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:00:00Z","times":9999999}]}`,
		}
		doc := `{"format":"asapi-trackers","version":1,"later":{"x":[1]},"trackers":[` + strings.Join(list, ",") + `],"more":1}`
		r := b.importsAs("alice", []byte(doc))
		if r.Created != 1 || r.Failed != len(list)-1 {
			t.Errorf("the import: %s: %+v", r.counts(), r.Items)
		}
		for i, item := range r.Items[1:] {
			if !strings.Contains(item.Reason, fmt.Sprintf("Tracker %d of the document: ", i+2)) {
				t.Errorf("item %d has the reason %q", i+1, item.Reason)
			}
		}
		for name, bad := range map[string]string{
			"cut off": doc[:len(doc)-12], "no trackers": `{"format":"asapi-trackers","version":1}`, "another version": `{"format":"asapi-trackers","version":2,"trackers":[` + good + `]}`,
			"something behind": doc + "x", "no JSON": `{"format":"asapi-trackers","trackers":[` + good + `,}`, "another form": `{"trackers":[` + good + `]}`,
			"empty": `{"format":"asapi-trackers","version":1,"trackers":[]}`, "deep": `{"format":"asapi-trackers","trackers":[` + strings.Repeat("[", 1e5), "nothing": " ",
			"a huge element": `{"format":"asapi-trackers","trackers":[{"resource":"` + string(bytes.Repeat([]byte("a"), 20<<20)) + `"}]}`,
		} {
			fault := b.refused("bob", "import-trackers", importingAs([]byte(bad), "provider", "neutral"))
			if fault.Code != tasks.CodeUnsupportedFormat {
				t.Errorf("%s: %v", name, fault)
			}
		}
		if len(b.all("bob")) != 0 {
			t.Error("a bad document left trackers")
		}
	})
}

func TestANeutralExportOfOneProviderHasItsTrackersOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching")))
		b.imports("alice", listOf(manga(1, "Reading")))
		b.do("alice", "process-activities", doing(activity("animes/9/episodes/1", "")))
		for _, tt := range []struct {
			more []string
			want string
		}{
			{nil, "animes/myanimelist-1 graphicNovels/myanimelist-1 animes/9"},
			{[]string{"format", "json"}, "animes/myanimelist-1 graphicNovels/myanimelist-1 animes/9"},
			{[]string{"provider", "myanimelist", "format", "json"}, "animes/myanimelist-1 graphicNovels/myanimelist-1"},
			{[]string{"provider", "myanimelist", "format", "json", "kind", "manga"}, "graphicNovels/myanimelist-1"},
			{[]string{"kind", "anime"}, "animes/myanimelist-1 animes/9"},
		} {
			var doc struct {
				Total    int
				Trackers []struct{ Resource string }
			}
			must(t, json.Unmarshal(b.everything("alice", tt.more...), &doc))
			var got []string
			for _, e := range doc.Trackers {
				got = append(got, e.Resource)
			}
			if strings.Join(got, " ") != tt.want || doc.Total != len(got) {
				t.Errorf("%v: %d, %v, want %s", tt.more, doc.Total, got, tt.want)
			}
		}
		if fault := b.refused("alice", "export-trackers", args{values: map[string]string{"format": "xml"}}); fault.Field != "provider" {
			t.Errorf("a provider's form without a provider: %v", fault)
		}
		if fault := b.refused("nobody", "export-trackers", args{}); fault.Code != tasks.CodeNotFound {
			t.Errorf("an account without trackers: %v", fault)
		}
	})
}

func TestAnImportOfANeutralDocumentIsPutBackWithItsActivities(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.do("alice", "process-activities", doing(activity("animes/1/episodes/1", `"completed":true`)+activity("animes/2/episodes/1", "")))
		document := b.everything("alice")
		b.do("bob", "process-activities", doing(activity("animes/1/episodes/2", `"completed":true`)))
		before := b.content()
		task := b.imported("bob", document)
		if r := b.undoes("bob", task); r.Updated != 2 {
			t.Errorf("put back: %s: %+v", r.counts(), r.Items)
		}
		if diff := cmp.Diff(before, b.content()); diff != "" {
			t.Errorf("put back (-before +after):\n%s", diff)
		}
	})
}
