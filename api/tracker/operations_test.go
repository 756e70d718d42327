package tracker_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"asapi/api/tracker/trackerpb"
	"asapi/store/storetest"
	"asapi/tasks"
	library "asapi/tasks/tracker"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
)

// list is a list file of 40 entries.
func list(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../../store/trackers/testdata/animelist_40.xml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// upload imports a list file through the asapi door, with further parameters in
// pairs, and waits for its end.
func upload(t *testing.T, m *member, user string, file []byte, more ...string) {
	t.Helper()
	_, _ = m.request("POST", "/register-account/", "service=tracker&username="+user, "Content-Type", "application/x-www-form-urlencoded")
	var body string
	for pair := range slices.Chunk(append([]string{"service", "tracker", "action", "import-trackers", "account", user}, more...), 2) {
		body += "--b\r\nContent-Disposition: form-data; name=\"" + pair[0] + "\"\r\n\r\n" + pair[1] + "\r\n"
	}
	body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"animelist.xml\"\r\nContent-Type: text/xml\r\n\r\n" + string(file) + "\r\n--b--\r\n"
	resp, text := m.request("POST", "/submit-task/", body, "Content-Type", "multipart/form-data; boundary=b")
	if resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode, text)
	}
	of, err := m.operations().ListOperations(m.ctx(), &longrunningpb.ListOperationsRequest{PageSize: 1})
	m.must(err)
	if o := wait(t, m, overGRPC, of.GetOperations()[0].GetName()); o.GetError() != nil {
		t.Fatal(o)
	}
}

// wait polls an operation as the published client does, until it is done.
func wait(t *testing.T, m *member, call way, name string) *longrunningpb.Operation {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	for {
		o := &longrunningpb.Operation{}
		m.must(call(m, longrunning+"WaitOperation", &longrunningpb.WaitOperationRequest{Name: name}, o))
		if o.GetDone() {
			return o
		}
		if ctx.Err() != nil {
			t.Fatal("it does not end: ", o)
		}
	}
}

func metadataIn(t *testing.T, o *longrunningpb.Operation) *trackerpb.OperationMetadata {
	t.Helper()
	meta := &trackerpb.OperationMetadata{}
	if err := o.GetMetadata().UnmarshalTo(meta); err != nil {
		t.Fatal(err)
	}
	return meta
}

func TestAnImportTakesTheListThatWasUploadedLastAndIsATaskOfThisSystem(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		asked := &trackerpb.ImportTrackersRequest{Parent: "users/ann", Provider: trackerpb.Provider_MYANIMELIST}
		err := call(m, trackerService+"ImportTrackers", asked, &longrunningpb.Operation{})
		refused(t, err, codes.FailedPrecondition)
		if !strings.Contains(status.Convert(err).Message(), "import-trackers") {
			t.Errorf("it does not say what to do: %v", err)
		}
		upload(t, m, "ann", list(t))
		o := &longrunningpb.Operation{}
		m.must(call(m, trackerService+"ImportTrackers", asked, o))
		_, activities := m.request("GET", "/activities", "", "Accept", "application/json")
		if !strings.Contains(activities, `"tracker.import-trackers"`) {
			t.Errorf("no activity: %s", activities)
		}
		o = wait(t, m, call, o.GetName())
		if err := o.GetResponse().UnmarshalTo(&trackerpb.ImportTrackersResponse{}); err != nil {
			t.Fatalf("%v: %v", o, err)
		}
		meta := metadataIn(t, o)
		if meta.GetVerb() != "import" || meta.GetTarget() != "users/ann" || meta.GetApiVersion() != "v1alpha1" || meta.GetProgressPercentage() != 100 ||
			meta.GetRequestedCancellation() || meta.GetEndTime().AsTime().Before(meta.GetCreateTime().AsTime()) {
			t.Errorf("the metadata is %v", meta)
		}
		page := &trackerpb.ListTrackersResponse{}
		m.must(call(m, trackerService+"ListTrackers", &trackerpb.ListTrackersRequest{Parent: "users/ann"}, page))
		if len(page.GetTrackers()) != 40 {
			t.Errorf("there are %d trackers", len(page.GetTrackers()))
		}
		exported := &longrunningpb.Operation{}
		m.must(call(m, trackerService+"ExportTrackers", &trackerpb.ExportTrackersRequest{Parent: "users/ann", Provider: trackerpb.Provider_MYANIMELIST}, exported))
		if o := wait(t, m, call, exported.GetName()); o.GetResponse().UnmarshalTo(&trackerpb.ExportTrackersResponse{}) != nil {
			t.Errorf("the export ended as %v", o)
		}
		m.must(call(m, longrunning+"DeleteOperation", &longrunningpb.DeleteOperationRequest{Name: exported.GetName()}, &emptypb.Empty{}))
	})
}

