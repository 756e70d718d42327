package trackers_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/catalog"
	"asapi/tasks/tracker"
)

// of is the list file of an audience.
func of(audience string, file []byte, more ...string) args {
	return importingAs(file, append(more, "audience", audience)...)
}

// importedFor imports a file for an audience and gives the task, which has ended.
func (b *bench) importedFor(audience string, file []byte, more ...string) tasks.Task {
	b.tb.Helper()
	task := b.begin(b.client, "host", "import-trackers")
	_, err := b.run(task, of(audience, file, more...))
	must(b.tb, err)
	b.end(task)
	return task
}

// shownTo gives what a parent has of each work: its state and what is done of it.
func (b *bench) shownTo(parent string) map[string]string {
	b.tb.Helper()
	list, err := b.trackers.Trackers(b.tb.Context(), tracker.Owner{Client: b.client, Parent: parent}, "", 100000)
	must(b.tb, err)
	found := map[string]string{}
	for _, t := range list {
		found[strings.TrimPrefix(t.Resource, "animes/myanimelist-")] = fmt.Sprintf("%s %d", t.State, t.Done())
	}
	return found
}

func TestTheListOfAnAudienceIsItsOwnAndReachesItsMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.gathers("club", "users/alice", "users/bob")
		b.imports("bob", listOf(anime(1, "Watching", el("my_watched_episodes", "7")), anime(2, "Completed", el("my_watched_episodes", "12"))))
		file := listOf(
			anime(1, "Watching", el("my_watched_episodes", "3")), anime(2, "On-Hold", el("my_watched_episodes", "4")),
			anime(3, "Completed", el("my_watched_episodes", "12")), anime(4, "Plan to Watch"),
		)
		r := b.report(b.do("host", "import-trackers", of("club", file)))
		if r.Created != 4 || !strings.HasPrefix(r.Items[0].Tracker, "audiences/club/trackers/") {
			t.Fatalf("the report: %s, %+v", r.counts(), r.Items)
		}
		b.settle()
		for parent, want := range map[string]map[string]string{
			"audiences/club": {"1": "IN_PROGRESS 3", "2": "ON_HOLD 4", "3": "COMPLETED 12", "4": "STATE_UNSPECIFIED 0"},
			"users/alice":    {"1": "IN_PROGRESS 3", "2": "IN_PROGRESS 4", "3": "COMPLETED 12"},
			"users/bob":      {"1": "IN_PROGRESS 7", "2": "COMPLETED 12", "3": "COMPLETED 12"},
			"users/host":     {},
		} {
			if diff := cmp.Diff(want, b.shownTo(parent)); diff != "" {
				t.Errorf("%s has (-want +got):\n%s", parent, diff)
			}
		}
		before := b.content()
		if again := b.report(b.do("another", "import-trackers", of("audiences/club", file))); again.Unchanged != 4 || b.count("audience_reaches") != 0 {
			t.Errorf("imported again: %s, %d things reach somebody", again.counts(), b.count("audience_reaches"))
		}
		if diff := cmp.Diff(before, b.content()); diff != "" {
			t.Errorf("imported again (-before +after):\n%s", diff)
		}
		kept, err := b.library.ListFile(t.Context(), b.client, "audiences/club", tracker.MyAnimeList)
		if err != nil || kept.Size != int64(len(file)) {
			t.Errorf("kept for the next import: %d bytes, %v", kept.Size, err)
		}
		if _, err := b.library.ListFile(t.Context(), b.client, "users/host", tracker.MyAnimeList); tasks.CodeOf(err) != tasks.CodePrecondition {
			t.Errorf("the file is the account's, too: %v", err)
		}
	})
}

func TestTheListOfAnAudienceIsExportedAsThatOfAnAccountIs(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.gathers("club", "users/alice")
		file := listOf(anime(1, "Watching", el("my_watched_episodes", "3"), el("my_score", "7")), anime(2, "Completed", el("my_watched_episodes", "12")))
		b.imports("same", file)
		b.do("host", "import-trackers", of("club", file))
		for _, more := range [][]string{{"kind", "anime"}, {"format", "json"}, {"kind", "anime", "dry_run", "true"}} {
			own, audience := exporting(more...), exporting(append(more, "audience", "club")...)
			want := strings.ReplaceAll(string(b.do("same", "export-trackers", own)), "users/same", "audiences/club")
			got := string(b.do("host", "export-trackers", audience))
			if diff := cmp.Diff(unnumbered(strings.ReplaceAll(want, "same", "club")), unnumbered(got)); diff != "" {
				t.Errorf("exported with %q (-of an account +of the audience):\n%s", more, diff)
			}
		}
		whole := b.do("host", "export-trackers", args{values: map[string]string{"audience": "club"}})
		b.gathers("copy")
		a := args{files: map[string][]byte{"file": whole}, values: map[string]string{"audience": "copy"}}
		if r := b.report(b.do("host", "import-trackers", a)); r.Created != 2 {
			t.Errorf("the neutral form, imported for another audience: %s", r.counts())
		}
		if diff := cmp.Diff(b.shownTo("audiences/club"), b.shownTo("audiences/copy")); diff != "" {
			t.Errorf("the copy (-club +copy):\n%s", diff)
		}
		b.gathers("empty")
		if fault := b.refused("host", "export-trackers", exporting("audience", "empty")); !strings.Contains(fault.Message, "This audience has no") {
			t.Errorf("an empty one: %v", fault)
		}
	})
}

