package tracker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"
	library "asapi/tasks/tracker"
)

// known teaches the catalogue a work of two regular episodes of 1,320 s and a recap.
func known(m *member) {
	m.tb.Helper()
	m.must(m.lists.SaveWorks(m.tb.Context(), m.client.ID, []library.Work{{Resource: "animes/7", Title: "Seven", Regular: 2, Parts: []library.Part{
		{Resource: "animes/7/episodes/1", Type: library.RegularType, Ordinal: 1, Length: 1320},
		{Resource: "animes/7/episodes/2", Type: library.RegularType, Ordinal: 2, Length: 1320},
		{Resource: "animes/7/episodes/9", Type: "RECAP", Length: 1320},
	}}}))
}

// watch makes an activity from the beginning to a second.
func watch(m *member, call way, tracker, resource string, to int32) *trackerpb.Activity {
	m.tb.Helper()
	made := &trackerpb.Activity{}
	m.must(call(m, trackerService+"CreateActivity", &trackerpb.CreateActivityRequest{Parent: tracker, Activity: &trackerpb.Activity{
		Resource: resource, Platform: "NETFLIX", To: to, StartTime: day, EndTime: timestamppb.New(day.AsTime().Add(22 * time.Minute)),
	}}, made))
	return made
}

func TestActivitiesCompleteWhatTheyReachTheEndOf(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		known(m)
		made := create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: "animes/7"})
		if p := made.GetProgressPercentage(); p == nil || p.GetValue() != 0 {
			t.Errorf("at first the progress is %v", p)
		}
		state := func(what string, want trackerpb.State, percent float32, completed ...string) {
			t.Helper()
			got, err := get(m, call, made.GetName())
			m.must(err)
			if got.GetState() != want || got.GetProgressPercentage().GetValue() != percent || !slices.Equal(got.GetCompletedResources(), completed) {
				t.Errorf("after %s it is %v", what, got)
			}
		}
		watch(m, call, made.GetName(), "animes/7/episodes/1", 600)
		state("a part of an episode", trackerpb.State_IN_PROGRESS, 0)
		first := watch(m, call, made.GetName(), "animes/7/episodes/1", 1320)
		state("an episode", trackerpb.State_IN_PROGRESS, 50, "animes/7/episodes/1")
		again := watch(m, call, made.GetName(), "animes/-/episodes/1", 1320)
		if again.GetName() == first.GetName() || again.GetResource() != first.GetResource() {
			t.Errorf("a repeat is %v after %v", again, first)
		}
		watch(m, call, made.GetName(), "animes/7/episodes/9", 1320)
		state("the recap", trackerpb.State_IN_PROGRESS, 50, "animes/7/episodes/1", "animes/7/episodes/9")
		m.must(call(m, trackerService+"DeleteActivity", &trackerpb.DeleteActivityRequest{Name: first.GetName()}, &emptypb.Empty{}))
		state("deleting the activity", trackerpb.State_IN_PROGRESS, 50, "animes/7/episodes/1", "animes/7/episodes/9")
		refused(t, call(m, trackerService+"DeleteActivity", &trackerpb.DeleteActivityRequest{Name: first.GetName()}, &emptypb.Empty{}), codes.NotFound)
		watch(m, call, made.GetName(), "animes/7/episodes/2", 1320)
		state("all regular ones", trackerpb.State_COMPLETED, 100, "animes/7/episodes/1", "animes/7/episodes/2", "animes/7/episodes/9")
		tree := &trackerpb.ComputeTrackerResponse{}
		m.must(call(m, trackerService+"ComputeTracker", &trackerpb.ComputeTrackerRequest{Name: made.GetName()}, tree))
		want := &trackerpb.ProgressIndicator{MaxValue: 2, Value: 2, Ratio: 1, Threshold: 2}
		if d := cmp.Diff(want, tree.GetTree().GetRoot().GetIndicator(), protocmp.Transform()); d != "" {
			t.Error(d)
		}
		recap := tree.GetTree().GetRoot().GetNodes()["RECAP"].GetNodes()["episodes/9"].GetIndicator()
		if recap.GetValue() != 1 || recap.GetMaxValue() != 1 {
			t.Errorf("the recap is %v", recap)
		}
	})
}

func TestAVisualNovelIsSetByHand(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		made := create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: "visualNovels/4", State: trackerpb.State_IN_PROGRESS})
		if made.GetProgressPercentage() != nil {
			t.Errorf("its progress is %v", made.GetProgressPercentage())
		}
		set := &trackerpb.Tracker{}
		m.must(call(m, trackerService+"UpdateTracker", &trackerpb.UpdateTrackerRequest{
			Tracker: &trackerpb.Tracker{Name: made.GetName(), ProgressPercentage: wrapperspb.Float(62.5)}, UpdateMask: maskOf("progress_percentage"),
		}, set))
		if set.GetProgressPercentage().GetValue() != 62.5 || set.GetState() != trackerpb.State_IN_PROGRESS {
			t.Errorf("it is %v", set)
		}
	})
}

