package trackers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xref"
)

// rehome moves all that is to be moved.
func (b *bench) rehome() {
	b.tb.Helper()
	service, _ := b.catalog.Service(tracker.Slug)
	for more := true; more; {
		var err error
		more, err = service.Upkeep(b.tb.Context())
		must(b.tb, err)
	}
}

// aniEntry is an entry of an AniList answer, which does not tell other ids.
func aniEntry(id int, status string, progress int, started string) string {
	return fmt.Sprintf(`{"mediaId":%d,"status":%q,"progress":%d,"startedAt":%s,"completedAt":{"year":null,"month":null,"day":null},"media":{"type":"ANIME","title":{"romaji":"Made Up"},"episodes":12}}`, id, status, progress, started)
}

func answerOf(entries ...string) []byte {
	return []byte(`{"data":{"MediaListCollection":{"lists":[{"name":"All","isCustomList":false,"entries":[` + strings.Join(entries, ",") + `]}]}}}`)
}

const unset = `{"year":null,"month":null,"day":null}`

func (b *bench) importsAniList(account string, file []byte) report {
	b.tb.Helper()
	return b.report(b.do(account, "import-trackers", listFile("anilist", "answer.json", file)))
}

// shown tells what trackers show, by resource.
func (b *bench) shown(account string) map[string]string {
	b.tb.Helper()
	found := map[string]string{}
	for name, t := range b.all(account) {
		found[name] = fmt.Sprintf("%v %d done, %s to %s", t.State, t.Done(), day(t.Start), day(t.End))
	}
	return found
}

func day(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format(time.DateOnly)
}

const oneWork = `[{"mal_id": 7, "anilist_id": 5, "kitsu_id": 1}]`

func finished(resource string, day int) string {
	return fmt.Sprintf(`{"platform":"P","resource":%q,"from":0,"to":10,"start":"2026-01-%02dT10:00:00Z","end":"2026-01-%02dT10:22:00Z","completed":true}`, resource, day, day)
}

func TestAMappingThatArrivesLaterMergesWhatWasKeptApart(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(7, "Watching", el("my_watched_episodes", "4"), el("my_start_date", "2025-12-03"), el("series_episodes", "12"))))
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, `{"year":2025,"month":12,"day":1}`)))
		b.do("alice", "process-activities", doing(finished("animes/anilist-5/episodes/8", 5)+"\n"+finished("animes/anilist-5/episodes/3", 6)+"\n"+finished("animes/myanimelist-7/episodes/9", 7)+"\n"+finished("animes/myanimelist-7/episodes/8", 8)))
		b.importsAniList("bob", answerOf(aniEntry(5, "PAUSED", 2, unset)))
		before := b.all("alice")
		if len(before) != 2 {
			t.Fatalf("alice has %v before, want two trackers", before)
		}
		b.load(xref.Everyone, oneWork)
		b.rehome()
		want := map[string]string{"animes/myanimelist-7": "IN_PROGRESS 8 done, 2025-12-01 to ?"}
		if diff := cmp.Diff(want, b.shown("alice")); diff != "" {
			t.Errorf("alice's trackers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{"animes/myanimelist-7": "ON_HOLD 2 done, ? to ?"}, b.shown("bob")); diff != "" {
			t.Errorf("bob's trackers (-want +got):\n%s", diff)
		}
		kept := b.strings("SELECT c.resource FROM tracker_completed c JOIN trackers t ON t.id = c.tracker_id WHERE t.parent = 'users/alice' ORDER BY 1")
		if diff := cmp.Diff([]string{"animes/myanimelist-7/episodes/3", "animes/myanimelist-7/episodes/8", "animes/myanimelist-7/episodes/9"}, kept); diff != "" {
			t.Errorf("completed resources (-want +got):\n%s", diff)
		}
		activities := b.strings("SELECT a.resource FROM activities a JOIN trackers t ON t.id = a.tracker_id ORDER BY 1")
		if diff := cmp.Diff([]string{"animes/myanimelist-7/episodes/3", "animes/myanimelist-7/episodes/8", "animes/myanimelist-7/episodes/8", "animes/myanimelist-7/episodes/9"}, activities); diff != "" {
			t.Errorf("activities (-want +got):\n%s", diff)
		}
		if got := b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, `{"year":2025,"month":12,"day":1}`))); got.Unchanged != 1 {
			t.Errorf("the list imported again: %s", got.counts())
		}
		gone := before["animes/anilist-5"]
		if diff := cmp.Diff([]string{fmt.Sprint(gone.ID)}, b.strings("SELECT old FROM tracker_redirects")); diff != "" {
			t.Errorf("redirects (-want +got):\n%s", diff)
		}
	})
}

