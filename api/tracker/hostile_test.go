package tracker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"

	"asapi/api/tracker/trackerpb"
	"asapi/store/storetest"
	"asapi/tasks"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
)

func TestAMessageAbove4MBIsRefusedWithASentence(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	for _, size := range []int{4<<20 + 1, 12 << 20, 40 << 20} {
		large := &trackerpb.GetTrackerRequest{Name: strings.Repeat("x", size)}
		err := overGRPC(m, trackerService+"GetTracker", large, &trackerpb.Tracker{})
		if s := status.Convert(err); s.Code() != codes.ResourceExhausted || !strings.Contains(s.Message(), "larger than max") && !strings.Contains(s.Message(), "4194304 bytes") {
			t.Errorf("%d bytes: %v", size, err)
		}
		resp, text := m.request("POST", "/v1alpha1/users/bo/trackers", `{"tracker":{"resource":"`+strings.Repeat("x", size)+`"}}`)
		if resp.StatusCode < 400 || resp.StatusCode >= 500 || !strings.Contains(text, "4194304 bytes") {
			t.Errorf("%d bytes: %d %s", size, resp.StatusCode, tasks.Clip(text, 300))
		}
	}
	packed := m.conn.Invoke(m.ctx(), "/"+trackerService+"GetTracker", &trackerpb.GetTrackerRequest{Name: strings.Repeat("x", 64<<20)}, &trackerpb.Tracker{}, grpc.UseCompressor(gzip.Name))
	if status.Code(packed) != codes.ResourceExhausted {
		t.Errorf("a packed one: %v", packed)
	}
}

func TestUnknownFieldsAreLeftOutOfMessagesAndRefusedInJSON(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	made := create(t, m, overGRPC, "users/bo", &trackerpb.Tracker{Resource: "animes/1"})
	asked := &trackerpb.GetTrackerRequest{Name: made.GetName()}
	asked.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 4711, protowire.BytesType), "of a later version"))
	m.must(overGRPC(m, trackerService+"GetTracker", asked, &trackerpb.Tracker{}))
	for path, body := range map[string]string{
		"POST /v1alpha1/users/bo/trackers":               `{"tracker":{"resource":"animes/2","color":"red"}}`,
		"PATCH /v1alpha1/" + made.GetName():              `{"tracker":{"state":"ON_HOLD"},"mask":"state"}`,
		"GET /v1alpha1/users/bo/trackers?color=red":      "",
		"GET /v1alpha1/users/bo/trackers?page_size=many": "",
		"POST /v1alpha1/users/cy/trackers":               `{"tracker":{"resource":"animes/2"}} {}`,
		"POST /v1alpha1/users/dy/trackers":               `[]`,
		"POST /v1alpha1/users/ey/trackers":               `{"tracker":{"state":"WATCHING"}}`,
	} {
		method, path, _ := strings.Cut(path, " ")
		resp, text := m.request(method, path, body)
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(text, `"INVALID_ARGUMENT"`) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
}

func TestBytesThatAreNoMessageAreTheCallersFault(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	err := m.conn.Invoke(m.ctx(), "/"+trackerService+"GetTracker", []byte{0xff, 0xff, 0xff}, &trackerpb.Tracker{}, grpc.ForceCodec(raw{}))
	refused(t, err, codes.InvalidArgument)
	text := m.conn.Invoke(m.ctx(), "/"+trackerService+"GetTracker", []byte{0x0a, 0x01, 0xff}, &trackerpb.Tracker{}, grpc.ForceCodec(raw{})) // no UTF-8
	refused(t, text, codes.InvalidArgument)
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (raw) Unmarshal(_ []byte, _ any) error { return nil }
func (raw) Name() string                    { return "proto" }

func TestAThousandStreamsOnOneConnectionAreAllAnswered(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	name, _ := scheduled(t, m)
	ctx, stop := context.WithCancel(m.ctx())
	defer stop()
	const streams = 1000
	ended := make(chan error, streams)
	for range streams { // they wait until somebody cancels
		go func() {
			_, err := m.operations().WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: name})
			ended <- err
		}()
	}
	// Others are answered meanwhile, each on a stream of its own.
	var calls errgroup.Group
	for range 200 {
		calls.Go(func() error {
			_, err := m.operations().GetOperation(m.ctx(), &longrunningpb.GetOperationRequest{Name: name})
			return err
		})
	}
	m.must(calls.Wait())
	_, err := m.operations().CancelOperation(m.ctx(), &longrunningpb.CancelOperationRequest{Name: name})
	m.must(err)
	for range streams {
		m.must(<-ended)
	}
}

