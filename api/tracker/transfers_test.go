package tracker_test

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
)

// entries is a list file of so many works of which the first episode was watched.
func entries(n int) []byte {
	var b bytes.Buffer
	b.WriteString("<myanimelist>\n")
	for i := range n {
		fmt.Fprintf(&b, "<anime><series_animedb_id>%d</series_animedb_id><series_episodes>12</series_episodes><my_status>Watching</my_status><my_watched_episodes>1</my_watched_episodes></anime>\n", i+1)
	}
	b.WriteString("</myanimelist>\n")
	return b.Bytes()
}

// has counts the trackers of a parent, which are on one page.
func (m *member) has(parent string) int {
	m.tb.Helper()
	page, err := m.trackers().ListTrackers(m.ctx(), &trackerpb.ListTrackersRequest{Parent: parent, PageSize: 1000})
	m.must(err)
	return len(page.GetTrackers())
}

// awaits waits until a parent has so many trackers.
func (m *member) awaits(parent string, n int) {
	m.tb.Helper()
	deadline := time.Now().Add(patience)
	for m.has(parent) != n {
		if time.Now().After(deadline) {
			m.tb.Fatalf("%s has %d trackers, want %d", parent, m.has(parent), n)
		}
	}
}

// begin calls ImportTrackers or ExportTrackers for a parent.
func begin(m *member, call way, method, parent string) (*longrunningpb.Operation, error) {
	o := &longrunningpb.Operation{}
	if method == "ExportTrackers" {
		return o, call(m, trackerService+method, &trackerpb.ExportTrackersRequest{Parent: parent, Provider: trackerpb.Provider_MYANIMELIST}, o)
	}
	return o, call(m, trackerService+method, &trackerpb.ImportTrackersRequest{Parent: parent, Provider: trackerpb.Provider_MYANIMELIST}, o)
}

// taskOf gives the id of the task that was submitted last for an account.
func taskOf(t *testing.T, m *member, account string) string {
	t.Helper()
	_, text := m.request("GET", "/list-tasks/?page_size=1&account="+account, "")
	found := regexp.MustCompile(`"task_id": ?"([^"]+)"`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("the account %s has no task: %s", account, text)
	}
	return found[1]
}

func (m *member) audience(id string, members ...string) {
	m.tb.Helper()
	request := &audiencepb.CreateAudienceRequest{Audience: &trackerpb.Audience{Name: "audiences/" + id, Members: members}}
	m.must(overGRPC(m, audienceService+"CreateAudience", request, &trackerpb.Audience{}))
}

func TestTheTrackersOfAnAudienceAreImportedAndExported(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		m.audience("club", "users/ann", "users/bo")
		_, err := begin(m, call, "ImportTrackers", "audiences/club")
		refused(t, err, codes.FailedPrecondition)
		if !strings.Contains(status.Convert(err).Message(), `audience "club"`) {
			t.Errorf("it does not say what to do: %v", err)
		}
		upload(t, m, "host", entries(40), "audience", "club")
		m.awaits("users/bo", 40)
		m.must(call(m, trackerService+"DeleteTracker", &trackerpb.DeleteTrackerRequest{Name: first(t, m, "audiences/club")}, &emptypb.Empty{}))
		for verb, method := range map[string]string{"import": "ImportTrackers", "export": "ExportTrackers"} {
			begun, err := begin(m, call, method, "audiences/club")
			m.must(err)
			o := wait(t, m, call, begun.GetName())
			meta := metadataIn(t, o)
			if o.GetResponse() == nil || meta.GetTarget() != "audiences/club" || meta.GetVerb() != verb || meta.GetProgressPercentage() != 100 {
				t.Errorf("the %s ended as %v", verb, o)
			}
		}
		if got := []int{m.has("audiences/club"), m.has("users/host"), m.has("users/ann")}; !slices.Equal(got, []int{40, 0, 40}) {
			t.Errorf("the audience, who uploaded the list, and a member have %v trackers", got)
		}
		for _, method := range []string{"ImportTrackers", "ExportTrackers"} {
			_, err := begin(m.newMember(method+t.Name()), call, method, "audiences/club")
			refused(t, err, codes.NotFound)
			_, err = begin(m, call, method, "audiences/other")
			refused(t, err, codes.NotFound)
		}
	})
}

// first gives the name of a parent's first tracker.
func first(t *testing.T, m *member, parent string) string {
	t.Helper()
	page, err := m.trackers().ListTrackers(m.ctx(), &trackerpb.ListTrackersRequest{Parent: parent, PageSize: 1})
	m.must(err)
	return page.GetTrackers()[0].GetName()
}

// undo puts back, through the asapi door, the import that is an account's newest task.
func undo(t *testing.T, m *member, account string) {
	t.Helper()
	form := url.Values{"service": {"tracker"}, "action": {"undo-import"}, "account": {account}, "task_id": {taskOf(t, m, account)}}
	if resp, text := m.request("POST", "/submit-task/", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode, text)
	}
	of, err := m.operations().ListOperations(m.ctx(), &longrunningpb.ListOperationsRequest{PageSize: 1})
	m.must(err)
	if o := wait(t, m, overGRPC, of.GetOperations()[0].GetName()); o.GetError() != nil {
		t.Fatal(o)
	}
}

// A running import, of a user and of an audience, stops in its middle: what was
// imported until then stays, and can be put back.
func TestARunningImportIsCancelledFromAnySide(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		m.audience("club", "users/bo")
		sides := map[string]func(name, id string){
			"CancelOperation": func(name, _ string) {
				m.must(call(m, longrunning+"CancelOperation", &longrunningpb.CancelOperationRequest{Name: name}, &emptypb.Empty{}))
			},
			"the asapi door": func(_, id string) {
				m.request("POST", "/cancel-task/", "task_ids="+id, "Content-Type", "application/x-www-form-urlencoded")
			},
			"the activities door": func(_, id string) { m.request("DELETE", "/activities/"+id, "") },
		}
		for parent, account := range map[string]string{"users/ann": "ann", "audiences/club": "audience:club"} {
			var more []string
			if account != "ann" {
				more = []string{"audience", "club"}
			}
			upload(t, m, "ann", entries(510), more...)
			undo(t, m, "ann")
			for about, cancel := range sides {
				held := m.gate.close(1)
				begun, err := begin(m, call, "ImportTrackers", parent)
				m.must(err)
				select {
				case <-held:
				case <-time.After(patience):
					t.Fatal("the import does not run")
				}
				if meta := metadataIn(t, begun); begun.GetDone() || meta.GetTarget() != parent {
					t.Errorf("it began as %v", begun)
				}
				cancel(begun.GetName(), taskOf(t, m, account))
				o := wait(t, m, call, begun.GetName())
				m.gate.open()
				if meta := metadataIn(t, o); o.GetError().GetCode() != 1 || !meta.GetRequestedCancellation() || meta.GetEndTime() == nil {
					t.Errorf("%s, cancelled by %s, is %v", parent, about, o)
				}
				m.awaits(parent, 500)
				undo(t, m, account)
				m.awaits(parent, 0)
			}
		}
		m.awaits("users/bo", 0)
	})
}