// strings reads one column.
func (b *bench) strings(statement string) (list []string) {
	b.tb.Helper()
	must(b.tb, b.store.DB().Gorm(b.tb.Context()).Raw(statement).Scan(&list).Error)
	return list
}

func TestLoadingAgainMovesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, unset)))
		b.load(xref.Everyone, oneWork)
		b.rehome()
		before := b.strings("SELECT updated_at FROM trackers")
		b.load(xref.Everyone, oneWork)
		if more, err := b.trackers.Rehome(t.Context()); more || err != nil {
			t.Errorf("there is more to do: %v, %v", more, err)
		}
		if diff := cmp.Diff(before, b.strings("SELECT updated_at FROM trackers")); diff != "" {
			t.Errorf("trackers were written (-before +after):\n%s", diff)
		}
	})
}

func TestAMappingThatIsTakenBackPartsTheEntriesAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(7, "Watching", el("my_watched_episodes", "4"))))
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, unset)))
		apart := b.shown("alice")
		b.load(xref.Everyone, oneWork)
		b.rehome()
		if got := b.resources("alice"); len(got) != 1 {
			t.Fatalf("alice has %v, want one tracker", got)
		}
		b.load(xref.Everyone, `[{"mal_id": 8, "anilist_id": 5, "kitsu_id": 1}, {"mal_id": [7, 9], "anidb_id": 5, "kitsu_id": 1}]`)
		b.rehome()
		want := map[string]string{"animes/myanimelist-7": apart["animes/myanimelist-7"], "animes/myanimelist-8": apart["animes/anilist-5"]}
		if diff := cmp.Diff(want, b.shown("alice")); diff != "" {
			t.Errorf("trackers (-want +got):\n%s", diff)
		}
	})
}

func TestWorksThatAreNotOneToOneAreKeptApartAndTheItemSaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.load(xref.Everyone, `[{"mal_id": [7, 8], "anilist_id": 5, "kitsu_id": 1}]`)
		b.imports("alice", listOf(anime(7, "Watching"), anime(8, "Watching")))
		got := b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, unset)))
		if want := "The references are not one to one, so it is kept apart from MyAnimeList 7, MyAnimeList 8."; got.Created != 1 || got.Items[0].Reason != want {
			t.Errorf("%s, because %q, want it created and %q", got.counts(), got.Items[0].Reason, want)
		}
		if diff := cmp.Diff([]string{"animes/anilist-5", "animes/myanimelist-7", "animes/myanimelist-8"}, b.resources("alice")); diff != "" {
			t.Errorf("trackers (-want +got):\n%s", diff)
		}
	})
}

// ending is a context that ends after it was looked at so many times.
type ending struct {
	context.Context
	left atomic.Int64
	end  context.CancelFunc
}

func endingAfter(t *testing.T, looks int) *ending {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	e := &ending{Context: ctx, end: cancel}
	e.left.Store(int64(looks))
	return e
}

func (e *ending) Done() <-chan struct{} {
	if e.left.Add(-1) <= 0 {
		e.end()
	}
	return e.Context.Done()
}