func TestTheListThatAnImportTakesOutlivesItsTaskAndLeavesWithItsAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := w.member("one")
		big := list(t)
		big = slices.Concat(big, []byte("\n<!--"), []byte(strings.Repeat("x", tasks.InlineLimit)), []byte("-->\n")) // too large for a row
		upload(t, m, "ann", big)
		owner := library.UserOf(m.client.ID, "ann")
		in, err := w.library.ListFile(t.Context(), m.client.ID, owner.Parent, library.MyAnimeList)
		w.must(err)
		if in.Size != int64(len(big)) || in.Blob == "" {
			t.Fatalf("kept was %d bytes in %q", in.Size, in.Blob)
		}
		used, err := w.store.BlobsInUse(t.Context(), []string{in.Blob})
		w.must(err)
		if !used[in.Blob] {
			t.Error("the sweep would delete the list")
		}
		w.must(w.lists.Erase(t.Context(), owner))
		if _, err := w.library.ListFile(t.Context(), m.client.ID, owner.Parent, library.MyAnimeList); tasks.CodeOf(err) != tasks.CodePrecondition {
			t.Errorf("after the erasure: %v", err)
		}
	})
}

// scheduled submits an import for tomorrow and gives its operation.
func scheduled(t *testing.T, m *member) (name, id string) {
	t.Helper()
	c := tasks.Caller{Token: m.token, Client: m.client}
	m.must(ignoreUnique(m.desk.Register(t.Context(), c, library.Slug, "ann")))
	receipt, err := m.desk.Submit(t.Context(), c, tasks.Submission{Fields: func(yield func(tasks.Field, error) bool) {
		for _, f := range [][2]string{{"service", "tracker"}, {"action", "export-trackers"}, {"account", "ann"}, {"provider", "anidb"}, {"_delay", "86400"}} {
			if !yield(tasks.Field{Name: f[0], Value: f[1]}, nil) {
				return
			}
		}
	}})
	m.must(err)
	page, err := m.operations().ListOperations(m.ctx(), &longrunningpb.ListOperationsRequest{PageSize: 1})
	m.must(err)
	return page.GetOperations()[0].GetName(), receipt.Task.ID.String()
}

func ignoreUnique(err error) error {
	if tasks.CodeOf(err) == tasks.CodeUnique {
		return nil
	}
	return err
}

func TestAnOperationIsCancelledFromAnySide(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		for about, cancel := range map[string]func(name, id string){
			"CancelOperation": func(name, _ string) {
				m.must(call(m, longrunning+"CancelOperation", &longrunningpb.CancelOperationRequest{Name: name}, &emptypb.Empty{}))
			},
			"the asapi door": func(_, id string) {
				m.request("POST", "/cancel-task/", "task_ids="+id, "Content-Type", "application/x-www-form-urlencoded")
			},
			"the activities door": func(_, id string) { m.request("DELETE", "/activities/"+id, "") },
		} {
			name, id := scheduled(t, m)
			if err := call(m, longrunning+"DeleteOperation", &longrunningpb.DeleteOperationRequest{Name: name}, &emptypb.Empty{}); status.Code(err) != codes.FailedPrecondition {
				t.Errorf("deleting before the end: %v", err)
			}
			cancel(name, id)
			o := &longrunningpb.Operation{}
			m.must(call(m, longrunning+"GetOperation", &longrunningpb.GetOperationRequest{Name: name}, o))
			if !o.GetDone() || o.GetError().GetCode() != 1 || o.GetError().GetMessage() == "" || !metadataIn(t, o).GetRequestedCancellation() {
				t.Errorf("cancelled by %s it is %v", about, o)
			}
			m.must(call(m, longrunning+"CancelOperation", &longrunningpb.CancelOperationRequest{Name: name}, &emptypb.Empty{}))
		}
	})
}

