package tracker

import (
	"context"
	"strings"

	"asapi/api/tracker/trackerpb"
	library "asapi/tasks/tracker"

	"google.golang.org/protobuf/types/known/emptypb"
)

// audienceIn gives the audience that a name stands below, as the parameter of the
// actions has it; empty: it is a user's.
func audienceIn(name string) string {
	rest, ok := strings.CutPrefix(name, "audiences/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// GetTracker implements trackerpb.TrackerServiceServer.
func (s *service) GetTracker(ctx context.Context, r *trackerpb.GetTrackerRequest) (*trackerpb.Tracker, error) {
	client, err := s.permitted(ctx, "get-tracker", "tracker", r.GetName(), "audience", audienceIn(r.GetName()))
	if err != nil {
		return nil, err
	}
	v, err := s.Library.GetTracker(ctx, client, r.GetName())
	if err != nil {
		return nil, err
	}
	return trackerOf(&v), nil
}

// ListTrackers implements trackerpb.TrackerServiceServer.
func (s *service) ListTrackers(ctx context.Context, r *trackerpb.ListTrackersRequest) (*trackerpb.ListTrackersResponse, error) {
	client, err := s.permitted(ctx, "list-trackers", "filter", r.GetFilter(), "audience", audienceIn(r.GetParent()))
	if err != nil {
		return nil, err
	}
	page, err := s.Library.ListTrackers(ctx, client, library.PageQuery{
		Parent: r.GetParent(), Filter: r.GetFilter(), Size: int(r.GetPageSize()), Token: r.GetPageToken(),
	})
	if err != nil {
		return nil, renamed(err, "audience", "parent")
	}
	answer := &trackerpb.ListTrackersResponse{Trackers: make([]*trackerpb.Tracker, len(page.Trackers)), NextPageToken: page.Next}
	for i := range page.Trackers {
		answer.Trackers[i] = trackerOf(&page.Trackers[i])
	}
	return answer, nil
}

// CreateTracker implements trackerpb.TrackerServiceServer.
func (s *service) CreateTracker(ctx context.Context, r *trackerpb.CreateTrackerRequest) (*trackerpb.Tracker, error) {
	client, err := s.permitted(ctx, "create-tracker", "resource", r.GetTracker().GetResource(), "tracker", r.GetTracker().GetName(),
		"state", r.GetTracker().GetState().String(), "audience", audienceIn(r.GetParent()))
	if err != nil {
		return nil, err
	}
	d, err := draftOf(r.GetTracker())
	if err != nil {
		return nil, below("tracker", err)
	}
	v, err := s.Library.CreateTracker(ctx, client, r.GetParent(), d)
	if err != nil {
		return nil, below("tracker", renamed(err, "audience", "parent"), "parent")
	}
	return trackerOf(&v), nil
}

// UpdateTracker implements trackerpb.TrackerServiceServer.
func (s *service) UpdateTracker(ctx context.Context, r *trackerpb.UpdateTrackerRequest) (*trackerpb.Tracker, error) {
	name := r.GetTracker().GetName()
	client, err := s.permitted(ctx, "update-tracker", "tracker", name, "state", r.GetTracker().GetState().String(), "audience", audienceIn(name))
	if err != nil {
		return nil, err
	}
	d, err := draftOf(r.GetTracker())
	if err != nil {
		return nil, below("tracker", err)
	}
	v, err := s.Library.UpdateTracker(ctx, client, name, d, r.GetUpdateMask().GetPaths())
	if err != nil {
		return nil, below("tracker", renamed(err, "audience", "name"), "update_mask")
	}
	return trackerOf(&v), nil
}

// DeleteTracker implements trackerpb.TrackerServiceServer.
func (s *service) DeleteTracker(ctx context.Context, r *trackerpb.DeleteTrackerRequest) (*emptypb.Empty, error) {
	client, err := s.permitted(ctx, "delete-tracker", "tracker", r.GetName(), "audience", audienceIn(r.GetName()))
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.Library.DeleteTracker(ctx, client, r.GetName())
}

// CreateActivity implements trackerpb.TrackerServiceServer.
func (s *service) CreateActivity(ctx context.Context, r *trackerpb.CreateActivityRequest) (*trackerpb.Activity, error) {
	client, err := s.permitted(ctx, "process-activities", "audience", audienceIn(r.GetParent()))
	if err != nil {
		return nil, err
	}
	d, err := deedOf(r.GetActivity())
	if err != nil {
		return nil, below("activity", err)
	}
	name, kept, err := s.Library.CreateActivity(ctx, client, r.GetParent(), d)
	if err != nil {
		return nil, below("activity", renamed(renamed(err, "name", "parent"), "audience", "parent"), "parent")
	}
	return activityOf(name, &kept), nil
}

// DeleteActivity implements trackerpb.TrackerServiceServer.
func (s *service) DeleteActivity(ctx context.Context, r *trackerpb.DeleteActivityRequest) (*emptypb.Empty, error) {
	client, err := s.permitted(ctx, "delete-activity", "activity", r.GetName(), "audience", audienceIn(r.GetName()))
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.Library.DeleteActivity(ctx, client, r.GetName())
}

// ComputeTracker implements trackerpb.TrackerServiceServer.
func (s *service) ComputeTracker(ctx context.Context, r *trackerpb.ComputeTrackerRequest) (*trackerpb.ComputeTrackerResponse, error) {
	client, err := s.permitted(ctx, "get-tracker", "tracker", r.GetName(), "audience", audienceIn(r.GetName()))
	if err != nil {
		return nil, err
	}
	root, err := s.Library.ComputeTracker(ctx, client, r.GetName())
	if err != nil {
		return nil, err
	}
	return &trackerpb.ComputeTrackerResponse{Tree: &trackerpb.ProgressIndicatorTree{Root: nodeOf(root)}}, nil
}