func TestAnAudienceOfAnotherClientIsNotFound(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.gathers("club", "users/alice")
		other := b.newClient("second")
		file := listOf(anime(1, "Watching", el("my_watched_episodes", "1")))
		for action, a := range map[string]args{
			"import-trackers": of("club", file), "export-trackers": exporting("audience", "club"),
		} {
			_, err := b.run(b.begin(other, "alice", action), a)
			wantFaults(t, err, tasks.CodeNotFound, "audience")
		}
		task := b.importedFor("club", file)
		if _, err := b.run(b.begin(other, "host", "undo-import"), undoing(task)); tasks.CodeOf(err) != tasks.CodeNotFound {
			t.Errorf("undone by another client: %v", err)
		}
		b.settle()
		if got := b.shownTo("users/alice"); len(got) != 1 {
			t.Errorf("alice has %v", got)
		}
		if fault := b.refused("host", "import-trackers", of("no/such", file)); fault.Field != "audience" || fault.Code != tasks.CodeInvalid {
			t.Errorf("a name that is none: %v", fault)
		}
	})
}

func TestAnUndoneImportOfAnAudienceIsTakenFromItsMembersToo(t *testing.T) {
	first := listOf(anime(1, "Watching", el("my_watched_episodes", "1")))
	second := listOf(
		anime(1, "Watching", el("my_watched_episodes", "5")), anime(2, "Watching", el("my_watched_episodes", "2")),
		anime(3, "Completed", el("my_watched_episodes", "12")), anime(2, "Completed", el("my_watched_episodes", "12")),
	)
	// How many steps are done before it is undone: none, some, all.
	for _, steps := range []int{0, 1, 3, 100} {
		onBoth(t, func(t *testing.T, b *bench) {
			b.gathers("club", "users/alice", "users/bob", "users/carol")
			b.imports("bob", listOf(anime(2, "Completed", el("my_watched_episodes", "12"), el("my_score", "9"))))
			b.do("carol", "process-activities", doing(activity("animes/myanimelist-1/episodes/2", `"completed":true`)))
			b.importedFor("club", first)
			b.settle()
			before := b.content()
			task := b.importedFor("club", second)
			for range steps {
				if more, err := b.library.Advance(t.Context()); err != nil || !more {
					must(t, err)
					break
				}
			}
			r := b.undoes("host", task)
			if r.Skipped+r.Failed > 0 || r.Updated < 3 {
				t.Errorf("after %d steps, put back: %s, %+v", steps, r.counts(), r.Items)
			}
			b.settle()
			if diff := cmp.Diff(before, b.content()); diff != "" {
				t.Errorf("after %d steps, put back (-before +after):\n%s", steps, diff)
			}
			if again := b.undoes("host", task); again.Unchanged != r.Total || again.Total != r.Total {
				t.Errorf("put back again: %s", again.counts())
			}
			b.importedFor("club", second)
			b.settle()
			if got := b.shownTo("users/alice"); got["1"] != "IN_PROGRESS 5" || got["3"] != "COMPLETED 12" {
				t.Errorf("imported once more, alice has %v", got)
			}
		})
	}
}

func TestWhatMembersChangedSinceStaysTheirs(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.gathers("club", "users/alice", "users/bob", "users/carol", "users/dave")
		task := b.importedFor("club", listOf(anime(1, "Watching", el("my_watched_episodes", "5"))))
		b.settle()
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-1/episodes/6", `"completed":true`)))
		bobs := b.all("bob")["animes/myanimelist-1"]
		must(t, b.library.DeleteTracker(t.Context(), b.client, bobs.Name()))
		must(t, b.trackers.Erase(t.Context(), tracker.UserOf(b.client, "dave")))
		r := b.undoes("host", task)
		var got []string
		for _, item := range r.Items {
			got = append(got, item.Member+" "+item.Outcome)
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{" updated", "users/alice skipped", "users/bob unchanged", "users/carol updated"}, got); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		for account, want := range map[string]map[string]string{"alice": {"1": "IN_PROGRESS 6"}, "bob": {}, "carol": {}} {
			if diff := cmp.Diff(want, b.shownTo("users/"+account)); diff != "" {
				t.Errorf("%s has (-want +got):\n%s", account, diff)
			}
		}
	})
}

