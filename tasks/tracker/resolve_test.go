package tracker_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker"
)

func anime(p tracker.Provider, id int) tracker.RecordKey {
	return tracker.RecordKey{Provider: p, Kind: tracker.Anime, NativeID: fmt.Sprint(id)}
}

func said(rank tracker.Rank, keys ...tracker.RecordKey) tracker.Saying {
	return tracker.Saying{Rank: rank, Keys: keys}
}

var (
	mal = func(id int) tracker.RecordKey { return anime(tracker.MyAnimeList, id) }
	al  = func(id int) tracker.RecordKey { return anime(tracker.AniList, id) }
	adb = func(id int) tracker.RecordKey { return anime(tracker.AniDB, id) }
)

// resources lists what ids stand for.
func resources(sayings []tracker.Saying, keys ...tracker.RecordKey) []string {
	refs := tracker.NewReferences(sayings)
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = refs.Of(k).Resource
	}
	return list
}

func TestIdsThatAreOneToOneStandForOneWork(t *testing.T) {
	cases := []struct {
		name    string
		sayings []tracker.Saying
		keys    []tracker.RecordKey
		want    []string
	}{
		{"nothing is said", nil, []tracker.RecordKey{mal(1), al(1)}, []string{"animes/myanimelist-1", "animes/anilist-1"}},
		{
			"a row names three",
			[]tracker.Saying{said(tracker.ForAll, mal(1), al(2), adb(3))},
			[]tracker.RecordKey{adb(3), al(2), mal(1)},
			[]string{"animes/myanimelist-1", "animes/myanimelist-1", "animes/myanimelist-1"},
		},
		{
			"two rows reach each other",
			[]tracker.Saying{said(tracker.ForAll, al(2), adb(3)), said(tracker.ForAll, al(2), mal(1))},
			[]tracker.RecordKey{adb(3)},
			[]string{"animes/myanimelist-1"},
		},
		{
			"one at AniDB is two elsewhere",
			[]tracker.Saying{said(tracker.ForAll, mal(1), al(1), adb(9)), said(tracker.ForAll, mal(2), al(2), adb(9))},
			[]tracker.RecordKey{adb(9), al(1), al(2)},
			[]string{"animes/anidb-9", "animes/myanimelist-1", "animes/myanimelist-2"},
		},
		{
			"a list is not heard against a file",
			[]tracker.Saying{said(tracker.FromList, mal(1), al(5)), said(tracker.ForAll, mal(1), al(1))},
			[]tracker.RecordKey{al(5), al(1)},
			[]string{"animes/anilist-5", "animes/myanimelist-1"},
		},
		{
			"a client's own file stands above all others",
			[]tracker.Saying{said(tracker.ForClient, mal(1), al(5)), said(tracker.ForAll, mal(1), al(1))},
			[]tracker.RecordKey{al(5), al(1)},
			[]string{"animes/myanimelist-1", "animes/anilist-1"},
		},
		{
			"two files of a rank contradict each other",
			[]tracker.Saying{said(tracker.ForAll, mal(1), al(5)), said(tracker.ForAll, mal(1), al(1))},
			[]tracker.RecordKey{al(5), al(1)},
			[]string{"animes/anilist-5", "animes/anilist-1"},
		},
		{
			"a chain ends at a second id of a provider",
			[]tracker.Saying{said(tracker.ForAll, mal(1), al(1)), said(tracker.ForAll, al(1), adb(1)), said(tracker.ForAll, adb(1), mal(2))},
			[]tracker.RecordKey{mal(1), al(1), adb(1), mal(2)},
			[]string{"animes/myanimelist-1", "animes/anilist-1", "animes/anidb-1", "animes/myanimelist-2"},
		},
		{
			"a list cannot tear apart what files join",
			[]tracker.Saying{said(tracker.ForAll, mal(1), al(1)), said(tracker.FromList, al(1), adb(1)), said(tracker.FromList, adb(1), mal(2))},
			[]tracker.RecordKey{mal(1), al(1), adb(1)},
			[]string{"animes/myanimelist-1", "animes/myanimelist-1", "animes/anidb-1"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, resources(c.sayings, c.keys...)); diff != "" {
				t.Errorf("works (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnOldIdStandsForWhatItsNewIdStandsFor(t *testing.T) {
	manga := func(p tracker.Provider, id string) tracker.RecordKey {
		return tracker.RecordKey{Provider: p, Kind: tracker.Manga, NativeID: id}
	}
	refs := tracker.NewReferences([]tracker.Saying{
		{Rank: tracker.ForAll, Alias: true, Keys: []tracker.RecordKey{manga(tracker.MangaUpdates, "42"), manga(tracker.MangaUpdates, "72977336805")}},
		said(tracker.FromList, manga(tracker.MyAnimeList, "7"), manga(tracker.MangaUpdates, "42")),
	})
	for _, id := range []string{"42", "72977336805"} {
		got := refs.Of(manga(tracker.MangaUpdates, id))
		if got.Resource != "graphicNovels/myanimelist-7" || len(got.Apart) != 0 {
			t.Errorf("%s stands for %+v, want graphicNovels/myanimelist-7", id, got)
		}
		if found, _ := got.Find(tracker.MangaUpdates); found.NativeID != "72977336805" {
			t.Errorf("its id at MangaUpdates is %s, want the new one", found.NativeID)
		}
	}
}

func TestAWorkLivesWhereOneOfItsListsSays(t *testing.T) {
	novel := tracker.RecordKey{Provider: tracker.AniList, Kind: tracker.Manga, NativeID: "5"}
	same := tracker.RecordKey{Provider: tracker.MyAnimeList, Kind: tracker.Manga, NativeID: "7"}
	s, ok := tracker.Claim{Key: novel, Collection: "lightNovels", Same: []tracker.RecordKey{same}}.Saying()
	if !ok {
		t.Fatal("the claim says nothing")
	}
	if diff := cmp.Diff([]string{"lightNovels/myanimelist-7", "lightNovels/myanimelist-7"}, resources([]tracker.Saying{s}, same, novel)); diff != "" {
		t.Error(diff)
	}
}

func TestWhyAWorkIsKeptApartIsSaid(t *testing.T) {
	refs := tracker.NewReferences([]tracker.Saying{said(tracker.ForAll, mal(1), adb(9)), said(tracker.ForAll, mal(2), adb(9))})
	want := "The references are not one to one, so it is kept apart from MyAnimeList 1, MyAnimeList 2."
	if got := refs.Of(adb(9)).Reason(); got != want {
		t.Errorf("the reason is %q, want %q", got, want)
	}
	if got := refs.Of(mal(3)).Reason(); got != "" {
		t.Errorf("the reason of an id that nothing is said about is %q", got)
	}
}

// anySayings draws rows about few ids, so that they contradict each other.
func anySayings(t *rapid.T) []tracker.Saying {
	id := rapid.IntRange(1, 6)
	provider := rapid.SampledFrom([]tracker.Provider{tracker.MyAnimeList, tracker.AniList, tracker.AniDB})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tracker.Saying {
		s := tracker.Saying{Rank: tracker.Rank(rapid.IntRange(0, 2).Draw(t, "rank"))}
		for range rapid.IntRange(2, 4).Draw(t, "ids") {
			s.Keys = append(s.Keys, anime(provider.Draw(t, "provider"), id.Draw(t, "id")))
		}
		return s
	}), 0, 14).Draw(t, "sayings")
}

func TestNeitherOrderNorRepetitionOfSayingsMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sayings := anySayings(t)
		shuffled := append(append([]tracker.Saying{}, sayings...), sayings...)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		one, two := tracker.NewReferences(sayings), tracker.NewReferences(shuffled)
		for _, s := range sayings {
			for _, k := range s.Keys {
				a := one.Of(k)
				if diff := cmp.Diff(a, two.Of(k)); diff != "" {
					t.Fatalf("%v (-in order +shuffled):\n%s", k, diff)
				}
				providers := map[tracker.Provider]bool{}
				for _, member := range a.Keys {
					if providers[member.Provider] {
						t.Fatalf("%v has two ids of one provider: %v", k, a.Keys)
					}
					providers[member.Provider] = true
					if b := one.Of(member); b.Resource != a.Resource {
						t.Fatalf("%v is %s, its fellow %v is %s", k, a.Resource, member, b.Resource)
					}
				}
			}
		}
	})
}
