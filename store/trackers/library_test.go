package trackers_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

var (
	january = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	march   = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
)

// makes creates a tracker that must be taken.
func (b *bench) makes(parent string, d tracker.Draft) tracker.View {
	b.tb.Helper()
	v, err := b.library.CreateTracker(b.tb.Context(), b.client, parent, d)
	must(b.tb, err)
	return v
}

// teach lets the catalogue know works of n regular episodes and a recap.
func (b *bench) teach(resource string, n int) {
	b.tb.Helper()
	w := tracker.Work{Resource: resource, Title: "Made Up", Regular: int64(n)}
	for i := range n {
		w.Parts = append(w.Parts, tracker.Part{Resource: resource + "/episodes/" + string(rune('a'+i)), Type: tracker.RegularType, Ordinal: int64(i + 1), Length: 1320})
	}
	w.Parts = append(w.Parts, tracker.Part{Resource: resource + "/episodes/recap", Type: "RECAP", Length: 1320})
	must(b.tb, b.trackers.SaveWorks(b.tb.Context(), b.client, []tracker.Work{w}))
}

// wantFaults checks that err names just these fields.
func wantFaults(t *testing.T, err error, code tasks.Code, fields ...string) {
	t.Helper()
	var got []string
	for _, e := range tasks.FaultsOf(err) {
		got = append(got, e.Field)
		if e.Code != code {
			t.Errorf("the fault %v has the code %s, want %s", e, e.Code, code)
		}
	}
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Errorf("the faults are not of the fields (-want +got):\n%s", diff)
	}
}

func TestATrackerIsCreatedFoundAndDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.teach("animes/7", 4)
		made := b.makes("users/alice", tracker.Draft{
			Resource: "animes/7", State: tracker.InProgress, Start: january, End: march,
			Completed: []string{"animes/7/episodes/a", "animes/7/episodes/recap"},
		})
		got, err := b.library.GetTracker(ctx, b.client, made.Name())
		must(t, err)
		if diff := cmp.Diff(made, got); diff != "" {
			t.Errorf("what was found is not what was made:\n%s", diff)
		}
		if p, _ := got.Percent(); p != 25 || got.State != tracker.InProgress || !got.Start.Equal(january) || !got.End.Equal(march) {
			t.Errorf("the tracker is %+v", got)
		}
		if diff := cmp.Diff([]string{"animes/7/episodes/a", "animes/7/episodes/recap"}, got.Completed); diff != "" {
			t.Error(diff)
		}
		if err := b.store.FindAccount(ctx, tasks.Account{Client: b.client, Service: tracker.Slug, Username: "alice"}); err != nil {
			t.Errorf("the first write did not make the account: %v", err)
		}
		must(t, b.library.DeleteTracker(ctx, b.client, made.Name()))
		_, err = b.library.GetTracker(ctx, b.client, made.Name())
		wantFaults(t, err, tasks.CodeNotFound, "name")
		wantFaults(t, b.library.DeleteTracker(ctx, b.client, made.Name()), tasks.CodeNotFound, "name")
		if b.count("tracker_completed") != 0 {
			t.Error("completed resources of a deleted tracker are kept")
		}
	})
}

func TestThereIsOneTrackerForAParentAndAResource(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.makes("users/alice", tracker.Draft{Resource: "animes/7"})
		b.makes("users/bob", tracker.Draft{Resource: "animes/7"})
		_, err := b.library.CreateTracker(t.Context(), b.client, "users/alice", tracker.Draft{Resource: "animes/7"})
		wantFaults(t, err, tasks.CodeUnique, "resource")
	})
}