func TestOperationsAreListedInPagesThatBelongToTheirClientAndFilter(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		var want []string
		for range 3 {
			name, _ := scheduled(t, m)
			want = append([]string{name}, want...)
		}
		var got []string
		ask := &longrunningpb.ListOperationsRequest{Name: "operations", PageSize: 2, Filter: "done = false AND metadata.verb = export"}
		for {
			page := &longrunningpb.ListOperationsResponse{}
			m.must(call(m, longrunning+"ListOperations", ask, page))
			for _, o := range page.GetOperations() {
				got = append(got, o.GetName())
			}
			if ask.PageToken = page.GetNextPageToken(); ask.PageToken == "" {
				break
			}
			other := &longrunningpb.ListOperationsRequest{Name: "operations", PageSize: 2, Filter: "done = false", PageToken: ask.GetPageToken()}
			if fields := refused(t, call(m, longrunning+"ListOperations", other, page), codes.InvalidArgument); !slices.Equal(fields, []string{"page_token"}) {
				t.Errorf("the fault is of %q", fields)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		stranger := m.newMember("stranger-" + t.Name())
		refused(t, call(stranger, longrunning+"GetOperation", &longrunningpb.GetOperationRequest{Name: want[0]}, &longrunningpb.Operation{}), codes.NotFound)
		refused(t, call(m, longrunning+"ListOperations", &longrunningpb.ListOperationsRequest{Name: "operations", Filter: "color = red"}, &longrunningpb.ListOperationsResponse{}), codes.InvalidArgument)
	})
}

func TestAWaitEndsWithItsTimeoutItsTokenAndTheServer(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	m := w.member("one")
	name, _ := scheduled(t, m)
	for about, call := range ways {
		o := &longrunningpb.Operation{}
		m.must(call(m, longrunning+"WaitOperation", &longrunningpb.WaitOperationRequest{Name: name, Timeout: durationpb.New(time.Millisecond)}, o))
		if o.GetDone() || o.GetName() != name {
			t.Errorf("over %s: %v", about, o)
		}
	}
	waiting := func(m *member, call way) chan error {
		ended := make(chan error, 1)
		go func() {
			ended <- call(m, longrunning+"WaitOperation", &longrunningpb.WaitOperationRequest{Name: name}, &longrunningpb.Operation{})
		}()
		return ended
	}
	for about, call := range ways {
		short := m.with("short-"+about, func(t *tasks.Token) { t.ExpiresAt = time.Now().Add(2 * time.Second) })
		refused(t, <-waiting(short, call), codes.Unauthenticated)
		gone := m.with("gone-" + about)
		m.must(call(gone, longrunning+"GetOperation", &longrunningpb.GetOperationRequest{Name: name}, &longrunningpb.Operation{})) // signed in
		ended := waiting(gone, call)
		m.must(w.store.RevokeToken(t.Context(), gone.token.ID))
		refused(t, <-ended, codes.Unauthenticated)
	}
	ended := waiting(m, overGRPC)
	begun := make(chan struct{})
	go func() { // a call that is answered says that the one before is on its way
		defer close(begun)
		_ = overGRPC(m, longrunning+"GetOperation", &longrunningpb.GetOperationRequest{Name: name}, &longrunningpb.Operation{})
	}()
	<-begun
	w.stop()
	if err := <-ended; err != nil && status.Code(err) != codes.Unavailable {
		t.Errorf("the server's end: %v", err)
	}
}