func TestPagesAreWholeWhileOthersWriteAndFiltersSelect(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		for i := range 7 {
			create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: fmt.Sprintf("animes/%d", i+1), State: trackerpb.State(i%2 + 1)})
		}
		var got []string
		ask := &trackerpb.ListTrackersRequest{Parent: "users/bo", PageSize: 3}
		for {
			page := &trackerpb.ListTrackersResponse{}
			m.must(call(m, trackerService+"ListTrackers", ask, page))
			for _, one := range page.GetTrackers() {
				got = append(got, one.GetResource())
			}
			if ask.PageToken = page.GetNextPageToken(); ask.PageToken == "" {
				break
			}
			create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: fmt.Sprintf("lightNovels/%d", len(got))})
			m.must(call(m, trackerService+"DeleteTracker", &trackerpb.DeleteTrackerRequest{Name: page.GetTrackers()[0].GetName()}, &emptypb.Empty{}))
		}
		if len(got) < 7 || !slices.Equal(got[:7], []string{"animes/1", "animes/2", "animes/3", "animes/4", "animes/5", "animes/6", "animes/7"}) {
			t.Errorf("got %q", got)
		}
		for filter, want := range map[string]int{"resource:animes/2": 1, "state = COMPLETED": 2, `resource = "animes/2" OR resource = "animes/3"`: 2, "NOT state = COMPLETED AND resource:animes/3": 1} {
			page := &trackerpb.ListTrackersResponse{}
			m.must(call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "users/bo", Filter: filter}, page))
			if len(page.GetTrackers()) != want {
				t.Errorf("%s selects %d, want %d", filter, len(page.GetTrackers()), want)
			}
		}
	})
}

func TestWhatAnAudienceConsumesItsMembersConsume(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		known(m)
		made := &trackerpb.Audience{}
		m.must(call(m, audienceService+"CreateAudience", &audiencepb.CreateAudienceRequest{
			Audience: &trackerpb.Audience{Name: "audiences/friday", Members: []string{"users/ann", "users/bo", "users/ann"}},
		}, made))
		want := &trackerpb.Audience{Name: "audiences/friday", Members: []string{"users/ann", "users/bo"}}
		if d := cmp.Diff(want, made, protocmp.Transform()); d != "" {
			t.Fatal(d)
		}
		m.must(call(m, audienceService+"AddAudienceMembers", &audiencepb.AddAudienceMembersRequest{Name: made.GetName(), Members: []string{"users/cy", "users/bo"}}, made))
		m.must(call(m, audienceService+"RemoveAudienceMembers", &audiencepb.RemoveAudienceMembersRequest{Name: made.GetName(), Members: []string{"users/ann", "users/nobody"}}, made))
		want.Members = []string{"users/bo", "users/cy"}
		found := &trackerpb.Audience{}
		m.must(call(m, audienceService+"GetAudience", &audiencepb.GetAudienceRequest{Name: made.GetName()}, found))
		if d := cmp.Diff(want, found, protocmp.Transform()); d != "" {
			t.Error(d)
		}
		own := create(t, m, call, made.GetName(), &trackerpb.Tracker{Resource: "animes/7"})
		watch(m, call, own.GetName(), "animes/7/episodes/1", 1320)
		deadline := time.Now().Add(patience)
		for _, member := range want.GetMembers() {
			for {
				page := &trackerpb.ListTrackersResponse{}
				m.must(call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: member}, page))
				if len(page.GetTrackers()) == 1 && slices.Equal(page.GetTrackers()[0].GetCompletedResources(), []string{"animes/7/episodes/1"}) {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s has %v", member, page)
				}
			}
		}
		page := &trackerpb.ListTrackersResponse{}
		m.must(call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "users/ann"}, page))
		if len(page.GetTrackers()) != 0 {
			t.Errorf("who had left got %v", page)
		}
		other := m.newMember("stranger-" + t.Name())
		refused(t, call(other, audienceService+"GetAudience", &audiencepb.GetAudienceRequest{Name: made.GetName()}, found), codes.NotFound)
		m.must(call(m, audienceService+"DeleteAudience", &audiencepb.DeleteAudienceRequest{Name: made.GetName()}, &emptypb.Empty{}))
		refused(t, call(m, audienceService+"GetAudience", &audiencepb.GetAudienceRequest{Name: made.GetName()}, found), codes.NotFound)
	})
}