func TestACallerMayGiveATrackerAnIDOfItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		v := b.makes("users/alice", tracker.Draft{Name: "users/alice/trackers/mine-1", Resource: "animes/7"})
		if v.Name() != "users/alice/trackers/mine-1" {
			t.Errorf("the tracker is called %s", v.Name())
		}
		_, err := b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{Name: "users/alice/trackers/mine-1", Resource: "animes/8"})
		wantFaults(t, err, tasks.CodeUnique, "name")
		for _, name := range []string{"users/bob/trackers/x", "users/alice/trackers/a b", "mine"} {
			_, err := b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{Name: name, Resource: "animes/9"})
			wantFaults(t, err, tasks.CodeInvalid, "name")
		}
		// The number that the server would make next is taken by a name.
		next := v.ID + 2
		taken := b.makes("users/alice", tracker.Draft{Name: (&tracker.Tracker{Parent: "users/alice", ID: next}).Name(), Resource: "animes/10"})
		other := b.makes("users/alice", tracker.Draft{Resource: "animes/11"})
		if taken.Name() == other.Name() {
			t.Errorf("two trackers are called %s", taken.Name())
		}
		for _, want := range []tracker.View{taken, other} {
			got, err := b.library.GetTracker(ctx, b.client, want.Name())
			must(t, err)
			if got.Resource != want.Resource {
				t.Errorf("%s is the tracker of %s, want %s", want.Name(), got.Resource, want.Resource)
			}
		}
	})
}

func TestAllFaultsOfATrackerAreToldAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		_, err := b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{
			Resource: "animes/7/episodes/1", State: 9, Start: time.Date(1066, 1, 1, 0, 0, 0, 0, time.UTC), Percentage: new(math.NaN()), Name: "x",
		})
		wantFaults(t, err, tasks.CodeInvalid, "state", "start_time", "progress_percentage", "resource", "name")
		_, err = b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{Resource: "animes/7", Start: march, End: january})
		wantFaults(t, err, tasks.CodeInvalid, "end_time")
		_, err = b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{State: 9, Start: march, End: january, Percentage: new(101.0), Resource: "animes/"})
		wantFaults(t, err, tasks.CodeInvalid, "state", "end_time", "progress_percentage", "resource")
		_, err = b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{Resource: "animes/7", Completed: []string{"animes/8/episodes/1"}})
		wantFaults(t, err, tasks.CodeInvalid, "completed_resources")
		_, err = b.library.CreateTracker(ctx, b.client, "nobody/alice", tracker.Draft{Resource: "animes/7"})
		wantFaults(t, err, tasks.CodeInvalid, "parent")
		_, err = b.library.CreateTracker(ctx, b.client, "audiences/none", tracker.Draft{Resource: "animes/7"})
		wantFaults(t, err, tasks.CodeNotFound, "audience")
		if n := b.count("trackers"); n != 0 {
			t.Errorf("%d trackers are kept", n)
		}
	})
}

func TestAnUpdateSetsTheFieldsOfItsMask(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.teach("animes/7", 4)
		made := b.makes("users/alice", tracker.Draft{Resource: "animes/7", State: tracker.InProgress, Start: january})
		name := made.Name()
		update := func(d tracker.Draft, mask ...string) tracker.View {
			t.Helper()
			v, err := b.library.UpdateTracker(ctx, b.client, name, d, mask)
			must(t, err)
			return v
		}
		full := tracker.Draft{
			Resource: "animes/elsewhere", State: tracker.OnHold, Start: march, End: march, Percentage: new(12.5), Completed: []string{"animes/7/episodes/a"},
		}
		v := update(full, "state")
		if v.State != tracker.OnHold || !v.Start.Equal(january) || v.ByHand || len(v.Completed) != 0 {
			t.Errorf("a mask of the state gave %+v", v)
		}
		if v = update(full, "progressPercentage", "startTime"); !v.ByHand || v.Percentage != 12.5 || !v.Start.Equal(march) || !v.End.IsZero() {
			t.Errorf("a mask of two fields gave %+v", v)
		}
		if v = update(full); len(v.Completed) != 1 || !v.End.Equal(march) || v.Resource != "animes/7" {
			t.Errorf("no mask gave %+v", v)
		}
		if p, known := v.Percent(); !known || p != 12.5 {
			t.Errorf("set by hand, the progress is %v", p)
		}
		if v = update(tracker.Draft{State: tracker.InProgress}, "*"); v.ByHand || !v.Start.IsZero() || len(v.Completed) != 0 || v.Counted != 0 || v.Beyond != 0 {
			t.Errorf("* gave %+v", v)
		}
		if p, known := v.Percent(); !known || p != 0 {
			t.Errorf("not set by hand, the progress is %v, known %v", p, known)
		}
	})
}

