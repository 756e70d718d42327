package tracker_test

import (
	"testing"
	"time"

	"asapi/tasks/tracker"
)

func TestResourcesAreNamedAsThePublishedAPIDoes(t *testing.T) {
	tests := []struct {
		name, work, part string
		ok, any          bool
	}{
		{"animes/7", "animes/7", "", true, false},
		{"animes/myanimelist-41457/episodes/12", "animes/myanimelist-41457", "episodes/12", true, false},
		{"graphicNovels/a.b_c~d/chapters/1", "graphicNovels/a.b_c~d", "chapters/1", true, false},
		{"lightNovels/1/chapters/2", "lightNovels/1", "chapters/2", true, false},
		{"visualNovels/17", "visualNovels/17", "", true, false},
		{"animes/-/episodes/5", "animes/-", "episodes/5", true, true},
		{"animes/-", "", "", false, false},
		{"animes/1/episodes/-", "", "", false, false},
		{"visualNovels/17/chapters/1", "", "", false, false},
		{"animes/1/chapters/1", "", "", false, false},
		{"films/1", "", "", false, false},
		{"animes/", "", "", false, false},
		{"animes/a b", "", "", false, false},
		{"animes/a\x00", "", "", false, false},
		{"animes/1/episodes", "", "", false, false},
		{"", "", "", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, ok := tracker.ParseResource(tt.name)
			if ok != tt.ok {
				t.Fatalf("parsed: %v, want %v", ok, tt.ok)
			}
			if !ok {
				return
			}
			if res.Work() != tt.work || (res.IsPart() && res.Part() != tt.part) || res.AnyWork() != tt.any || res.String() != tt.name {
				t.Errorf("work %q, part %q, any %v, name %q", res.Work(), res.Part(), res.AnyWork(), res)
			}
		})
	}
}

func TestAPlaceAmongRegularOnesIsTakenOnlyWhereTheNameTellsIt(t *testing.T) {
	tests := []struct {
		name    string
		regular int64
		want    int64
	}{
		{"animes/myanimelist-1/episodes/3", 0, 3},
		{"animes/myanimelist-1/episodes/30", 12, 0},
		{"animes/1/episodes/3", 12, 3},
		{"animes/1/episodes/3", 0, 0},
		{"animes/1/episodes/98765", 12, 0},
		{"animes/myanimelist-1/episodes/S1", 12, 0},
	}
	for _, tt := range tests {
		res, _ := tracker.ParseResource(tt.name)
		if got := res.Ordinal(tt.regular); got != tt.want {
			t.Errorf("the place of %s among %d is %d, want %d", tt.name, tt.regular, got, tt.want)
		}
	}
}

func TestProgressCountsEachRegularPartOnce(t *testing.T) {
	work := tracker.Work{Regular: 12}
	tests := []struct {
		name    string
		tracker tracker.Tracker
		work    tracker.Work
		want    float64
		known   bool
	}{
		{"the first six", tracker.Tracker{State: tracker.InProgress, FirstDone: 6}, work, 50, true},
		{"the first three and three beyond", tracker.Tracker{State: tracker.InProgress, FirstDone: 3, Counted: 4, Beyond: 3}, work, 50, true},
		{"places unknown", tracker.Tracker{State: tracker.InProgress, FirstDone: 3, Counted: 6}, work, 50, true},
		{"more than there are", tracker.Tracker{State: tracker.InProgress, FirstDone: 30}, work, 100, true},
		{"completed, count unknown", tracker.Tracker{State: tracker.Completed}, tracker.Work{}, 100, true},
		{"planned, count unknown", tracker.Tracker{}, tracker.Work{}, 0, true},
		{"begun, count unknown", tracker.Tracker{State: tracker.InProgress, FirstDone: 3}, tracker.Work{}, 0, false},
		{"set by hand", tracker.Tracker{State: tracker.InProgress, FirstDone: 3, Percentage: 80, ByHand: true}, work, 80, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, known := tt.tracker.Progress(tt.work); got != tt.want || known != tt.known {
				t.Errorf("progress is %v (known: %v), want %v (known: %v)", got, known, tt.want, tt.known)
			}
		})
	}
}

func TestAListEntryShowsAsATracker(t *testing.T) {
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name  string
		facts tracker.Facts
		want  tracker.Visible
	}{
		{"watching", tracker.Facts{Status: tracker.Watching, Progress: 3, Total: 12, Start: tracker.Date{Year: 2024, Month: 5}}, tracker.Visible{State: tracker.InProgress, Done: 3, Start: day(2024, 5, 1)}},
		{"completed with nothing counted", tracker.Facts{Status: tracker.Done, Total: 12}, tracker.Visible{State: tracker.Completed, Done: 12}},
		{"dropped", tracker.Facts{Status: tracker.Dropped, Progress: 3}, tracker.Visible{State: tracker.OnHold, Done: 3}},
		{"planned with a date", tracker.Facts{Status: tracker.PlannedTo, Start: tracker.Date{Year: 2024}}, tracker.Visible{}},
		{"a repeat", tracker.Facts{Status: tracker.Done, Repeating: true, Progress: 4, Total: 24}, tracker.Visible{State: tracker.Completed, Done: 24}},
		{"more than there are", tracker.Facts{Status: tracker.Watching, Progress: 40, Total: 12}, tracker.Visible{State: tracker.InProgress, Done: 12}},
		{
			"a finish less precise than the start",
			tracker.Facts{Status: tracker.Done, Start: tracker.Date{Year: 2021, Month: 4, Day: 23}, Finish: tracker.Date{Year: 2021}},
			tracker.Visible{State: tracker.Completed, Start: day(2021, 4, 23), End: day(2021, 4, 23)},
		},
		{
			"a finish before the start",
			tracker.Facts{Status: tracker.Done, Start: tracker.Date{Year: 2021, Month: 4, Day: 23}, Finish: tracker.Date{Year: 2020, Month: 1, Day: 1}},
			tracker.Visible{State: tracker.Completed, Start: day(2021, 4, 23)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tracker.VisibleOf(tt.facts); got != tt.want {
				t.Errorf("it shows as %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAnAccountNameWithASlashStaysOneSegment(t *testing.T) {
	if got := tracker.UserOf(1, "a/b c"); got.Parent != "users/a%2Fb%20c" {
		t.Errorf("the parent is %q", got.Parent)
	}
}
