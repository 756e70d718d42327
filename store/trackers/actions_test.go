package trackers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

func with(pairs ...string) args {
	a := args{values: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		a.values[pairs[i]] = pairs[i+1]
	}
	return a
}

// says runs an action and gives its result.
func (b *bench) says(account, action string, pairs ...string) map[string]any {
	b.tb.Helper()
	var doc map[string]any
	must(b.tb, json.Unmarshal(b.do(account, action, with(pairs...)), &doc))
	return doc
}

func TestTrackersAreKeptThroughActions(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.teach("animes/7", 2)
		made := b.says("alice", "create-tracker", "resource", "animes/7", "tracker", "mine", "state", "IN_PROGRESS", "start_time", "2026-01-02", "completed_resources", "animes/7/episodes/a")
		if made["name"] != "users/alice/trackers/mine" || made["progressPercentage"] != 50.0 || made["startTime"] != "2026-01-02T00:00:00Z" || made["title"] != "Made Up" {
			t.Errorf("it was made as %v", made)
		}
		if got := b.says("alice", "update-tracker", "tracker", "mine", "state", "ON_HOLD", "progress_percentage", "0"); got["state"] != "ON_HOLD" || got["progressPercentage"] != 0.0 || got["startTime"] == nil {
			t.Errorf("it became %v", got)
		}
		if got := b.says("alice", "update-tracker", "tracker", "users/alice/trackers/mine", "update_mask", "progress_percentage,startTime"); got["progressPercentage"] != 50.0 || got["startTime"] != nil {
			t.Errorf("unset, it became %v", got)
		}
		if got := b.says("alice", "get-tracker", "tracker", "mine"); got["tree"].(map[string]any)["indicator"].(map[string]any)["maxValue"] != 2.0 {
			t.Errorf("it is %v", got)
		}
		b.says("alice", "create-tracker", "resource", "animes/8")
		page := b.says("alice", "list-trackers", "page_size", "1")
		next := b.says("alice", "list-trackers", "page_size", "1", "page_token", page["nextPageToken"].(string))
		if len(page["trackers"].([]any)) != 1 || len(next["trackers"].([]any)) != 1 || next["nextPageToken"] != nil {
			t.Errorf("the pages are %v and %v", page, next)
		}
		if got := b.says("alice", "list-trackers", "filter", "state = ON_HOLD"); len(got["trackers"].([]any)) != 1 {
			t.Errorf("the filter gives %v", got)
		}
		b.says("alice", "delete-tracker", "tracker", "mine")
		for _, c := range []struct {
			action, field string
			args          args
		}{
			{"get-tracker", "name", with("tracker", "mine")},
			{"get-tracker", "tracker", with("tracker", "users/bob/trackers/mine")},
			{"update-tracker", "update_mask", with("tracker", "mine")},
			{"list-trackers", "filter", with("filter", "nonsense")},
			{"create-tracker", "resource", with("resource", "animes/8")},
			{"delete-activity", "activity", with("activity", "users/bob/trackers/1/activities/1")},
			{"create-tracker", "audience", with("resource", "animes/8", "audience", "none")},
			{"set-audience-members", "audience", with("audience", "users/bob")},
		} {
			if fault := b.refused("alice", c.action, c.args); fault.Field != c.field {
				t.Errorf("%s %v is refused with %v, want the field %s", c.action, c.args.values, fault, c.field)
			}
		}
	})
}

func TestAudiencesAndCredentialsAreKeptThroughActions(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		made := b.says("host", "create-audience", "members", "users/alice")
		name := made["name"].(string)
		b.says("host", "set-audience-members", "audience", name, "members", "users/alice,users/bob")
		if got := b.says("host", "list-audiences", "audience", name); len(got["members"].([]any)) != 2 {
			t.Errorf("its members are %v", got)
		}
		tracked := b.says("host", "create-tracker", "audience", name, "resource", "animes/7", "state", "COMPLETED")
		if !strings.HasPrefix(tracked["name"].(string), name+"/trackers/") {
			t.Errorf("the audience's tracker is %v", tracked)
		}
		b.settle()
		if got := b.all("bob")["animes/7"]; got.State != tracker.Completed {
			t.Errorf("bob's tracker is %+v", got)
		}
		if got := b.says("host", "list-audiences"); len(got["audiences"].([]any)) != 1 {
			t.Errorf("the audiences are %v", got)
		}
		b.says("host", "delete-audience", "audience", name)
		b.says("alice", "store-credentials", "provider", "anidb", "username", "alice", "password", "correct horse")
		if got := b.says("alice", "list-credentials"); len(got["credentials"].([]any)) != 1 || strings.Contains(string(b.do("alice", "list-credentials", with())), "horse") {
			t.Errorf("the credentials are %v", got)
		}
		kept, err := b.library.Credentials(t.Context(), b.client, "users/alice", tracker.AniDB)
		must(t, err)
		if kept["password"] != "correct horse" || kept["username"] != "alice" || len(kept) != 2 {
			t.Error("other credentials were kept than were given")
		}
		b.says("alice", "delete-credentials", "provider", "anidb")
		if fault := b.refused("alice", "delete-credentials", with("provider", "anidb")); fault.Code != tasks.CodeNotFound {
			t.Errorf("deleting twice says %v", fault)
		}
	})
}

// A worker may die between what an action did and telling so: the next attempt
// ends as the first would have.
func TestAnActionThatIsDoneAgainEndsAsTheFirstTime(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		again := func(action string, a args) {
			t.Helper()
			task := b.begin(b.client, "alice", action)
			first, err := b.run(task, a)
			must(t, err)
			task.Attempt++
			second, err := b.run(task, a)
			must(t, err)
			if string(first) != string(second) {
				t.Errorf("%s said %s, and then %s", action, first, second)
			}
		}
		again("create-tracker", with("resource", "animes/7", "state", "COMPLETED"))
		again("create-tracker", with("resource", "animes/8", "tracker", "own"))
		again("create-audience", with("members", "users/bob"))
		again("create-audience", with("audience", "club"))
		again("delete-audience", with("audience", "club"))
		again("delete-tracker", with("tracker", "own"))
		if list, err := b.library.ListAudiences(t.Context(), b.client, ""); err != nil || len(list) != 1 {
			t.Errorf("the audiences are %+v, %v", list, err)
		}
	})
}