func TestAnUpdateRefusesWhatCannotBe(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made := b.makes("users/alice", tracker.Draft{Resource: "animes/7", Start: march})
		for _, c := range []struct {
			d     tracker.Draft
			mask  []string
			code  tasks.Code
			field string
		}{
			{tracker.Draft{}, []string{"states"}, tasks.CodeInvalid, "update_mask"},
			{tracker.Draft{}, []string{"*", "state"}, tasks.CodeInvalid, "update_mask"},
			{tracker.Draft{Resource: "animes/8"}, []string{"resource"}, tasks.CodeInvalid, "resource"},
			{tracker.Draft{Name: "users/alice/trackers/other"}, []string{"name"}, tasks.CodeInvalid, "name"},
			{tracker.Draft{End: january}, []string{"end_time"}, tasks.CodeInvalid, "end_time"},
			{tracker.Draft{Percentage: new(100.5)}, []string{"progress_percentage"}, tasks.CodeInvalid, "progress_percentage"},
			{tracker.Draft{Percentage: new(-0.5)}, nil, tasks.CodeInvalid, "progress_percentage"},
			{tracker.Draft{State: -1}, []string{"state"}, tasks.CodeInvalid, "state"},
			{tracker.Draft{Completed: []string{"animes/-/episodes/1"}}, []string{"completed_resources"}, tasks.CodeInvalid, "completed_resources"},
		} {
			_, err := b.library.UpdateTracker(ctx, b.client, made.Name(), c.d, c.mask)
			wantFaults(t, err, c.code, c.field)
		}
		got, err := b.library.GetTracker(ctx, b.client, made.Name())
		must(t, err)
		if diff := cmp.Diff(made, got); diff != "" {
			t.Errorf("refused updates changed the tracker:\n%s", diff)
		}
	})
}

func TestAllRegularPartsCompletedByHandCompleteTheTracker(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.teach("animes/7", 2)
		v := b.makes("users/alice", tracker.Draft{Resource: "animes/7", Completed: []string{"animes/7/episodes/a", "animes/7/episodes/recap"}})
		if p, _ := v.Percent(); v.State != tracker.Unspecified || p != 50 {
			t.Errorf("with one of two regular ones it is %+v", v)
		}
		v, err := b.library.UpdateTracker(t.Context(), b.client, v.Name(), tracker.Draft{Completed: []string{"animes/7/episodes/a", "animes/7/episodes/b"}}, []string{"completed_resources"})
		must(t, err)
		if p, _ := v.Percent(); v.State != tracker.Completed || p != 100 || len(v.Completed) != 2 || v.End.IsZero() {
			t.Errorf("with both it is %+v", v)
		}
	})
}

func TestVisualNovelsAreSetByHand(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		must(t, b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{{Resource: "visualNovels/7", Regular: 3}}))
		v := b.makes("users/alice", tracker.Draft{Resource: "visualNovels/7", State: tracker.InProgress})
		if _, known := v.Percent(); known {
			t.Error("the progress was computed")
		}
		v, err := b.library.UpdateTracker(t.Context(), b.client, v.Name(), tracker.Draft{Percentage: new(40.0)}, []string{"progress_percentage"})
		must(t, err)
		if p, known := v.Percent(); !known || p != 40 {
			t.Errorf("the progress is %v", p)
		}
	})
}

