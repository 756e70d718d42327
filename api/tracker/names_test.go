package tracker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"
	"asapi/store/storetest"
)

// Programs that find types by reflection, or were generated from the published
// files, know these names.
func TestTheTypesHaveTheirPublishedNames(t *testing.T) {
	file := trackerpb.File_animeshon_tracker_v1alpha1_tracker_proto
	var enums, messages []string
	for i := range file.Enums().Len() {
		enums = append(enums, string(file.Enums().Get(i).FullName()))
	}
	for i := range file.Messages().Len() {
		m := file.Messages().Get(i)
		messages = append(messages, string(m.Name()))
		if n := m.Enums().Len(); n != 0 {
			t.Errorf("%s has %d enums of its own", m.Name(), n)
		}
	}
	slices.Sort(messages)
	if d := cmp.Diff([]string{"animeshon.tracker.v1alpha1.Provider", "animeshon.tracker.v1alpha1.State"}, slices.Sorted(slices.Values(enums))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		"Activity", "Audience", "ComputeTrackerRequest", "ComputeTrackerResponse", "CreateActivityRequest", "CreateTrackerRequest",
		"DeleteActivityRequest", "DeleteTrackerRequest", "ExportTrackersRequest", "ExportTrackersResponse", "GetTrackerRequest",
		"ImportTrackersRequest", "ImportTrackersResponse", "ListTrackersRequest", "ListTrackersResponse", "OperationMetadata",
		"ProgressIndicator", "ProgressIndicatorTree", "Tracker", "UpdateTrackerRequest",
	}, messages); d != "" {
		t.Error(d)
	}
}

// A name that is none is a fault of the field that it stands in.
func TestANameThatIsNoneIsAFaultOfItsField(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	tracker := &trackerpb.Tracker{Name: "nobody/trackers/1"}
	activity := &trackerpb.Activity{Resource: "animes/1", Platform: "TV", To: 1, StartTime: day, EndTime: day}
	for method, c := range map[string]struct {
		request proto.Message
		field   protoreflect.Name
		at      string
	}{
		"GetTracker":     {&trackerpb.GetTrackerRequest{}, "name", ""},
		"DeleteTracker":  {&trackerpb.DeleteTrackerRequest{}, "name", ""},
		"ComputeTracker": {&trackerpb.ComputeTrackerRequest{}, "name", ""},
		"DeleteActivity": {&trackerpb.DeleteActivityRequest{}, "name", ""},
		"UpdateTracker":  {&trackerpb.UpdateTrackerRequest{Tracker: tracker}, "", "tracker.name"},
		"CreateActivity": {&trackerpb.CreateActivityRequest{Activity: activity}, "parent", ""},
		"CreateTracker":  {&trackerpb.CreateTrackerRequest{Tracker: &trackerpb.Tracker{Resource: "animes/1"}}, "parent", ""},
		"ListTrackers":   {&trackerpb.ListTrackersRequest{}, "parent", ""},
		"ImportTrackers": {&trackerpb.ImportTrackersRequest{Provider: trackerpb.Provider_VNDB}, "parent", ""},
		"ExportTrackers": {&trackerpb.ExportTrackersRequest{Provider: trackerpb.Provider_VNDB}, "parent", ""},
	} {
		t.Run(method, func(t *testing.T) {
			for _, name := range []string{"", "nobody", "nobody/trackers/1", "users/", "users/%zz/trackers/1", "nobody/trackers/1/activities/1"} {
				want := c.at
				if c.field != "" {
					r := c.request.ProtoReflect()
					r.Set(r.Descriptor().Fields().ByName(c.field), protoreflect.ValueOfString(name))
					want = string(c.field)
				} else {
					tracker.Name = name
				}
				err := overGRPC(m, trackerService+method, c.request, answerOf(method))
				if got := refused(t, err, codes.InvalidArgument); !slices.Equal(got, []string{want}) {
					t.Errorf("the faults of %q are of %q, want %q: %v", name, got, want, err)
				}
			}
		})
	}
}

// What a deleted audience had is deleted in the background, and gone at once.
func TestTheTrackersOfAnAudienceAreGoneWithIt(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		list := func(parent string) error {
			return call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: parent}, &trackerpb.ListTrackersResponse{})
		}
		refused(t, list("audiences/friday"), codes.NotFound)
		m.must(call(m, audienceService+"CreateAudience", &audiencepb.CreateAudienceRequest{Audience: &trackerpb.Audience{Name: "audiences/friday"}}, &trackerpb.Audience{}))
		made := create(t, m, call, "audiences/friday", &trackerpb.Tracker{Resource: "animes/7"})
		_, err := get(m, call, made.GetName())
		m.must(err)
		m.must(list("audiences/friday"))
		refused(t, call(m.newMember("stranger-"+t.Name()), trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "audiences/friday"}, &trackerpb.ListTrackersResponse{}), codes.NotFound)
		m.must(call(m, audienceService+"DeleteAudience", &audiencepb.DeleteAudienceRequest{Name: "audiences/friday"}, &emptypb.Empty{}))
		_, err = get(m, call, made.GetName())
		refused(t, err, codes.NotFound)
		refused(t, list("audiences/friday"), codes.NotFound)
		refused(t, call(m, trackerService+"ComputeTracker", &trackerpb.ComputeTrackerRequest{Name: made.GetName()}, &trackerpb.ComputeTrackerResponse{}), codes.NotFound)
	})
}

// The tables keep no time as the number of that moment.
func TestTheFirstMomentOf1970IsATime(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		first := timestamppb.New(time.Unix(0, 0))
		made := create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: "animes/1", State: trackerpb.State_IN_PROGRESS, StartTime: first, EndTime: first})
		want := &trackerpb.Tracker{Name: made.GetName(), Resource: "animes/1", State: trackerpb.State_IN_PROGRESS, StartTime: first, EndTime: first}
		found, err := get(m, call, made.GetName())
		m.must(err)
		if d := cmp.Diff([]*trackerpb.Tracker{want, want}, []*trackerpb.Tracker{made, found}, protocmp.Transform()); d != "" {
			t.Error(d)
		}
		page := &trackerpb.ListTrackersResponse{}
		m.must(call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "users/bo", Filter: `start_time = "1970-01-01T00:00:00Z" AND end_time < 1970-01-02`}, page))
		if len(page.GetTrackers()) != 1 {
			t.Errorf("it is not found by its time: %v", page)
		}
	})
}
