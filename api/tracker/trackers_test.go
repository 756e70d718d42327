package tracker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"asapi/api/tracker/trackerpb"
	"asapi/store/storetest"
)

var day = timestamppb.New(time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC))

// create makes a tracker and gives it as it was answered.
func create(t *testing.T, m *member, call way, parent string, tracker *trackerpb.Tracker) *trackerpb.Tracker {
	t.Helper()
	made := &trackerpb.Tracker{}
	m.must(call(m, trackerService+"CreateTracker", &trackerpb.CreateTrackerRequest{Parent: parent, Tracker: tracker}, made))
	return made
}

func get(m *member, call way, name string) (*trackerpb.Tracker, error) {
	found := &trackerpb.Tracker{}
	return found, call(m, trackerService+"GetTracker", &trackerpb.GetTrackerRequest{Name: name}, found)
}

func TestATrackerIsMadeReadChangedAndDeletedAndItsAccountComesWithTheFirstWrite(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		made := create(t, m, call, "users/al%20ice", &trackerpb.Tracker{Resource: "animes/7", State: trackerpb.State_IN_PROGRESS, StartTime: day})
		want := &trackerpb.Tracker{Name: made.GetName(), Resource: "animes/7", State: trackerpb.State_IN_PROGRESS, StartTime: day}
		if d := cmp.Diff(want, made, protocmp.Transform()); d != "" || !strings.HasPrefix(made.GetName(), "users/al%20ice/trackers/") {
			t.Fatal(made.GetName(), d)
		}
		accounts, err := m.store.Accounts(t.Context(), m.client.ID)
		m.must(err)
		if len(accounts) != 1 || accounts[0].Username != "al ice" || accounts[0].Service != "tracker" {
			t.Errorf("the accounts are %v", accounts)
		}
		changed := &trackerpb.Tracker{}
		m.must(call(m, trackerService+"UpdateTracker", &trackerpb.UpdateTrackerRequest{
			Tracker: &trackerpb.Tracker{Name: made.GetName(), State: trackerpb.State_ON_HOLD}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
		}, changed))
		want.State = trackerpb.State_ON_HOLD
		if d := cmp.Diff(want, changed, protocmp.Transform()); d != "" {
			t.Error(d)
		}
		found, err := get(m, call, made.GetName())
		m.must(err)
		if d := cmp.Diff(want, found, protocmp.Transform()); d != "" {
			t.Error(d)
		}
		m.must(call(m, trackerService+"DeleteTracker", &trackerpb.DeleteTrackerRequest{Name: made.GetName()}, &emptypb.Empty{}))
		_, err = get(m, call, made.GetName())
		refused(t, err, codes.NotFound)
	})
}

func TestOfAParentAndAResourceThereIsOneTracker(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		create(t, m, call, "users/bo", &trackerpb.Tracker{Name: "users/bo/trackers/mine", Resource: "graphicNovels/3"})
		again := call(m, trackerService+"CreateTracker", &trackerpb.CreateTrackerRequest{Parent: "users/bo", Tracker: &trackerpb.Tracker{Resource: "graphicNovels/3"}}, &trackerpb.Tracker{})
		refused(t, again, codes.AlreadyExists)
		named := call(m, trackerService+"CreateTracker", &trackerpb.CreateTrackerRequest{
			Parent: "users/bo", Tracker: &trackerpb.Tracker{Name: "users/bo/trackers/mine", Resource: "graphicNovels/4"},
		}, &trackerpb.Tracker{})
		refused(t, named, codes.AlreadyExists)
		create(t, m, call, "users/cy", &trackerpb.Tracker{Resource: "graphicNovels/3"})
	})
}