func TestAudiencesAndMembersAreListedInPages(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		for _, id := range []string{"a", "b", "c"} {
			m.must(call(m, audienceService+"CreateAudience", &audiencepb.CreateAudienceRequest{
				Audience: &trackerpb.Audience{Name: "audiences/" + id, Members: []string{"users/x", "users/y", "users/z"}},
			}, &trackerpb.Audience{}))
		}
		var names, members []string
		audiences := &audiencepb.ListAudiencesRequest{PageSize: 2}
		for {
			page := &audiencepb.ListAudiencesResponse{}
			m.must(call(m, audienceService+"ListAudiences", audiences, page))
			for _, a := range page.GetAudiences() {
				names = append(names, a.GetName())
			}
			if audiences.PageToken = page.GetNextPageToken(); audiences.PageToken == "" {
				break
			}
		}
		ask := &audiencepb.ListAudienceMembersRequest{Parent: "audiences/b", PageSize: 2}
		for {
			page := &audiencepb.ListAudienceMembersResponse{}
			m.must(call(m, audienceService+"ListAudienceMembers", ask, page))
			members = append(members, page.GetMembers()...)
			if ask.PageToken = page.GetNextPageToken(); ask.PageToken == "" {
				break
			}
			elsewhere := &audiencepb.ListAudienceMembersRequest{Parent: "audiences/c", PageSize: 2, PageToken: ask.GetPageToken()}
			refused(t, call(m, audienceService+"ListAudienceMembers", elsewhere, page), codes.InvalidArgument)
		}
		if d := cmp.Diff([]string{"audiences/a", "audiences/b", "audiences/c", "users/x", "users/y", "users/z"}, append(names, members...)); d != "" {
			t.Error(d)
		}
	})
}

// The forms of JSON that clients send beside that of the library here.
func TestJSONIsTakenInTheFormsThatClientsSend(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := w.member("one")
		check := func(method, path, body, want string) {
			t.Helper()
			resp, text := m.request(method, path, body, "Content-Type", "application/json")
			if resp.StatusCode != 200 || !strings.Contains(strings.Join(strings.Fields(text), ""), want) {
				t.Errorf("%s %s %s: %d %s", method, path, body, resp.StatusCode, text)
			}
		}
		const one = "/v1alpha1/users/bo/trackers/t"
		check("POST", "/v1alpha1/users/bo/trackers", `{"tracker":{"name":"users/bo/trackers/t","resource":"animes/1","state":1,"startTime":"2024-01-01T00:00:00.5Z"}}`, `"state":"IN_PROGRESS"`)
		check("GET", one, "", `"startTime":"2024-01-01T00:00:00.500Z"`)
		check("PATCH", one, `{"tracker":{"state":3},"updateMask":"state"}`, `"state":"ON_HOLD"`)
		check("PATCH", one, `{"tracker":{"progressPercentage":12.5},"update_mask":{"paths":["progress_percentage"]}}`, `"progressPercentage":12.5`)
		check("PATCH", one+"?update_mask=state", `{"state":"IN_PROGRESS"}`, `"state":"IN_PROGRESS"`)
		check("PATCH", one+"?updateMask=startTime", `{}`, `{"name":"users/bo/trackers/t","resource":"animes/1","progressPercentage":12.5,"state":"IN_PROGRESS"}`)
		check("PATCH", one, `{"tracker":{"end_time":"2024-02-01T00:00:00Z"},"updateMask":"*"}`, `{"name":"users/bo/trackers/t","resource":"animes/1","endTime":"2024-02-01T00:00:00Z"`)
		check("GET", "/v1alpha1/users/bo/trackers?pageSize=1&filter=resource:animes/1", "", `"trackers":[{"name"`)
		check("GET", "/v1alpha1/users/nobody/trackers", "", `{}`)
		check("POST", one+"%3Acompute", "", `"tree":`)
		check("GET", one+"?key="+m.secret+"&prettyPrint=false&alt=json", "", `"name":"users/bo/trackers/t"`)
		check("DELETE", one, "", `{}`)
	})
}

// Those that come at the same time share a commit, whoever they are of; each is
// kept once, equal ones too, and has a name of its own.
func TestActivitiesAtTheSameTimeAreEachKeptOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := w.member("one")
		known(m)
		var names []string
		for _, user := range []string{"ann", "bo", "cy"} {
			made := create(t, m, overGRPC, "users/"+user, &trackerpb.Tracker{Resource: "animes/7", State: trackerpb.State_IN_PROGRESS, StartTime: day})
			names = append(names, made.GetName())
		}
		const each = 100
		made := make([]string, each*len(names))
		var calls errgroup.Group
		calls.SetLimit(64)
		for i := range made {
			calls.Go(func() error {
				to := int32(600)
				if i%50 == 7 {
					to = 1320 // this one completes its episode
				}
				one, err := m.trackers().CreateActivity(m.ctx(), &trackerpb.CreateActivityRequest{Parent: names[i%len(names)], Activity: &trackerpb.Activity{
					Resource: "animes/7/episodes/1", Platform: "TV", To: to, StartTime: day, EndTime: day,
				}})
				made[i] = one.GetName()
				return err
			})
		}
		m.must(calls.Wait())
		slices.Sort(made)
		if n := len(slices.Compact(slices.Clone(made))); n != len(made) {
			t.Errorf("%d activities have %d names", len(made), n)
		}
		for _, name := range names {
			found, err := get(m, overGRPC, name)
			m.must(err)
			if !slices.Equal(found.GetCompletedResources(), []string{"animes/7/episodes/1"}) {
				t.Errorf("it is %v", found)
			}
		}
		for _, name := range made {
			m.must(overGRPC(m, trackerService+"DeleteActivity", &trackerpb.DeleteActivityRequest{Name: name}, &emptypb.Empty{}))
		}
	})
}
