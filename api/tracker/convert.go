package tracker

import (
	"math"
	"time"

	"asapi/api/tracker/trackerpb"
	"asapi/tasks"
	library "asapi/tasks/tracker"

	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func trackerOf(v *library.View) *trackerpb.Tracker {
	t := &trackerpb.Tracker{
		Name: v.Name(), Resource: v.Resource, StartTime: timestampOf(v.Start), EndTime: timestampOf(v.End),
		CompletedResources: v.Completed, State: trackerpb.State(v.State),
	}
	if p, known := v.Percent(); known {
		t.ProgressPercentage = wrapperspb.Float(float32(p))
	}
	return t
}

// timestampOf leaves out what is unknown.
func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// timeOf reads a timestamp; the absent one is the zero time. The zero time itself
// is no time that anything was watched at.
func timeOf(field string, ts *timestamppb.Timestamp) (time.Time, *tasks.Error) {
	if ts == nil {
		return time.Time{}, nil
	}
	t := ts.AsTime()
	if ts.CheckValid() != nil || t.IsZero() {
		return t, &tasks.Error{Code: tasks.CodeInvalid, Field: field, Message: field + " must lie in the years 1900 to 9999."}
	}
	return t, nil
}

// times reads the two times of a message.
func times(start, end *timestamppb.Timestamp) (from, to time.Time, faults tasks.Faults) {
	from, bad := timeOf("start_time", start)
	if bad != nil {
		faults = append(faults, bad)
	}
	if to, bad = timeOf("end_time", end); bad != nil {
		faults = append(faults, bad)
	}
	return from, to, faults
}

func draftOf(t *trackerpb.Tracker) (library.Draft, error) {
	if t == nil {
		return library.Draft{}, &tasks.Error{Code: tasks.CodeInvalid, Field: whole, Message: "tracker must be given."}
	}
	start, end, faults := times(t.GetStartTime(), t.GetEndTime())
	d := library.Draft{Name: t.GetName(), Resource: t.GetResource(), State: stateOf(t.GetState()), Start: start, End: end, Completed: t.GetCompletedResources()}
	if p := t.GetProgressPercentage(); p != nil {
		by := float64(p.GetValue())
		d.Percentage = &by
	}
	return d, faults.Err()
}

// stateOf keeps numbers that are no state from becoming one.
func stateOf(s trackerpb.State) library.State {
	if s < 0 || s > math.MaxInt8 {
		return math.MaxInt8
	}
	return library.State(s)
}

func deedOf(a *trackerpb.Activity) (library.Deed, error) {
	if a == nil {
		return library.Deed{}, &tasks.Error{Code: tasks.CodeInvalid, Field: whole, Message: "activity must be given."}
	}
	start, end, faults := times(a.GetStartTime(), a.GetEndTime())
	return library.Deed{Activity: library.Activity{
		Resource: a.GetResource(), Platform: a.GetPlatform(), From: int64(a.GetFrom()), To: int64(a.GetTo()), Start: start, End: end,
	}}, faults.Err()
}

func activityOf(name string, a *library.Activity) *trackerpb.Activity {
	return &trackerpb.Activity{
		Name: name, Resource: a.Resource, Platform: a.Platform, From: int32(a.From), To: int32(a.To),
		StartTime: timestampOf(a.Start), EndTime: timestampOf(a.End),
	}
}

func nodeOf(n library.Node) *trackerpb.ProgressIndicatorTree_Node {
	out := &trackerpb.ProgressIndicatorTree_Node{Indicator: &trackerpb.ProgressIndicator{
		MinValue: n.Indicator.Min, MaxValue: n.Indicator.Max, Value: n.Indicator.Value, Ratio: n.Indicator.Ratio, Threshold: n.Indicator.Threshold,
	}}
	for name, child := range n.Nodes {
		if out.Nodes == nil {
			out.Nodes = make(map[string]*trackerpb.ProgressIndicatorTree_Node, len(n.Nodes))
		}
		out.Nodes[name] = nodeOf(child)
	}
	return out
}