// What cannot be is refused with the fields at fault, by their paths in the request.
func TestEveryFaultOfARequestIsNamed(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	parent, name := "users/bo", "users/bo/trackers/t"
	create(t, m, overGRPC, parent, &trackerpb.Tracker{Name: name, Resource: "animes/1"})
	creating := func(tracker *trackerpb.Tracker) proto.Message {
		return &trackerpb.CreateTrackerRequest{Parent: parent, Tracker: tracker}
	}
	updating := func(tracker *trackerpb.Tracker, paths ...string) proto.Message {
		tracker.Name = name
		return &trackerpb.UpdateTrackerRequest{Tracker: tracker, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}}
	}
	acting := func(a *trackerpb.Activity) proto.Message {
		return &trackerpb.CreateActivityRequest{Parent: name, Activity: a}
	}
	for about, c := range map[string]struct {
		method  string
		request proto.Message
		fields  []string
	}{
		"no tracker":                {"CreateTracker", &trackerpb.CreateTrackerRequest{Parent: parent}, []string{"tracker"}},
		"no resource":               {"CreateTracker", creating(&trackerpb.Tracker{}), []string{"tracker.resource"}},
		"a part":                    {"CreateTracker", creating(&trackerpb.Tracker{Resource: "animes/1/episodes/2"}), []string{"tracker.resource"}},
		"two faults":                {"CreateTracker", creating(&trackerpb.Tracker{Resource: "animes/", State: 99}), []string{"tracker.state", "tracker.resource"}},
		"a state that wraps around": {"CreateTracker", creating(&trackerpb.Tracker{Resource: "animes/1", State: 257}), []string{"tracker.state"}},
		"end before start": {"CreateTracker", creating(&trackerpb.Tracker{
			Resource: "animes/5", StartTime: day, EndTime: timestamppb.New(day.AsTime().Add(-time.Second)),
		}), []string{"tracker.end_time"}},
		"percentage above 100":    {"CreateTracker", creating(&trackerpb.Tracker{Resource: "animes/1", ProgressPercentage: wrapperspb.Float(100.5)}), []string{"tracker.progress_percentage"}},
		"a name of somebody else": {"CreateTracker", creating(&trackerpb.Tracker{Resource: "animes/1", Name: "users/cy/trackers/t"}), []string{"tracker.name"}},
		"part of another work":    {"CreateTracker", creating(&trackerpb.Tracker{Resource: "animes/1", CompletedResources: []string{"animes/2/episodes/1"}}), []string{"tracker.completed_resources"}},
		"unknown mask":            {"UpdateTracker", updating(&trackerpb.Tracker{}, "color"), []string{"update_mask"}},
		"another resource":        {"UpdateTracker", updating(&trackerpb.Tracker{Resource: "animes/2"}, "resource"), []string{"tracker.resource"}},
		"no provider":             {"ImportTrackers", &trackerpb.ImportTrackersRequest{Parent: parent}, []string{"provider"}},
		"no activity":             {"CreateActivity", &trackerpb.CreateActivityRequest{Parent: name}, []string{"activity"}},
		"an empty activity":       {"CreateActivity", acting(&trackerpb.Activity{}), []string{"activity.resource", "activity.platform", "activity.start_time", "activity.end_time"}},
		"activity backwards":      {"CreateActivity", acting(&trackerpb.Activity{Resource: "animes/1", Platform: "TV", From: 9, To: 3, StartTime: day, EndTime: day}), []string{"activity.to"}},
		"activity elsewhere":      {"CreateActivity", acting(&trackerpb.Activity{Resource: "animes/2/episodes/1", Platform: "TV", StartTime: day, EndTime: day}), []string{"activity.resource"}},
		"negative page":           {"ListTrackers", &trackerpb.ListTrackersRequest{Parent: parent, PageSize: -1}, []string{"page_size"}},
		"filter that is none":     {"ListTrackers", &trackerpb.ListTrackersRequest{Parent: parent, Filter: "state = = ON_HOLD"}, []string{"filter"}},
		"made-up page":            {"ListTrackers", &trackerpb.ListTrackersRequest{Parent: parent, PageToken: "bm90aGluZw"}, []string{"page_token"}},
	} {
		t.Run(about, func(t *testing.T) {
			for name, call := range ways {
				err := call(m, trackerService+c.method, c.request, answerOf(c.method))
				if got := refused(t, err, codes.InvalidArgument); !slices.Equal(got, c.fields) {
					t.Errorf("over %s the faults are of %q, want %q: %v", name, got, c.fields, err)
				}
			}
		})
	}
}

func TestAMaskOfNothingSetsAllThatCanChange(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		for i, mask := range []*fieldmaskpb.FieldMask{nil, {}, {Paths: []string{"progress_percentage", "state", "start_time"}}} {
			made := create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: fmt.Sprintf("animes/%d", i+1), State: trackerpb.State_ON_HOLD, StartTime: day})
			changed := &trackerpb.Tracker{}
			m.must(call(m, trackerService+"UpdateTracker", &trackerpb.UpdateTrackerRequest{
				Tracker: &trackerpb.Tracker{Name: made.GetName(), Resource: "animes/99", ProgressPercentage: wrapperspb.Float(40)}, UpdateMask: mask,
			}, changed))
			want := &trackerpb.Tracker{Name: made.GetName(), Resource: made.GetResource(), ProgressPercentage: wrapperspb.Float(40)}
			if d := cmp.Diff(want, changed, protocmp.Transform()); d != "" {
				t.Error(d)
			}
		}
	})
}
