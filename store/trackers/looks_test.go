package trackers_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// looking makes the arguments of an action without files.
func looking(pairs ...string) args {
	a := args{values: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		a.values[pairs[i]] = pairs[i+1]
	}
	return a
}

// did makes one activity on a day of January 2026.
func did(resource, platform string, day, from, to int, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"platform":%q,"resource":%q,"from":%d,"to":%d,"start":"2026-01-%02dT10:00:00Z","end":"2026-01-%02dT10:30:00Z"%s}`+"\n", platform, resource, from, to, day, day, more)
}

type continued struct {
	Resource, Title, State, Platform, Unit, At, Next, After, Tracker string
	Position, Length                                                 int64
}

func (b *bench) continues(account string, pairs ...string) []continued {
	b.tb.Helper()
	var doc struct{ Items []continued }
	must(b.tb, json.Unmarshal(b.do(account, "continue-watching", looking(pairs...)), &doc))
	return doc.Items
}

func names(items []continued) (list []string) {
	for _, i := range items {
		list = append(list, fmt.Sprintf("%s@%d", i.Resource, i.Position))
	}
	return list
}

func TestContinueWatchingGivesTheLastCheckpointOverPlatformsNewestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.tracks("alice", did("animes/7/episodes/1", "NETFLIX", 3, 0, 600, "")+
			did("animes/7/episodes/1", "CRUNCHYROLL", 5, 600, 900, "")+
			did("animes/7/episodes/1", "NETFLIX", 4, 0, 1200, "")+ // further, but before
			did("graphicNovels/2/chapters/9", "PAPER", 6, 0, 12, "")+
			did("animes/8/episodes/3", "NETFLIX", 1, 0, 100, ""))
		b.tracks("bob", did("animes/9/episodes/1", "NETFLIX", 9, 0, 600, ""))
		got := b.continues("alice")
		if diff := cmp.Diff([]string{"graphicNovels/2/chapters/9@12", "animes/7/episodes/1@900", "animes/8/episodes/3@100"}, names(got)); diff != "" {
			t.Fatalf("offered (-want +got):\n%s", diff)
		}
		if got[1].Platform != "CRUNCHYROLL" || got[1].At != "2026-01-05T10:30:00Z" || got[1].State != "IN_PROGRESS" || got[1].Unit != "seconds" || got[0].Unit != "pages" {
			t.Errorf("the checkpoints are %+v", got)
		}
		if limited := b.continues("alice", "limit", "2"); len(limited) != 2 || limited[1].Resource != "animes/7/episodes/1" {
			t.Errorf("limited to two: %v", names(limited))
		}
		if none := b.continues("carol"); len(none) != 0 {
			t.Errorf("somebody without activities is offered %v", names(none))
		}
	})
}

func TestContinueWatchingOffersWhatFollowsWhatWasFinished(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		regular := func(work string, n int) tracker.Part {
			return tracker.Part{Resource: fmt.Sprintf("%s/episodes/%d", work, 900+n), Type: tracker.RegularType, Ordinal: int64(n), Length: 1320}
		}
		must(t, b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{
			{Resource: "animes/7", Title: "Made", Regular: 4, Parts: []tracker.Part{
				regular("animes/7", 1), regular("animes/7", 2), {Resource: "animes/7/episodes/950", Type: "RECAP", Ordinal: 0, Length: 60}, regular("animes/7", 3), regular("animes/7", 4),
			}},
			{Resource: "animes/8", Regular: 3},
			{Resource: "animes/myanimelist-5", Regular: 12},
		}))
		b.tracks("alice", did("animes/7/episodes/902", "A", 2, 0, 1320, "")+ // done before, out of order
			did("animes/7/episodes/901", "A", 3, 0, 1320, ""))
		b.tracks("alice", did("animes/8/episodes/x", "A", 4, 0, 10, `"completed":true`)) // no place known: nothing follows
		b.tracks("alice", did("animes/myanimelist-5/episodes/3", "A", 5, 0, 10, `"completed":true`)+did("animes/myanimelist-5/episodes/4", "A", 1, 0, 10, `"completed":true`))
		b.tracks("alice", did("visualNovels/1", "A", 6, 0, 10, `"completed":true`))
		got := b.continues("alice")
		if diff := cmp.Diff([]string{"animes/myanimelist-5/episodes/5@0", "animes/7/episodes/903@0"}, names(got)); diff != "" {
			t.Fatalf("offered (-want +got):\n%s", diff)
		}
		if got[1].After != "animes/7/episodes/901" || got[1].Title != "Made" || got[1].Length != 1320 {
			t.Errorf("what follows is %+v", got[1])
		}
		b.tracks("alice", did("animes/7/episodes/903", "A", 1, 0, 30, "")) // begun long ago
		b.tracks("alice", did("animes/7/episodes/950", "A", 1, 0, 30, ""))
		got = b.continues("alice")
		if diff := cmp.Diff([]string{"animes/myanimelist-5/episodes/5@0", "animes/7/episodes/950@30", "animes/7/episodes/903@30"}, names(got)); diff != "" {
			t.Errorf("with a begun next part (-want +got):\n%s", diff)
		}
		if got[2].Next != "animes/7/episodes/904" || got[1].Next != "" {
			t.Errorf("after a regular part and after a recap comes %q and %q", got[2].Next, got[1].Next)
		}
	})
}

func TestContinueWatchingDoesNotOfferWhatAListCountsAsDone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.tracks("alice", did("animes/myanimelist-1/episodes/3", "A", 5, 0, 10, "")+did("animes/myanimelist-2/episodes/3", "A", 5, 0, 10, ""))
		b.imports("alice", listOf(anime(1, "On-Hold", el("my_watched_episodes", "10")), anime(2, "Completed", el("my_watched_episodes", "12"))))
		if diff := cmp.Diff([]string{"animes/myanimelist-1/episodes/11@0"}, names(b.continues("alice"))); diff != "" {
			t.Errorf("offered (-want +got):\n%s", diff)
		}
	})
}

type histogram struct {
	Resource, Title, Unit, Scope                  string
	Activities, Accounts, Length, End, Resolution int64
	Peak                                          *struct{ From, To, Count int64 }
	Buckets                                       []struct {
		From, To int64
		Count    float64
		Peak     int64
	}
}

func (b *bench) histogram(account string, pairs ...string) histogram {
	b.tb.Helper()
	var h histogram
	must(b.tb, json.Unmarshal(b.do(account, "histogram", looking(pairs...)), &h))
	return h
}

func (h histogram) counts() (list []float64) {
	for _, b := range h.Buckets {
		list = append(list, b.Count)
	}
	return list
}

func TestAHistogramCountsHowOftenEachSecondWasCovered(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		const ep = "animes/7/episodes/1"
		b.tracks("alice", did(ep, "A", 1, 0, 4, "")+did(ep, "B", 2, 2, 6, "")+did(ep, "A", 3, 2, 3, "")+did(ep, "A", 3, 5, 5, "")+did("animes/7/episodes/2", "A", 3, 0, 9, ""))
		b.tracks("bob", did(ep, "A", 1, 4, 8, ""))
		h := b.histogram("alice", "resource", ep)
		if diff := cmp.Diff([]float64{1, 1, 3, 2, 1, 1}, h.counts()); diff != "" {
			t.Errorf("seconds (-want +got):\n%s", diff)
		}
		if h.Activities != 4 || h.Accounts != 1 || h.Resolution != 1 || h.Peak == nil || h.Peak.From != 2 || h.Peak.To != 3 || h.Peak.Count != 3 || h.Unit != "seconds" {
			t.Errorf("the histogram is %+v", h)
		}
		everyone := b.histogram("alice", "resource", ep, "scope", "client", "resolution", "3")
		if diff := cmp.Diff([]float64{1.667, 2, 1}, everyone.counts()); diff != "" {
			t.Errorf("three seconds each, of everyone (-want +got):\n%s", diff)
		}
		if everyone.Accounts != 2 || everyone.Buckets[2].To != 8 || everyone.Buckets[0].Peak != 3 {
			t.Errorf("the histogram of everyone is %+v", everyone)
		}
		if h := b.histogram("alice", "resource", ep, "buckets", "2"); h.Resolution != 3 || len(h.Buckets) != 2 {
			t.Errorf("in two buckets: %+v", h)
		}
		other := b.newClient("second")
		raw, err := b.run(b.begin(other, "alice", "histogram"), looking("resource", ep, "scope", "client"))
		must(t, err)
		if !strings.Contains(string(raw), `"activities":0`) {
			t.Errorf("another client sees %s", raw)
		}
	})
}

func TestAHistogramFindsTheWorkThatANameLeavesOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for _, work := range []string{"graphicNovels/7", "graphicNovels/8"} {
			must(t, b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{{Resource: work, Title: "Made", Parts: []tracker.Part{
				{Resource: work + "/chapters/5", Type: tracker.RegularType, Length: 20},
				{Resource: work + "/chapters/1" + work[14:], Type: tracker.RegularType, Length: 20},
			}}}))
		}
		b.tracks("alice", did("graphicNovels/7/chapters/17", "A", 1, 0, 4, ""))
		h := b.histogram("alice", "resource", "graphicNovels/-/chapters/17")
		if h.Resource != "graphicNovels/7/chapters/17" || h.Unit != "pages" || h.End != 20 || len(h.Buckets) != 20 || h.Title != "Made" {
			t.Errorf("the histogram is %+v", h)
		}
		for name, says := range map[string]string{"graphicNovels/-/chapters/5": "Several works", "graphicNovels/-/chapters/6": "not known which work"} {
			if fault := b.refused("alice", "histogram", looking("resource", name)); fault.Code != tasks.CodeNotFound || !strings.Contains(fault.Message, says) {
				t.Errorf("%s: %v", name, fault)
			}
		}
	})
}

func TestAHistogramOfSomethingEndlessStaysSmall(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.tracks("alice", did("animes/7/episodes/1", "A", 1, 0, 1<<31-1, "")+did("animes/7/episodes/1", "A", 1, 1<<30, 1<<30+1, ""))
		h := b.histogram("alice", "resource", "animes/7/episodes/1")
		if len(h.Buckets) != 1000 || h.Peak.Count != 2 || h.Peak.From != 1<<30 {
			t.Errorf("%d buckets, peak %+v", len(h.Buckets), h.Peak)
		}
		fault := b.refused("alice", "histogram", looking("resource", "animes/7/episodes/1", "resolution", "1"))
		if fault.Field != "resolution" || !strings.Contains(fault.Message, "resolution=214749") {
			t.Errorf("too fine: %v", fault)
		}
	})
}

func TestLooksRefuseWhatTheyCannotDo(t *testing.T) {
	b := newBench(t, storetest.SQLite(t))
	for _, tt := range []struct {
		action string
		pairs  []string
		field  string
	}{
		{"continue-watching", []string{"limit", "0"}, "limit"},
		{"continue-watching", []string{"limit", "501"}, "limit"},
		{"histogram", []string{"resource", "episode 1"}, "resource"},
		{"histogram", []string{"resource", "animes/1", "format", "png"}, "format"},
		{"histogram", []string{"resource", "animes/1", "buckets", "10001"}, "buckets"},
		{"histogram", []string{"resource", "animes/1", "resolution", "-1"}, "resolution"},
		{"histogram", []string{"resource", "animes/1", "resolution", "1", "buckets", "1"}, tasks.AllFields},
		{"summary", []string{"months", "1201"}, "months"},
	} {
		fault := b.refused("alice", tt.action, looking(tt.pairs...))
		if fault.Code != tasks.CodeInvalidParameter || fault.Field != tt.field || !strings.HasSuffix(fault.Message, ".") {
			t.Errorf("%s %v: %v", tt.action, tt.pairs, fault)
		}
	}
}

func TestASummaryCountsStatesProvidersAndMonths(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching"), anime(2, "Completed"), anime(3, "Dropped"), anime(4, "Plan to Watch")))
		b.imports("alice", listOf(manga(1, "Reading")))
		b.tracks("alice", activity("animes/77", `"length":4000`)+did("animes/77", "A", 31, 0, 3600, "")+did("graphicNovels/1/chapters/1", "A", 31, 0, 25, ""))
		b.tracks("alice", strings.ReplaceAll(did("animes/myanimelist-1/episodes/1", "A", 1, 0, 1800, ""), "2026-01", "2025-10"))
		var got any
		must(t, json.Unmarshal(b.do("alice", "summary", looking()), &got))
		var want any
		must(t, json.Unmarshal([]byte(`{"account":"alice","trackers":7,"states":{"STATE_UNSPECIFIED":1,"IN_PROGRESS":4,"COMPLETED":1,"ON_HOLD":1},
			"providers":[
				{"provider":"myanimelist","kind":"anime","trackers":4,"states":{"STATE_UNSPECIFIED":1,"IN_PROGRESS":1,"COMPLETED":1,"ON_HOLD":1}},
				{"provider":"myanimelist","kind":"manga","trackers":1,"states":{"STATE_UNSPECIFIED":0,"IN_PROGRESS":1,"COMPLETED":0,"ON_HOLD":0}},
				{"provider":"","trackers":2,"states":{"STATE_UNSPECIFIED":0,"IN_PROGRESS":2,"COMPLETED":0,"ON_HOLD":0}}],
			"hours":1.87,"pages":25,"months":[{"month":"2025-10","hours":0.5,"pages":0},{"month":"2025-11","hours":0,"pages":0},{"month":"2025-12","hours":0,"pages":0},{"month":"2026-01","hours":1.37,"pages":25}]}`), &want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		if one := string(b.do("alice", "summary", looking("months", "1"))); !strings.Contains(one, `"months":[{"month":"2026-01","hours":1.37,"pages":25}]`) {
			t.Errorf("one month: %s", one)
		}
	})
}

func TestPicturesAreWellFormedAlsoOfNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.tracks("<alice> & co", did("animes/7/episodes/1", "A", 1, 600, 601, ""))
		for _, account := range []string{"<alice> & co", "nobody"} {
			for _, a := range []struct {
				action string
				args   args
			}{
				{"histogram", looking("resource", "animes/7/episodes/1", "format", "svg")},
				{"histogram", looking("resource", "animes/8", "format", "svg", "scope", "client")},
				{"summary", looking("format", "svg")},
			} {
				checkPicture(t, b.do(account, a.action, a.args))
			}
		}
	})
}

// checkPicture reads a picture as XML and looks for what it must have and must
// not have.
func checkPicture(t *testing.T, raw []byte) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(raw)))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v\n%s", err, raw)
		}
	}
	for _, want := range []string{`<svg xmlns="http://www.w3.org/2000/svg"`, `role="img"`, "<title id=", "<desc id=", "prefers-color-scheme:dark"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
	for _, bad := range []string{"<script", "href", "url(", "@import", "@font-face"} {
		if strings.Contains(string(raw), bad) {
			t.Errorf("the picture has %s", bad)
		}
	}
}
