package livetest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	fake "asapi/internal/testprovider/vndb"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/vndb"
)

const (
	vndbToken = "abcd-1234-of-alice"
	vndbBob   = "efgh-5678-of-bob"
)

// vndbStage is VNDB with its users.
type vndbStage struct {
	*scene
	site       *fake.Provider
	alice, bob *fake.User
}

func newVNDB(b *bench) *vndbStage {
	v := &vndbStage{scene: &scene{bench: b}, site: fake.New()}
	v.site.Now = v.clock.Now
	cfg := v.serve(v.site.Handler(), vndb.Rates)
	adapter, err := vndb.NewLive(cfg)
	v.must(err)
	v.offer(adapter)
	// What users call their own labels is numbered by each of them.
	v.alice = v.site.Add(vndbToken, "u17", fake.Label{ID: 10, Label: "Best"}, fake.Label{ID: 11, Label: "Quiet", Private: true})
	v.bob = v.site.Add(vndbBob, "u18", fake.Label{ID: 10, Label: "Quiet", Private: true}, fake.Label{ID: 12, Label: "Best"})
	v.alice.Labels[3].Private, v.bob.Labels[3].Private = true, true // Dropped
	for id, e := range []fake.Entry{
		1:  {Labels: []int64{1}, Started: "2024-05-17", Vote: 85},
		2:  {Labels: []int64{2, 10}, Started: "2021-01-01", Finished: "2021-12-24", Notes: "Read with <friends> & \"family\"", Vote: 100},
		3:  {Labels: []int64{1, 2, 3}}, // rivals
		4:  {Labels: []int64{4, 11}},
		5:  {Labels: []int64{5}},
		6:  {Labels: []int64{3}, Vote: 10},
		7:  {Labels: []int64{6}},
		8:  {Vote: 70},
		9:  {Labels: []int64{10}},
		10: {},
	} {
		if id > 0 {
			v.site.Put(v.alice, int64(id), fmt.Sprint("Made Up ", id), e)
		}
	}
	v.sign("alice", tracker.VNDB, tracker.Credentials{"token": vndbToken})
	return v
}

func vndbKey(id int64) string { return "vndb:visual-novel:v" + strconv.FormatInt(id, 10) }

func vndbScene(b *bench) *scene {
	v := newVNDB(b)
	s := v.scene
	s.site, s.provider, s.kinds, s.pace = &v.site.Gate, tracker.VNDB, []tracker.Kind{tracker.VisualNovel}, vndb.Rates[0].Every
	s.bob, s.secrets = tracker.Credentials{"token": vndbBob}, []string{vndbToken, vndbBob}
	s.counts = "6 created, 0 updated, 0 unchanged, 4 skipped, 0 failed"
	s.finished, s.begun, s.strange = vndbKey(1), vndbKey(5), "visualNovels/of-nobody"
	s.facts = map[string]tracker.Facts{
		vndbKey(1): {Title: "Made Up 1", Status: tracker.Watching, Score: 85, Start: tracker.Date{Year: 2024, Month: 5, Day: 17}},
		vndbKey(2): {Title: "Made Up 2", Status: tracker.Done, Score: 100, Notes: "Read with <friends> & \"family\"", Start: tracker.Date{Year: 2021, Month: 1, Day: 1}, Finish: tracker.Date{Year: 2021, Month: 12, Day: 24}},
		vndbKey(3): {Title: "Made Up 3", Status: tracker.Done},
		vndbKey(4): {Title: "Made Up 4", Status: tracker.Dropped, Private: true},
		vndbKey(5): {Title: "Made Up 5", Status: tracker.PlannedTo},
		vndbKey(6): {Title: "Made Up 6", Status: tracker.Paused, Score: 10},
	}
	s.writes = func() map[string]int {
		out := map[string]int{}
		for id, n := range v.site.Writes() {
			out[vndbKey(id)] = n
		}
		return out
	}
	s.list = func(who string) map[string]any {
		out := map[string]any{}
		u := map[string]*fake.User{"alice": v.alice, "bob": v.bob}[who]
		for id, e := range v.site.List(u) {
			var names []string
			for _, l := range u.Labels {
				for _, has := range e.Labels {
					if has == l.ID {
						names = append(names, l.Label)
					}
				}
			}
			out[vndbKey(id)] = []any{e.Vote, e.Started, e.Finished, e.Notes, names}
		}
		return out
	}
	s.fill = func(n int) {
		for id := range int64(n) {
			v.site.Put(v.alice, 1000+id, "Filled", fake.Entry{Labels: []int64{2}})
		}
	}
	s.revoke = func() { v.site.Revoke(vndbToken) }
	return s
}

