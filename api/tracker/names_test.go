package tracker_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/api/tracker/trackerpb"
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