func TestAnInterruptedUndoingOfAnAudiencesImportGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		var members, list []string
		for i := range 4 {
			members = append(members, fmt.Sprintf("users/m%d", i))
		}
		for i := range 300 {
			list = append(list, anime(i+1, "Watching", el("my_watched_episodes", "5")))
		}
		b.gathers("club", members...)
		before := b.content()
		task := b.importedFor("club", listOf(list...))
		b.settle()
		undo := b.begin(b.client, "host", "undo-import")
		dying := catalog.All(catalog.Deps{Trackers: &dyingStore{b.trackers, 2}})
		if _, err := b.runWith(undo, undoing(task).bound(), dying); !errors.Is(err, errKilled) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		must(t, b.trackers.Erase(t.Context(), tracker.UserOf(b.client, "m3"))) // its rows of the journal go
		raw, err := b.run(undo, undoing(task))
		must(t, err)
		r := b.report(raw)
		// 1000 of the four members and the erased one's were put back before.
		if r.Updated != r.Total || r.Total < 300*4 || r.Total > 300*5 {
			t.Errorf("put back: %s", r.counts())
		}
		if diff := cmp.Diff(before, b.content()); diff != "" {
			t.Errorf("put back (-before +after):\n%s", clipped(diff))
		}
	})
}

// cutStore breaks after some batches, as a worker that is killed does.
type cutStore struct {
	tracker.Store
	left int
}

func (c *cutStore) Change(ctx context.Context, run tasks.Fence, owner tracker.Owner, want tracker.Want, fn func(*tracker.Held) error) ([]tasks.Item, error) {
	if c.left--; c.left < 0 {
		return nil, errKilled
	}
	return c.Store.Change(ctx, run, owner, want, fn)
}

func TestAnInterruptedImportOfAnAudienceReachesItsMembersOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.gathers("club", "users/alice", "users/bob")
		var list []string
		for i := range 510 {
			list = append(list, anime(i+1, "Watching", el("my_watched_episodes", "2")))
		}
		task, a := b.begin(b.client, "host", "import-trackers"), of("club", listOf(list...))
		cut := catalog.All(catalog.Deps{Trackers: &cutStore{b.trackers, 1}, Sealer: b.sealer})
		if _, err := b.runWith(task, a.bound(), cut); !errors.Is(err, errKilled) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		if n := b.count("audience_reaches"); n != 500 {
			t.Errorf("%d works are to reach the members, want those of the batch that was kept", n)
		}
		for range 20 { // some of them do before the import goes on
			_, err := b.library.Advance(t.Context())
			must(t, err)
		}
		raw, err := b.run(task, a)
		must(t, err)
		if r := b.report(raw); r.Created != 510 || r.Total != 510 {
			t.Errorf("the report: %s", r.counts())
		}
		b.end(task)
		b.settle()
		for _, member := range []string{"users/alice", "users/bob"} {
			if got := b.shownTo(member); len(got) != 510 || got["510"] != "IN_PROGRESS 2" {
				t.Errorf("%s has %d works, the last %q", member, len(got), got["510"])
			}
		}
		if n := b.count("import_changes"); n != 3*510 {
			t.Errorf("the journal has %d changes, want one of each tracker", n)
		}
	})
}

func TestTheImportOfADeletedAudienceCannotBeUndone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		club := b.gathers("club", "users/alice")
		task := b.importedFor("club", listOf(anime(1, "Watching", el("my_watched_episodes", "5"))))
		b.settle()
		must(t, b.library.DeleteAudience(t.Context(), b.client, club))
		b.settle()
		if fault := b.refused("host", "undo-import", undoing(task)); fault.Code != tasks.CodeNotFound || !strings.Contains(fault.Message, "deleted") {
			t.Errorf("it is refused with %v", fault)
		}
		if got := b.shownTo("users/alice"); got["1"] != "IN_PROGRESS 5" {
			t.Errorf("alice has %v", got)
		}
		for table, want := range map[string]int64{"import_changes": 1, "list_files": 0, "trackers": 1} {
			if got := b.count(table); got != want {
				t.Errorf("%d rows are left in %s, want %d", got, table, want)
			}
		}
	})
}

// numbers are what two exports of the same cannot share: ids, and moments.
var numbers = regexp.MustCompile(`trackers/\d+|user_export_date>[^<]*`)

func unnumbered(text string) string { return numbers.ReplaceAllString(text, "") }