func TestTheTreeOfProgressHasANodeForEveryPart(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.teach("animes/7", 2)
		v := b.makes("users/alice", tracker.Draft{Resource: "animes/7", Completed: []string{"animes/7/episodes/a", "animes/7/episodes/recap"}})
		got, err := b.library.ComputeTracker(t.Context(), b.client, v.Name())
		must(t, err)
		one, none := tracker.Indicator{Max: 1, Value: 1, Ratio: 1, Threshold: 1}, tracker.Indicator{Max: 1, Threshold: 1}
		half := tracker.Indicator{Max: 2, Value: 1, Ratio: 0.5, Threshold: 2}
		want := tracker.Node{Indicator: half, Nodes: map[string]tracker.Node{
			"REGULAR": {Indicator: half, Nodes: map[string]tracker.Node{"episodes/a": {Indicator: one}, "episodes/b": {Indicator: none}}},
			"RECAP":   {Indicator: one, Nodes: map[string]tracker.Node{"episodes/recap": {Indicator: one}}},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnActivityIsCreatedAndDeletedAndItsCompletionStays(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.teach("animes/7", 2)
		b.teach("animes/8", 2) // has parts of the same names
		v := b.makes("users/alice", tracker.Draft{Resource: "animes/7"})
		deed := tracker.Deed{Activity: tracker.Activity{Resource: "animes/-/episodes/a", Platform: "NETFLIX", To: 1320, Start: january, End: march}}
		var names []string
		for range 2 { // a repeat is kept
			name, kept, err := b.library.CreateActivity(ctx, b.client, v.Name(), deed)
			must(t, err)
			if kept.Resource != "animes/7/episodes/a" || kept.Platform != "NETFLIX" || !strings.HasPrefix(name, v.Name()+"/activities/") {
				t.Errorf("%s is %+v", name, kept)
			}
			names = append(names, name)
		}
		if names[0] == names[1] || b.count("activities") != 2 {
			t.Errorf("the repeat is called %v", names)
		}
		for _, name := range names {
			must(t, b.library.DeleteActivity(ctx, b.client, name))
			wantFaults(t, b.library.DeleteActivity(ctx, b.client, name), tasks.CodeNotFound, "name")
		}
		v, err := b.library.GetTracker(ctx, b.client, v.Name())
		must(t, err)
		if b.count("activities") != 0 || len(v.Completed) != 1 || v.State != tracker.InProgress {
			t.Errorf("after all, the tracker is %+v", v)
		}
		deed.Resource = "animes/8/episodes/a"
		_, _, err = b.library.CreateActivity(ctx, b.client, v.Name(), deed)
		wantFaults(t, err, tasks.CodeInvalid, "resource")
		_, _, err = b.library.CreateActivity(ctx, b.client, v.Name(), tracker.Deed{Activity: tracker.Activity{From: 3, To: 2}})
		wantFaults(t, err, tasks.CodeInvalid, "resource", "platform", "to", "start_time", "end_time")
	})
}

func TestTypesOfPartsAreThoseOfTheirCollection(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for part, kinds := range map[string][]string{
			"animes/7/episodes/":        {"REGULAR", "RECAP", "PARODY", "PROMO", "SPECIAL", "OPENING_ENDING", "OTHER"},
			"graphicNovels/7/chapters/": {"REGULAR", "EXTRA"},
		} {
			res, _ := tracker.ParseResource(part + "1")
			save := func(kind string) error {
				return b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{{Resource: res.Work(), Parts: []tracker.Part{{Resource: part + "1", Type: kind}}}})
			}
			for _, kind := range kinds {
				must(t, save(kind))
			}
			for _, kind := range []string{"", "regular", "OVA", map[bool]string{true: "EXTRA", false: "RECAP"}[res.Parts == "episodes"]} {
				wantFaults(t, save(kind), tasks.CodeInvalid, "type")
			}
		}
	})
}
