package trackertest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"asapi/internal/testserver"
)

// trackers runs the client program and gives the objects that it printed.
func (s *server) trackers(args ...string) ([]map[string]any, error) {
	s.t.Helper()
	out, err := s.run(
		testserver.Binary(s.t, "examples/trackers"), []string{"SSL_CERT_FILE=" + s.cert},
		append([]string{"-endpoint", s.secure, "-token-url", "https://" + s.secure + "/o/oauth2/token", "-client-id", s.clientID, "-client-secret", s.clientSecret}, args...)...,
	)
	var list []map[string]any
	for line := range strings.Lines(out) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			s.t.Fatalf("the client printed %q", line)
		}
		list = append(list, one)
	}
	return list, err
}

// must is trackers that has to succeed.
func (s *server) must(args ...string) []map[string]any {
	s.t.Helper()
	list, err := s.trackers(args...)
	if err != nil {
		s.t.Fatalf("trackers %s: %v", strings.Join(args, " "), err)
	}
	return list
}

func TestTheCallsOfThePublishedSamplesSucceedOverTLS(t *testing.T) {
	s := start(t)
	made := s.must("create-tracker")[0]
	name, _ := made["name"].(string)
	if !strings.HasPrefix(name, "users/alice/trackers/") || made["state"] != "IN_PROGRESS" {
		t.Fatalf("created %v", made)
	}
	if _, err := s.trackers("create-tracker"); err == nil || !strings.Contains(err.Error(), "AlreadyExists") {
		t.Errorf("created again: %v", err)
	}
	if held := s.must("-tracker", name, "update-tracker")[0]; held["state"] != "ON_HOLD" || held["resource"] != "animes/1245678" || held["startTime"] != made["startTime"] {
		t.Errorf("updated to %v", held)
	}
	activity := s.must("-tracker", name, "-resource", "animes/1245678/episodes/1", "create-activity")[0]
	if got, _ := activity["name"].(string); !strings.HasPrefix(got, name+"/activities/") || activity["to"] != 1320.0 || activity["platform"] != "NETFLIX" {
		t.Errorf("the activity is %v", activity)
	}
	bearer := s.access()
	const entries = 120 // more than two pages
	s.asapi(bearer, "submit", "tracker", "import-trackers", "alice", "provider=myanimelist", "file=@"+s.export(entries), "--wait")
	if list := s.must("list-trackers"); len(list) != entries+1 {
		t.Errorf("%d trackers on all pages", len(list))
	}
	imported := s.must("import-trackers")
	last := imported[len(imported)-1]
	if response, _ := last["response"].(map[string]any); last["done"] != true || response["@type"] != "type.googleapis.com/animeshon.tracker.v1alpha1.ImportTrackersResponse" {
		t.Errorf("the import ended as %v", last)
	}
	if metadata, _ := last["metadata"].(map[string]any); metadata["@type"] != "type.googleapis.com/animeshon.tracker.v1alpha1.OperationMetadata" || metadata["progressPercentage"] != 100.0 {
		t.Errorf("its metadata is %v", last["metadata"])
	}
	if _, err := s.trackers("-parent", "users/nobody", "import-trackers"); err == nil || !strings.Contains(err.Error(), "FailedPrecondition") {
		t.Errorf("an import of nothing: %v", err)
	}
	s.clientSecret = "wrong"
	if _, err := s.trackers("list-trackers"); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("a wrong secret: %v", err)
	}
}
