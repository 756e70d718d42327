package tracker_test

import (
	"testing"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/mangadex"
	"asapi/tasks/tracker/mangaupdates"
	"asapi/tasks/tracker/myanimelist"
	"asapi/tasks/tracker/vndb"
)

func TestWhatIsHiddenIsShownOnlyWhenAListSaysSo(t *testing.T) {
	votes := tracker.Entry{Facts: tracker.Facts{Status: tracker.Done, Score: 85}, Native: []tracker.Field{{"id", "v17"}, {"vote", "8.5"}}}
	for _, tt := range []struct {
		name   string
		format tracker.Format
		given  func(f tracker.Format) tracker.Entry
		hidden bool
	}{
		{"AniList says each", anilist.Format{}, blank("7"), false},
		{"a VNDB export says each", vndb.Format{}, blank("v17"), false},
		{"VNDB's votes do not", vndb.Format{}, func(tracker.Format) tracker.Entry { return votes }, true},
		{"AniDB never", anidb.Format{}, blank("7"), true},
		{"MyAnimeList never", myanimelist.Format{}, blank("7"), true},
		{"MangaDex never", mangadex.Format{}, blank("0b1f2c3d-0000-4000-8000-00000000abcd"), true},
		{"MangaUpdates never", mangaupdates.Format{}, blank("7"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given := tt.given(tt.format)
			old := given
			old.Private = true
			old = tt.format.Conform(old)
			for how, rule := range map[string]func(tracker.Format, tracker.Entry, tracker.Entry) tracker.Entry{"merge": tracker.Merge, "overwrite": tracker.Overwrite} {
				if got := rule(tt.format, old, given); got.Private != tt.hidden {
					t.Errorf("%s: private is %t, want %t", how, got.Private, tt.hidden)
				}
				if got := rule(tt.format, given, old); !got.Private {
					t.Errorf("%s: what is hidden now stays shown", how)
				}
			}
		})
	}
}

func blank(id string) func(tracker.Format) tracker.Entry {
	return func(f tracker.Format) tracker.Entry {
		return f.Blank(f.Kinds()[0], id, tracker.Facts{Status: tracker.Watching})
	}
}