func TestAMoveOfManyActivitiesCanBeInterruptedAnywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		const many = 11_000
		lines := make([]string, many)
		for i := range lines {
			lines[i] = strings.Replace(finished("animes/anilist-5/episodes/3", 1+i%28), `,"completed":true`, "", 1)
		}
		b.do("alice", "process-activities", doing(strings.Join(lines, "\n")))
		b.imports("bob", listOf(anime(7, "Watching")))
		b.do("bob", "process-activities", doing(strings.Join(lines[:9000], "\n")))
		b.load(xref.Everyone, oneWork)
		killed := 0
		for more := true; more; {
			ctx := endingAfter(t, 20+10*killed)
			var err error
			if more, err = b.trackers.Rehome(ctx); err != nil {
				killed, more = killed+1, true
			}
		}
		if killed < 3 {
			t.Errorf("the move was interrupted only %d times", killed)
		}
		for account, want := range map[string]string{"alice": "11000", "bob": "9000"} {
			if diff := cmp.Diff([]string{"animes/myanimelist-7"}, b.resources(account)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", account, diff)
			}
			got := b.strings("SELECT COUNT(*) FROM activities a JOIN trackers t ON t.id = a.tracker_id WHERE a.resource = 'animes/myanimelist-7/episodes/3' AND t.parent = 'users/" + account + "'")
			if diff := cmp.Diff([]string{want}, got); diff != "" {
				t.Errorf("activities of %s (-want +got):\n%s", account, diff)
			}
		}
	})
}

func TestAudiencesTrackersMoveToo(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, unset)))
		b.sql("UPDATE trackers SET parent = 'audiences/club'")
		b.sql("UPDATE provider_records SET parent = 'audiences/club'")
		b.load(b.client, oneWork)
		b.rehome()
		list, err := b.trackers.Trackers(t.Context(), tracker.Owner{Client: b.client, Parent: "audiences/club"}, "", 10)
		must(t, err)
		if len(list) != 1 || list[0].Resource != "animes/myanimelist-7" {
			t.Errorf("the audience has %v", list)
		}
	})
}

func TestAClientLoadsReferencesOfItsOwnThatNoOtherSees(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, unset)))
		other := b.newClient("other")
		b.doFor(other, "alice", "import-trackers", listFile("anilist", "answer.json", answerOf(aniEntry(5, "CURRENT", 6, unset))))
		var got xref.Report
		must(t, json.Unmarshal(b.do("alice", "load-references", args{files: map[string][]byte{"file": []byte(oneWork)}}), &got))
		if got.New != 1 {
			t.Errorf("the report is %+v", got)
		}
		b.rehome()
		if diff := cmp.Diff([]string{"animes/myanimelist-7"}, b.resources("alice")); diff != "" {
			t.Errorf("alice's trackers (-want +got):\n%s", diff)
		}
		list, err := b.trackers.Trackers(t.Context(), tracker.UserOf(other, "alice"), "", 10)
		must(t, err)
		if len(list) != 1 || list[0].Resource != "animes/anilist-5" {
			t.Errorf("the other client has %v", list)
		}
	})
}

func TestWhatTheCatalogueKnowsMovesWithTheWorkAndPlacesStay(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 1, unset)))
		b.do("alice", "process-activities", doing(finished("animes/anilist-5/episodes/3", 5)))
		must(t, b.trackers.SetWorks(t.Context(), b.client, []tracker.Work{{Resource: "animes/77", Title: "Own", Regular: 12, Parts: []tracker.Part{
			{Resource: "animes/77/episodes/903", Type: "REGULAR", Ordinal: 3},
		}}}))
		b.load(b.client, `{"resource": "animes/77", "same": ["namespaces/anilist-co/animes/5"]}`)
		b.rehome()
		if diff := cmp.Diff(map[string]string{"animes/77": "IN_PROGRESS 2 done, 2026-01-05 to ?"}, b.shown("alice")); diff != "" {
			t.Errorf("trackers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"animes/77/episodes/903"}, b.strings("SELECT resource FROM tracker_completed")); diff != "" {
			t.Errorf("completed (-want +got):\n%s", diff)
		}
		entries := answer(t, b.do("alice", "export-trackers", args{values: map[string]string{"provider": "anilist"}}))
		if len(entries) != 1 || entries["5"] == nil {
			t.Errorf("exported: %v", entries)
		}
	})
}
