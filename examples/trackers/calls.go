package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"asapi/api/tracker/trackerpb"
)

// call does one thing and prints what was answered.
type call func(ctx context.Context, c *client, s *settings, show func(proto.Message) error) error

var calls = map[string]call{
	"create-tracker":  createTracker,
	"update-tracker":  updateTracker,
	"list-trackers":   listTrackers,
	"create-activity": createActivity,
	"import-trackers": importTrackers,
}

// printer prints messages as JSON, one a line.
func printer(out io.Writer) func(proto.Message) error {
	return func(m proto.Message) error {
		b, err := protojson.Marshal(m)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s\n", b)
		}
		return err
	}
}

func createTracker(ctx context.Context, c *client, s *settings, show func(proto.Message) error) error {
	made, err := c.trackers.CreateTracker(about(ctx, "parent", s.parent), &trackerpb.CreateTrackerRequest{
		Parent:  s.parent,
		Tracker: &trackerpb.Tracker{Resource: s.resource, StartTime: timestamppb.Now(), State: trackerpb.State_IN_PROGRESS},
	})
	if err != nil {
		return err
	}
	return show(made)
}

// updateTracker puts a tracker on hold, and leaves all else of it as it is.
func updateTracker(ctx context.Context, c *client, s *settings, show func(proto.Message) error) error {
	updated, err := c.trackers.UpdateTracker(about(ctx, "tracker.name", s.tracker), &trackerpb.UpdateTrackerRequest{
		Tracker:    &trackerpb.Tracker{Name: s.tracker, State: trackerpb.State_ON_HOLD},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		return err
	}
	return show(updated)
}

// listTrackers goes over all pages; how long they are is up to the server.
func listTrackers(ctx context.Context, c *client, s *settings, show func(proto.Message) error) error {
	request := &trackerpb.ListTrackersRequest{Parent: s.parent}
	for {
		page, err := c.trackers.ListTrackers(about(ctx, "parent", s.parent), request)
		if err != nil {
			return err
		}
		for _, t := range page.GetTrackers() {
			if err := show(t); err != nil {
				return err
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" {
			return nil
		}
	}
}

// createActivity tells that 22 minutes of an episode were watched.
func createActivity(ctx context.Context, c *client, s *settings, show func(proto.Message) error) error {
	const length = 1320 // seconds
	end := time.Now()
	made, err := c.trackers.CreateActivity(about(ctx, "parent", s.tracker), &trackerpb.CreateActivityRequest{
		Parent: s.tracker,
		Activity: &trackerpb.Activity{
			Resource: s.resource, Platform: "NETFLIX", From: 0, To: length,
			StartTime: timestamppb.New(end.Add(-length * time.Second)), EndTime: timestamppb.New(end),
		},
	})
	if err != nil {
		return err
	}
	return show(made)
}

// importTrackers takes over the user's list of a provider, and waits until that is
// done.
func importTrackers(ctx context.Context, c *client, s *settings, show func(proto.Message) error) error {
	begun, err := c.trackers.ImportTrackers(about(ctx, "parent", s.parent), &trackerpb.ImportTrackersRequest{
		Parent: s.parent, Provider: trackerpb.Provider_MYANIMELIST,
	})
	if err != nil {
		return err
	}
	if err := show(begun); err != nil {
		return err
	}
	var imported trackerpb.ImportTrackersResponse
	ended, err := c.wait(ctx, begun, &imported)
	if ended != nil {
		if err := show(ended); err != nil {
			return err
		}
	}
	return err
}
