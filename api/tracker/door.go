// Package tracker is the door for published tracker clients: gRPC and the same
// over HTTP/JSON, trackers and audiences and the operations that work on them. It
// decodes, makes one call to the Library or the Desk and encodes; no rule lives
// here. README.md tells what is odd on purpose.
package tracker

import (
	"context"

	"asapi/api/internal/web"
	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"
	"asapi/tasks"
	library "asapi/tasks/tracker"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
)

// Config is what the door works with.
type Config struct {
	*web.Shared
	Library *library.Library
}

// service answers every method, whichever way the call came.
type service struct {
	Config
	trackerpb.UnsafeTrackerServiceServer
	audiencepb.UnsafeAudienceServiceServer
	longrunningpb.UnsafeOperationsServer
}

var (
	_ trackerpb.TrackerServiceServer   = (*service)(nil)
	_ audiencepb.AudienceServiceServer = (*service)(nil)
	_ longrunningpb.OperationsServer   = (*service)(nil)
)

type callKey struct{}

// asked is what a method knows of its call besides the request.
type asked struct {
	caller  tasks.Caller
	started func(tasks.ID) // names the activity in the answer's header
}

// withCall makes the caller known to a method, and how it names the activity that it
// starts.
func withCall(ctx context.Context, c tasks.Caller, started func(tasks.ID)) context.Context {
	return context.WithValue(ctx, callKey{}, &asked{c, started})
}

func askedOf(ctx context.Context) *asked { return ctx.Value(callKey{}).(*asked) }

// callerOf gives the caller of a method; only the two ways in call methods, and
// both sign their callers in.
func callerOf(ctx context.Context) tasks.Caller { return askedOf(ctx).caller }

// permitted gives the client that calls, where its token may use the action of
// the tracker service with these values, as name and value in turn.
func (s *service) permitted(ctx context.Context, action string, values ...string) (tasks.ClientID, error) {
	c := callerOf(ctx)
	if len(c.Token.Allow) == 0 {
		return c.Client.ID, nil
	}
	given := map[string][]string{}
	for i := 0; i+1 < len(values); i += 2 {
		if values[i+1] != "" {
			given[values[i]] = append(given[values[i]], values[i+1])
		}
	}
	return c.Client.ID, s.Desk.Permit(c, library.Slug, action, given)
}