func TestNobodyCallsWithoutAValidTokenButHealthAndReflection(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	m := w.member("one")
	for about, secret := range map[string]string{"none": "", "unknown": "nobody's"} {
		stranger := &member{world: w, secret: secret, conn: m.conn}
		for name, call := range ways {
			err := call(stranger, trackerService+"GetTracker", &trackerpb.GetTrackerRequest{Name: "users/bo/trackers/1"}, &trackerpb.Tracker{})
			if s := status.Convert(err); s.Code() != codes.Unauthenticated {
				t.Errorf("a token that is %s, over %s: %v", about, name, err)
			}
		}
	}
	old := m.with("old", func(t *tasks.Token) { t.ExpiresAt = time.Now().Add(-time.Second) })
	refused(t, overGRPC(old, trackerService+"GetTracker", &trackerpb.GetTrackerRequest{}, &trackerpb.Tracker{}), codes.Unauthenticated)
	for _, service := range []string{"", trackerService, audienceService, longrunning} {
		asked := &grpc_health_v1.HealthCheckRequest{Service: strings.TrimSuffix(service, "/")}
		healthy, err := grpc_health_v1.NewHealthClient(m.conn).Check(t.Context(), asked)
		if err != nil || healthy.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", asked.GetService(), healthy, err)
		}
	}
	if services := reflected(t, m.conn); !slices.Contains(services, "animeshon.tracker.v1alpha1.TrackerService") || !slices.Contains(services, "google.longrunning.Operations") {
		t.Errorf("reflection tells of %q", services)
	}
}

// reflected lists the services, and asks for the files of each, as grpcurl does.
func reflected(t *testing.T, conn *grpc.ClientConn) (names []string) {
	t.Helper()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		if err := stream.Send(r); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	list := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
	for _, s := range list.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
		files := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: s.GetName()}})
		if len(files.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
			t.Errorf("there is no description of %s", s.GetName())
		}
	}
	return names
}

func TestATokensPermissionsHoldHereToo(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		made := create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: "animes/1"})
		reader := m.with("reader-"+t.Name(), func(t *tasks.Token) {
			t.Allow = []tasks.Permission{{Service: "tracker", Action: "get-tracker"}, {Service: "tracker", Action: "import-trackers", Parameter: "provider", Value: "anidb"}}
		})
		_, err := get(reader, call, made.GetName())
		m.must(err)
		refused(t, call(reader, trackerService+"DeleteTracker", &trackerpb.DeleteTrackerRequest{Name: made.GetName()}, &emptypb.Empty{}), codes.PermissionDenied)
		refused(t, call(reader, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "users/bo"}, &trackerpb.ListTrackersResponse{}), codes.PermissionDenied)
		upload(t, m, "bo", list(t))
		refused(t, call(reader, trackerService+"ImportTrackers", &trackerpb.ImportTrackersRequest{Parent: "users/bo", Provider: trackerpb.Provider_MYANIMELIST}, &longrunningpb.Operation{}), codes.PermissionDenied)
	})
}

