package xref_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xref"
)

// works is a catalogue that notes what it is told.
type works struct {
	sayings     []tracker.Saying
	saved, kept []tracker.Work
}

func (w *works) References(context.Context, tasks.ClientID, []tracker.RecordKey) (*tracker.References, error) {
	return tracker.NewReferences(w.sayings), nil
}

func (w *works) SaveWorks(_ context.Context, _ tasks.ClientID, list []tracker.Work) error {
	w.saved = append(w.saved, list...)
	return nil
}

func (w *works) SetWorks(_ context.Context, _ tasks.ClientID, list []tracker.Work) error {
	w.kept = append(w.kept, list...)
	return nil
}

func loadCatalogue(t *testing.T, w *works, file string) (xref.CatalogueReport, error) {
	t.Helper()
	f := tasks.NewFile("catalogue", "", int64(len(file)), func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader([]byte(file))), nil
	})
	return xref.LoadCatalogue(t.Context(), w, 1, f, func(int64, int64) error { return nil })
}

func TestACatalogueOfOurOwnFormTellsWorksAndParts(t *testing.T) {
	w := &works{sayings: []tracker.Saying{{Rank: tracker.ForAll, Keys: []tracker.RecordKey{
		{Provider: tracker.MyAnimeList, Kind: tracker.Anime, NativeID: "7"}, {Provider: tracker.AniList, Kind: tracker.Anime, NativeID: "5"},
	}}}}
	report, err := loadCatalogue(t, w, `{"resource": "animes/77", "title": "Made Up", "parts": [{"id": "901", "ordinal": 1, "length": 1440}, {"id": "902", "type": "RECAP"}]}
{"resource": "animes/anilist-5", "regular": 12, "parts": [{"id": "3", "length": 60}]}
{"resource": "visualNovels/v1", "parts": [{"id": "3"}]}
{"resource": "animes/1/episodes/2"}
{"resource": "animes/1", "parts": [{"id": "3", "type": "EXTRA"}]}
{"resource": "animes/1", "parts": [{"id": "3"}, {"id": "3"}]}
{"resource": "animes/1", "parts": [{"id": "a/b"}]}
{"resource": 5}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []tracker.Work{
		{Resource: "animes/77", Title: "Made Up", Regular: 1, Parts: []tracker.Part{
			{Resource: "animes/77/episodes/901", Type: "REGULAR", Ordinal: 1, Length: 1440}, {Resource: "animes/77/episodes/902", Type: "RECAP"},
		}},
		{Resource: "animes/myanimelist-7", Regular: 12, Parts: []tracker.Part{{Resource: "animes/myanimelist-7/episodes/3", Type: "REGULAR", Length: 60}}},
	}
	if diff := cmp.Diff(want, w.kept); diff != "" {
		t.Errorf("works (-want +got):\n%s", diff)
	}
	refusals := []xref.Refusal{
		{Line: 3, Reason: "Works of visualNovels have no parts."},
		{Line: 4, Reason: `"animes/1/episodes/2" is no name of a work, such as animes/1245678.`},
		{Line: 5, Reason: `The part "3" has the type "EXTRA", which is not one of REGULAR, RECAP, PARODY, PROMO, SPECIAL, OPENING_ENDING, OTHER.`},
		{Line: 6, Reason: `The part "3" stands twice.`},
		{Line: 7, Reason: `"a/b" cannot be the id of a part: an id holds letters, digits and -_.~ only.`},
		{Line: 8, Reason: "The line is no JSON object with resource, title, regular and parts."},
	}
	if diff := cmp.Diff(xref.CatalogueReport{Rows: 8, Taken: 2, Refused: 6, Refusals: refusals}, report); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
}

func TestAnAnimeOfflineDatabaseTellsTitlesAndCounts(t *testing.T) {
	w := &works{}
	report, err := loadCatalogue(t, w, `{"data": [
{"sources": ["https://anilist.co/anime/2", "https://myanimelist.net/anime/1"], "title": "Made Up", "type": "TV", "episodes": 12},
{"sources": ["https://anilist.co/anime/3", "https://myanimelist.net/anime/4", "https://myanimelist.net/anime/5"], "title": "Two", "episodes": 24},
{"sources": ["https://kitsu.app/anime/3"], "title": "None"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []tracker.Work{
		{Resource: "animes/myanimelist-1", Title: "Made Up", Regular: 12},
		{Resource: "animes/anilist-2", Title: "Made Up", Regular: 12},
		{Resource: "animes/myanimelist-4", Title: "Two"},
		{Resource: "animes/myanimelist-5", Title: "Two"},
		{Resource: "animes/anilist-3", Title: "Two", Regular: 24},
	}
	if diff := cmp.Diff(want, w.saved); diff != "" {
		t.Errorf("works (-want +got):\n%s", diff)
	}
	if report.Rows != 3 || report.Taken != 2 || report.Unknown != 1 {
		t.Errorf("the report is %+v", report)
	}
}

func TestAFileOfIdsOnlyIsNoCatalogue(t *testing.T) {
	_, err := loadCatalogue(t, &works{}, fribb)
	want := "This file says nothing of works but their ids; load it with asapi crossref load."
	if faults := tasks.FaultsOf(err); len(faults) != 1 || faults[0].Message != want {
		t.Errorf("it ended with %v", err)
	}
}

func FuzzLoadCatalogue(f *testing.F) {
	f.Add(`{"resource": "animes/77", "title": "Made Up", "parts": [{"id": "901", "ordinal": 1}]}`)
	f.Add(offline)
	f.Add("{\"resource\"\n")
	f.Fuzz(func(t *testing.T, file string) {
		w := &works{}
		report, err := loadCatalogue(t, w, file)
		if err != nil && tasks.CodeOf(err) != tasks.CodeUnsupportedFormat {
			t.Fatalf("it ended with %v", err)
		}
		if err == nil && report.Taken+report.Unknown+report.Refused != report.Rows {
			t.Fatalf("the report does not add up: %+v", report)
		}
		for _, one := range w.kept {
			for _, p := range one.Parts {
				if !strings.HasPrefix(p.Resource, one.Resource+"/") {
					t.Fatalf("%s is a part of %s", p.Resource, one.Resource)
				}
			}
		}
	})
}
