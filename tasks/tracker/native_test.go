package tracker_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"asapi/tasks/tracker"
)

func TestEveryNativeIDMakesAResourceThatNamesItAlone(t *testing.T) {
	kinds := []tracker.Kind{tracker.Anime, tracker.Manga, tracker.VisualNovel}
	seen := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.StringN(1, -1, 500), rapid.StringMatching(`[0-9a-f~/-]{1,40}`)).Draw(t, "id")
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		key := tracker.RecordKey{Provider: tracker.MangaUpdates, Kind: kind, NativeID: id}
		res, ok := tracker.ParseResource(key.Resource())
		if !ok || res.IsPart() || len(key.Resource()) > 180 {
			t.Fatalf("the id %q makes %q", id, key.Resource())
		}
		if other, known := seen[key.Resource()]; known && other != id {
			t.Fatalf("%q and %q make the same resource", id, other)
		}
		seen[key.Resource()] = id
		back, ok := tracker.NativeID(key.Resource(), tracker.MangaUpdates, kind)
		if ok && back != id || !ok && !strings.Contains(key.Resource(), "~~") {
			t.Fatalf("%q came back as %q (%v)", id, back, ok)
		}
	})
}

func TestIDsThatNeedNoEscapingStandForThemselves(t *testing.T) {
	for _, tt := range []struct {
		key        tracker.RecordKey
		collection string
		want       string
	}{
		{tracker.RecordKey{Provider: tracker.MyAnimeList, Kind: tracker.Anime, NativeID: "41457"}, "", "animes/myanimelist-41457"},
		{tracker.RecordKey{Provider: tracker.MangaDex, Kind: tracker.Manga, NativeID: "0b1f2c3d-0000-4000-8000-00000000abcd"}, "", "graphicNovels/mangadex-0b1f2c3d-0000-4000-8000-00000000abcd"},
		{tracker.RecordKey{Provider: tracker.AniList, Kind: tracker.Manga, NativeID: "7"}, "lightNovels", "lightNovels/anilist-7"},
		{tracker.RecordKey{Provider: tracker.VNDB, Kind: tracker.VisualNovel, NativeID: "v17"}, "", "visualNovels/vndb-v17"},
		{tracker.RecordKey{Provider: tracker.MangaUpdates, Kind: tracker.Manga, NativeID: "a b~é"}, "", "graphicNovels/mangaupdates-a~20b~7E~C3~A9"},
	} {
		if got := tt.key.ResourceIn(tt.collection); got != tt.want {
			t.Errorf("%v makes %q, want %q", tt.key, got, tt.want)
		}
		if id, ok := tracker.NativeID(tt.want, tt.key.Provider, tt.key.Kind); !ok || id != tt.key.NativeID {
			t.Errorf("%q came back as %q", tt.want, id)
		}
	}
	if id, ok := tracker.NativeID("animes/anilist-7", tracker.MyAnimeList, tracker.Anime); ok {
		t.Errorf("another provider's resource gave the id %q", id)
	}
}