func TestATokenOfVNDBThatMayNotSeePrivateEntriesIsRefused(t *testing.T) {
	t.Parallel()
	v := newVNDB(newBench(t))
	v.alice.Permissions = []string{"listwrite"}
	e := v.refused("alice", "export-to-provider", args("provider", "vndb"))
	if e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "listread") {
		t.Errorf("refused with %v", e)
	}
	v.alice.Permissions = []string{"listread"}
	r := v.do("alice", "import-from-provider", args("provider", "vndb"))
	v.finished, v.begun, v.strange = vndbKey(1), vndbKey(5), "visualNovels/of-nobody"
	v.turn(r)
	e = v.refused("alice", "export-to-provider", args("provider", "vndb"))
	if e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "listwrite") {
		t.Errorf("refused with %v", e)
	}
}

func TestWhatAProviderRefusesBesidesAnEntryIsToldInItsWords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := b.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("Too much data selected."))
	}), vndb.Rates)
	adapter, err := vndb.NewLive(cfg)
	b.must(err)
	b.offer(adapter)
	b.sign("alice", tracker.VNDB, tracker.Credentials{"token": "made-up"})
	e := b.refused("alice", "import-from-provider", args("provider", "vndb"))
	if e.Code != tasks.CodeUnavailable || !strings.Contains(e.Message, "Too much data selected.") {
		t.Errorf("it ended with %v", e)
	}
}

func TestAnEntryThatIsHiddenAtVNDBIsNeverShownToOthersByAnExport(t *testing.T) {
	t.Parallel()
	v := newVNDB(newBench(t))
	r := v.do("alice", "import-from-provider", args("provider", "vndb"))
	for _, item := range r.Items {
		if item.Key == vndbKey(4) { // Dropped and Quiet, both private
			_, err := v.library.UpdateTracker(t.Context(), v.client, item.Tracker, tracker.Draft{State: tracker.InProgress}, []string{"state"})
			v.must(err)
		}
	}
	r = v.do("alice", "export-to-provider", args("provider", "vndb"))
	if e := v.site.List(v.alice)[4]; r.Failed != 1 || !strings.Contains(r.raw, "would not be with the label Playing") || len(v.site.Writes()) != 0 || !slices.Equal(e.Labels, []int64{4, 11}) {
		t.Errorf("exported: %s, the labels are %v\n%s", r.counts(), e.Labels, r.raw)
	}
	v.alice.Labels[0].Private = true // Playing
	r = v.do("alice", "export-to-provider", args("provider", "vndb"))
	if e := v.site.List(v.alice)[4]; r.Updated != 1 || r.Failed != 0 || !slices.Equal(e.Labels, []int64{1, 11}) {
		t.Errorf("once the label is private: %s, the labels are %v\n%s", r.counts(), e.Labels, r.raw)
	}
	// Where all labels of bob are public, what is hidden here does not get there.
	v.bob.Labels[3].Private = false
	r = v.do("alice", "export-to-provider", args("provider", "vndb", "token", vndbBob))
	if _, there := v.site.List(v.bob)[4]; there || r.Failed != 1 {
		t.Errorf("to another account: %s\n%s", r.counts(), r.raw)
	}
}

func TestWhatVNDBCannotTakeIsToldAndNotSent(t *testing.T) {
	t.Parallel()
	v := newVNDB(newBench(t))
	v.do("alice", "import-trackers", withFile(args("provider", "vndb"), `<vndb-export version="1.0"><vns>
		<vn id="v5"><title>Made Up 5</title><label id="1" label="Playing"/><started>2024-05</started><notes>`+strings.Repeat("x", 2001)+`</notes></vn>
	</vns></vndb-export>`))
	v.site.Put(v.bob, 5, "Made Up 5", fake.Entry{Labels: []int64{5}})
	delete(v.bob.Entries, 5)
	r := v.do("alice", "export-to-provider", args("provider", "vndb", "token", vndbBob))
	if r.Created != 1 || !strings.Contains(r.raw, "2024-05 (started) was not sent") || !strings.Contains(r.raw, "up to 2000 characters") {
		t.Errorf("exported: %s", r.raw)
	}
	if e := v.site.List(v.bob)[5]; e.Started != "" || e.Notes != "" || len(e.Labels) != 1 {
		t.Errorf("the entry is %+v", e)
	}
	facts := v.bench.facts("alice", tracker.VNDB, tracker.VisualNovel)[vndbKey(5)]
	if facts.Start != (tracker.Date{Year: 2024, Month: 5}) || len(facts.Notes) != 2001 {
		t.Errorf("what was not sent is kept no more: %+v", facts)
	}
}
