package trackers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker/xref"
)

func fileOf(raw []byte) tasks.File {
	return tasks.NewFile("references", "", int64(len(raw)), func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(raw)), nil
	})
}

// load loads a file of references for a client, or for xref.Everyone.
func (b *bench) load(client tasks.ClientID, file string) xref.Report {
	b.tb.Helper()
	report, err := xref.LoadFile(b.tb.Context(), b.trackers, client, fileOf([]byte(file)), func(int64, int64) error { return nil })
	must(b.tb, err)
	return report
}

func counted(r xref.Report) string {
	return fmt.Sprintf("%d rows: %d new, %d changed, %d unchanged, %d single, %d refused", r.Rows, r.New, r.Changed, r.Unchanged, r.Single, r.Refused)
}

const threeRows = `[
{"mal_id": 1, "anilist_id": 11, "anidb_id": 21, "kitsu_id": 1},
{"mal_id": 2, "anilist_id": 12, "kitsu_id": 2},
{"mal_id": 3, "kitsu_id": 3},
{"mal_id": "three", "kitsu_id": 4}]`

func TestALoadedFileTellsWhatItBrought(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		steps := []struct{ file, want string }{
			{threeRows, "4 rows: 2 new, 0 changed, 0 unchanged, 1 single, 1 refused"},
			{threeRows, "4 rows: 0 new, 0 changed, 2 unchanged, 1 single, 1 refused"},
			{strings.Replace(threeRows, `"anilist_id": 12`, `"anilist_id": 13`, 1), "4 rows: 0 new, 1 changed, 1 unchanged, 1 single, 1 refused"},
			{`[{"mal_id": 2, "kitsu_id": 1}]`, "1 rows: 0 new, 1 changed, 0 unchanged, 0 single, 0 refused"},
			{`[{"mal_id": 2, "kitsu_id": 1}, {"mal_id": 1, "anilist_id": 11, "anidb_id": 21, "kitsu_id": 1}]`, "2 rows: 0 new, 0 changed, 1 unchanged, 1 single, 0 refused"},
		}
		for i, step := range steps {
			got := b.load(xref.Everyone, step.file)
			if diff := cmp.Diff(step.want, counted(got)); diff != "" {
				t.Errorf("step %d (-want +got):\n%s", i, diff)
			}
			if i == 0 {
				want := []xref.Refusal{{Line: 5, Reason: `"three" is no id of MyAnimeList.`}}
				if diff := cmp.Diff(want, got.Refusals); diff != "" {
					t.Errorf("refusals (-want +got):\n%s", diff)
				}
			}
		}
	})
}

func TestAFileThatCannotBeReadToItsEndLoadsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		_, err := xref.LoadFile(t.Context(), b.trackers, xref.Everyone, fileOf([]byte(threeRows[:150])), func(int64, int64) error { return nil })
		if tasks.CodeOf(err) != tasks.CodeUnsupportedFormat {
			t.Fatalf("it ended with %v", err)
		}
		if got := counted(b.load(xref.Everyone, threeRows)); got != "4 rows: 2 new, 0 changed, 0 unchanged, 1 single, 1 refused" {
			t.Errorf("then it is loaded as %s", got)
		}
	})
}

func TestALoadThatWasInterruptedCountsForNothingUntilItIsRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		old := `[{"mal_id": 1, "anilist_id": 12, "kitsu_id": 1}]`
		b.load(xref.Everyone, old)
		broken := fmt.Errorf("killed")
		_, err := xref.LoadFile(t.Context(), b.trackers, xref.Everyone, fileOf([]byte(threeRows)), func(done, _ int64) error {
			if done > 0 {
				return broken
			}
			return nil
		})
		if err == nil {
			t.Fatal("the load was not interrupted")
		}
		b.do("bob", "process-activities", doing(strings.ReplaceAll(watchedOne, "anilist-5", "anilist-12")))
		if diff := cmp.Diff([]string{"animes/myanimelist-1"}, b.resources("bob")); diff != "" {
			t.Errorf("while it is interrupted (-want +got):\n%s", diff)
		}
		if got := counted(b.load(xref.Everyone, threeRows)); got != "4 rows: 1 new, 1 changed, 0 unchanged, 1 single, 1 refused" && got != "4 rows: 0 new, 2 changed, 0 unchanged, 1 single, 1 refused" {
			t.Errorf("repeated, it is loaded as %s", got)
		}
		b.do("eve", "process-activities", doing(strings.ReplaceAll(watchedOne, "anilist-5", "anilist-12")))
		if diff := cmp.Diff([]string{"animes/myanimelist-2"}, b.resources("eve")); diff != "" {
			t.Errorf("once it is loaded (-want +got):\n%s", diff)
		}
	})
}

func TestConflictsAreListedWithWhatTheyAreKeptApartFrom(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.load(xref.Everyone, `[{"mal_id": [1, 2], "anilist_id": 11, "kitsu_id": 1}, {"mal_id": 3, "anilist_id": 13, "kitsu_id": 1}]`)
		b.load(b.client, `[{"mal_id": [4, 5], "anilist_id": 14, "kitsu_id": 1}]`)
		list := func(client tasks.ClientID) (found []string) {
			must(t, b.trackers.Conflicts(t.Context(), client, func(c xref.Conflict) error {
				found = append(found, c.Key.String()+" "+c.Reason())
				return nil
			}))
			return found
		}
		apart := "The references are not one to one, so it is kept apart from "
		shared := []string{"anilist:anime:11 " + apart + "MyAnimeList 1, MyAnimeList 2.", "myanimelist:anime:1 " + apart + "AniList 11.", "myanimelist:anime:2 " + apart + "AniList 11."}
		if diff := cmp.Diff(shared, list(xref.Everyone)); diff != "" {
			t.Errorf("conflicts of all (-want +got):\n%s", diff)
		}
		if got := list(b.client); len(got) != 6 {
			t.Errorf("the client sees %v, want its own three besides", got)
		}
	})
}
