package tracker

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// binding is a method over HTTP. In its pattern the braces hold the part of the
// path that is the value of a field; P stands for users/* or audiences/*, and *
// for one segment.
type binding struct {
	http    string // the method
	pattern string
	field   string // that the part in braces sets; tracker.name is a field of a field
	body    bool   // the whole request; without it fields come as the query
	request func() proto.Message
	call    func(*service, context.Context, proto.Message) (proto.Message, error)
}

// bind makes the binding of a method.
func bind[R proto.Message, A proto.Message](method, pattern, field string, call func(*service, context.Context, R) (A, error)) binding {
	var none R
	of := none.ProtoReflect().Type()
	return binding{
		http: method, pattern: pattern, field: field, body: method == http.MethodPost || method == http.MethodPatch,
		request: func() proto.Message { return of.New().Interface() },
		call: func(s *service, ctx context.Context, r proto.Message) (proto.Message, error) {
			a, err := call(s, ctx, r.(R))
			return a, err
		},
	}
}

// bindings are all methods over HTTP; the .proto files say the same.
var bindings = []binding{
	bind[*trackerpb.GetTrackerRequest](http.MethodGet, "{P/trackers/*}", "name", (*service).GetTracker),
	bind[*trackerpb.ListTrackersRequest](http.MethodGet, "{P}/trackers", "parent", (*service).ListTrackers),
	bind[*trackerpb.CreateTrackerRequest](http.MethodPost, "{P}/trackers", "parent", (*service).CreateTracker),
	bind[*trackerpb.UpdateTrackerRequest](http.MethodPatch, "{P/trackers/*}", "tracker.name", (*service).UpdateTracker),
	bind[*trackerpb.DeleteTrackerRequest](http.MethodDelete, "{P/trackers/*}", "name", (*service).DeleteTracker),
	bind[*trackerpb.ImportTrackersRequest](http.MethodPost, "{P}/trackers:import", "parent", (*service).ImportTrackers),
	bind[*trackerpb.ExportTrackersRequest](http.MethodPost, "{P}/trackers:export", "parent", (*service).ExportTrackers),
	bind[*trackerpb.CreateActivityRequest](http.MethodPost, "{P/trackers/*}/activities", "parent", (*service).CreateActivity),
	bind[*trackerpb.DeleteActivityRequest](http.MethodDelete, "{P/trackers/*/activities/*}", "name", (*service).DeleteActivity),
	bind[*trackerpb.ComputeTrackerRequest](http.MethodPost, "{P/trackers/*}:compute", "name", (*service).ComputeTracker),

	bind[*audiencepb.CreateAudienceRequest](http.MethodPost, "audiences", "", (*service).CreateAudience),
	bind[*audiencepb.ListAudiencesRequest](http.MethodGet, "audiences", "", (*service).ListAudiences),
	bind[*audiencepb.GetAudienceRequest](http.MethodGet, "{audiences/*}", "name", (*service).GetAudience),
	bind[*audiencepb.DeleteAudienceRequest](http.MethodDelete, "{audiences/*}", "name", (*service).DeleteAudience),
	bind[*audiencepb.ListAudienceMembersRequest](http.MethodGet, "{audiences/*}/members", "parent", (*service).ListAudienceMembers),
	bind[*audiencepb.AddAudienceMembersRequest](http.MethodPost, "{audiences/*}:addMembers", "name", (*service).AddAudienceMembers),
	bind[*audiencepb.RemoveAudienceMembersRequest](http.MethodPost, "{audiences/*}:removeMembers", "name", (*service).RemoveAudienceMembers),

	bind[*longrunningpb.ListOperationsRequest](http.MethodGet, "{operations}", "name", (*service).ListOperations),
	bind[*longrunningpb.GetOperationRequest](http.MethodGet, "{operations/*}", "name", (*service).GetOperation),
	bind[*longrunningpb.DeleteOperationRequest](http.MethodDelete, "{operations/*}", "name", (*service).DeleteOperation),
	bind[*longrunningpb.CancelOperationRequest](http.MethodPost, "{operations/*}:cancel", "name", (*service).CancelOperation),
	bind[*longrunningpb.WaitOperationRequest](http.MethodPost, "{operations/*}:wait", "name", (*service).WaitOperation),
}

// found is the binding of a request's path, with the name that stands in it.
type found struct {
	*binding
	name string
}

// find gives the binding of a path below the version, as it came escaped. Without
// one, allowed are the methods that the path does take.
func find(method, path string) (f found, allowed []string, ok bool) {
	path, verb := cutVerb(strings.TrimSuffix(path, "/"))
	segments := strings.Split(path, "/")
	for i := range bindings {
		b := &bindings[i]
		pattern, wants := cutVerb(b.pattern)
		n, fits := match(strings.Split(strings.NewReplacer("{", "", "}", "").Replace(pattern), "/"), segments)
		if !fits || wants != verb {
			continue
		}
		if b.http != method {
			allowed = append(allowed, b.http)
			continue
		}
		return found{b, strings.Join(segments[:n+b.named()], "/")}, nil, true
	}
	slices.Sort(allowed)
	return found{}, slices.Compact(allowed), false
}

// cutVerb cuts a custom method such as :import off the end; its colon may be
// escaped.
func cutVerb(path string) (rest, verb string) {
	last := path[strings.LastIndexByte(path, '/')+1:]
	for _, colon := range []string{":", "%3A", "%3a"} {
		if i := strings.LastIndex(last, colon); i >= 0 {
			return path[:len(path)-len(last)+i], last[i+len(colon):]
		}
	}
	return path, ""
}

// match says whether segments are of a pattern, and how many more there are than
// the pattern has elements: P is two.
func match(pattern, segments []string) (more int, ok bool) {
	for _, want := range pattern {
		if want == "P" {
			if len(segments) < 2 || segments[0] != "users" && segments[0] != "audiences" || segments[1] == "" {
				return 0, false
			}
			segments, more = segments[2:], more+1
			continue
		}
		if len(segments) == 0 || segments[0] == "" || want != "*" && want != segments[0] {
			return 0, false
		}
		segments = segments[1:]
	}
	return more, len(segments) == 0
}

// named counts the elements of the pattern that stand in its braces.
func (b *binding) named() int {
	_, part, ok := strings.Cut(b.pattern, "{")
	if !ok {
		return 0
	}
	part, _, _ = strings.Cut(part, "}")
	return strings.Count(part, "/") + 1
}

// setName sets the field of the request that stands in the path.
func (b *binding) setName(r proto.Message, name string) {
	if b.field == "" {
		return
	}
	m := r.ProtoReflect()
	outer, inner, nested := strings.Cut(b.field, ".")
	f := m.Descriptor().Fields().ByName(protoreflect.Name(outer))
	if nested {
		m = m.Mutable(f).Message()
		f = m.Descriptor().Fields().ByName(protoreflect.Name(inner))
	}
	m.Set(f, protoreflect.ValueOfString(name))
}

// route is what logs and metrics call the binding.
func (b *binding) route() string {
	return "/v1alpha1/" + strings.NewReplacer("{", "", "}", "", "P", "{parent}").Replace(b.pattern)
}

// versioned cuts the version off a request's path, as it came escaped.
func versioned(u *url.URL) string { return strings.TrimPrefix(u.EscapedPath(), "/v1alpha1/") }