func TestWhatAnotherClientHasDoesNotExist(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		made := create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: "animes/1"})
		create(t, m, call, "users/bo", &trackerpb.Tracker{Resource: "animes/2"})
		page := &trackerpb.ListTrackersResponse{}
		m.must(call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "users/bo", PageSize: 1}, page))
		other := m.newMember("other-" + t.Name())
		create(t, other, call, "users/bo", &trackerpb.Tracker{Resource: "animes/3"})
		_, err := get(other, call, made.GetName())
		refused(t, err, codes.NotFound)
		refused(t, call(other, trackerService+"DeleteTracker", &trackerpb.DeleteTrackerRequest{Name: made.GetName()}, &emptypb.Empty{}), codes.NotFound)
		for _, ask := range []*trackerpb.ListTrackersRequest{
			{Parent: "users/bo", PageToken: page.GetNextPageToken()},
			{Parent: "users/cy", PageToken: page.GetNextPageToken()},
			{Parent: "users/bo", Filter: "state = ON_HOLD", PageToken: page.GetNextPageToken()},
		} {
			if fields := refused(t, call(other, trackerService+"ListTrackers", ask, &trackerpb.ListTrackersResponse{}), codes.InvalidArgument); !slices.Equal(fields, []string{"page_token"}) {
				t.Errorf("the fault is of %q", fields)
			}
		}
	})
}

// HTTP/2 must not reach the classic stream, and no plain request the gRPC server.
func TestWhoOffersHTTP1GetsItOnEveryDoor(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	for _, path := range []string{"/account/", "/v1alpha1/operations", "/activities"} {
		resp, text := m.request("GET", path, "")
		if resp.Proto != "HTTP/1.1" || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %d %s", path, resp.Proto, resp.StatusCode, text)
		}
	}
	resp, text := m.request("PUT", "/v1alpha1/users/bo/trackers", "")
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, POST" || !json.Valid(bytes.TrimSpace([]byte(text))) {
		t.Errorf("%d %s %s", resp.StatusCode, resp.Header, text)
	}
	if resp, text := m.request("GET", "/v1alpha1/users/bo/nothing", ""); resp.StatusCode != http.StatusNotFound || !strings.Contains(text, `"NOT_FOUND"`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

// FuzzTheDoor sends names, masks and filters of any kind; nothing is ever the
// server's fault, and both ways say the same.
func FuzzTheDoor(f *testing.F) {
	for _, seed := range [][3]string{
		{"users/bo/trackers/1", "state", "resource:animes/1"},
		{"audiences/x", "*", `state = IN_PROGRESS AND NOT start_time > "2024-01-01T00:00:00Z"`},
		{"users/%2e%2e/trackers/..", "startTime,end_time", "-(((((state:*"},
		{"users/\x00/trackers/1", "a.b.c", "progress_percentage >= 1e999"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	m := newWorld(f, storetest.SQLite(f)).member("one")
	f.Fuzz(func(t *testing.T, name, mask, filter string) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+m.secret)
		name, mask, filter = strings.ToValidUTF8(name, "?"), strings.ToValidUTF8(mask, "?"), strings.ToValidUTF8(filter, "?")
		_, get := m.trackers().GetTracker(ctx, &trackerpb.GetTrackerRequest{Name: name})
		_, list := m.trackers().ListTrackers(ctx, &trackerpb.ListTrackersRequest{Parent: name, Filter: filter, PageToken: mask})
		_, listed := m.trackers().ListTrackers(ctx, &trackerpb.ListTrackersRequest{Parent: "users/bo", Filter: filter})
		_, update := m.trackers().UpdateTracker(ctx, &trackerpb.UpdateTrackerRequest{Tracker: &trackerpb.Tracker{Name: name}, UpdateMask: maskOf(mask)})
		_, found := m.operations().GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: name})
		_, all := m.operations().ListOperations(ctx, &longrunningpb.ListOperationsRequest{Name: name, Filter: filter})
		for about, err := range map[string]error{"get": get, "list": list, "listed": listed, "update": update, "found": found, "all": all} {
			switch code := status.Code(err); code {
			case codes.OK, codes.InvalidArgument, codes.NotFound:
			default:
				t.Errorf("%s: %v", about, err)
			}
		}
	})
}
