package trackertest_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"asapi/internal/testserver"
)

// curl makes a request of the other doors over TLS, and gives the answer's status
// and text.
func (s *server) curl(bearer string, args ...string) (status, text string) {
	s.t.Helper()
	last := len(args) - 1
	args[last] = "https://" + s.secure + args[last]
	args = append([]string{"-sS", "--cacert", s.cert, "-H", "Authorization: Bearer " + bearer, "-w", "\n%{http_code}"}, args...)
	out, err := exec.CommandContext(s.t.Context(), "curl", args...).Output()
	if err != nil {
		s.t.Fatalf("curl %v: %v", args, err)
	}
	return string(out[len(out)-3:]), string(out[:len(out)-4])
}

// newest gives the id of the task that was submitted last for an account.
func (s *server) newest(bearer, account string) string {
	s.t.Helper()
	_, text := s.curl(bearer, "/list-tasks/?page_size=1&account="+account)
	var list struct {
		Tasks []struct {
			ID string `json:"task_id"`
		} `json:"tasks"`
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Tasks) != 1 {
		s.t.Fatalf("the list is %s, %v", text, err)
	}
	return list.Tasks[0].ID
}

func TestAnImportIsCancelledFromEverySideAndEverySideTellsIt(t *testing.T) {
	s := start(t, "--concurrency", "1")
	bearer := s.access()
	call := way(newCaller(t, s, bearer).overGRPC)
	s.asapi(bearer, "register", "tracker", "alice")
	s.asapi(bearer, "submit", "tracker", "import-trackers", "alice", "provider=myanimelist", "file=@"+s.export(10), "--wait")
	// One task takes all of the workers, so that imports wait.
	s.asapi(bearer, "register", "bench", "alice")
	blocks, _ := s.asapi(bearer, "submit", "bench", "pause", "alice", "milliseconds=3600000", "_priority=critical")["task_id"].(string)
	testserver.Eventually(t, patience, func() bool { return s.asapi(bearer, "status", blocks)["status"] == "In progress" }, "the worker to be busy")
	for side, cancel := range map[string]func(task, operation string){
		"asapi": func(task, _ string) {
			if status, text := s.curl(bearer, "-d", "task_ids="+task, "/cancel-task/"); status != "200" {
				t.Errorf("/cancel-task/: %s %s", status, text)
			}
		},
		"activities": func(task, _ string) {
			if status, text := s.curl(bearer, "-X", "DELETE", "/activities/"+task); status != "200" && status != "204" {
				t.Errorf("DELETE: %s %s", status, text)
			}
		},
		"operations": func(_, operation string) {
			call.ok(t, operationsService+"CancelOperation", object{"name": operation})
		},
	} {
		t.Run(side, func(t *testing.T) {
			begun := call.ok(t, trackerService+"ImportTrackers", object{"parent": "users/alice", "provider": "MYANIMELIST"})
			name, _ := begun["name"].(string)
			task := s.newest(bearer, "alice")
			if _, text := s.curl(bearer, "/activities/"); !strings.Contains(text, task) {
				t.Errorf("it is no activity: %s", text)
			}
			cancel(task, name)
			ended := call.ok(t, operationsService+"WaitOperation", object{"name": name, "timeout": "30s"})
			fault, _ := ended["error"].(object)
			about, _ := ended["metadata"].(object)
			if ended["done"] != true || fault["code"] != 1.0 || about["requestedCancellation"] != true {
				t.Errorf("the operation is %v", ended)
			}
			if _, text := s.curl(bearer, "-d", "task_ids="+task, "/task-status/"); !strings.Contains(text, `"cancelled"`) {
				t.Errorf("the status is %s", text)
			}
			if _, text := s.curl(bearer, "/activities/"); !strings.Contains(text, task) {
				t.Errorf("the ended activity is not listed: %s", text)
			}
		})
	}
	s.asapi(bearer, "cancel", blocks)
}

func TestAnAccessTokenThatExpiresInTheMiddleOfAWaitEndsIt(t *testing.T) {
	const lasts = 10 * time.Second
	s := start(t, "--access-token-time", lasts.String())
	s.asapi(s.channelToken, "register", "bench", "alice")
	task := s.asapi(s.channelToken, "submit", "bench", "pause", "alice", "milliseconds=3600000")["task_id"]
	began := time.Now()
	call := way(newCaller(t, s, s.access()).overGRPC)
	operations, _ := call.ok(t, operationsService+"ListOperations", object{"name": "operations"})["operations"].([]any)
	if len(operations) != 1 {
		t.Fatalf("the operations are %v", operations)
	}
	call.refused(t, codes.Unauthenticated, operationsService+"WaitOperation", object{"name": operations[0].(object)["name"], "timeout": "50s"})
	if waited := time.Since(began); waited < lasts/2 {
		t.Errorf("the wait ended after %v", waited)
	}
	call.refused(t, codes.Unauthenticated, operationsService+"GetOperation", object{"name": operations[0].(object)["name"]})
	s.asapi(s.channelToken, "cancel", fmt.Sprint(task))
}

func TestACredentialThatIsRevokedInTheMiddleOfAWaitEndsIt(t *testing.T) {
	s := start(t)
	s.asapi(s.channelToken, "register", "bench", "alice")
	task := s.asapi(s.channelToken, "submit", "bench", "pause", "alice", "milliseconds=3600000")["task_id"]
	call := way(newCaller(t, s, s.access()).overGRPC)
	operations, _ := call.ok(t, operationsService+"ListOperations", object{"name": "operations"})["operations"].([]any)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		call.refused(t, codes.Unauthenticated, operationsService+"WaitOperation", object{"name": operations[0].(object)["name"], "timeout": "50s"})
	}()
	s.asapi("", "oauth", "revoke", s.clientID, "--data", s.data)
	<-ended
	s.asapi(s.channelToken, "cancel", fmt.Sprint(task))
}

func TestClientsThatSignInAgainAndAgainWaitForLongerThanATokenLasts(t *testing.T) {
	s := start(t, "--access-token-time", "1s", "--concurrency", "1")
	s.asapi(s.channelToken, "register", "tracker", "alice")
	s.asapi(s.channelToken, "submit", "tracker", "import-trackers", "alice", "provider=myanimelist", "file=@"+s.export(10), "--wait")
	s.asapi(s.channelToken, "register", "bench", "alice")
	blocks, _ := s.asapi(s.channelToken, "submit", "bench", "pause", "alice", "milliseconds=5000", "_priority=critical")["task_id"].(string)
	testserver.Eventually(t, patience, func() bool { return s.asapi(s.channelToken, "status", blocks)["status"] == "In progress" }, "the worker to be busy")
	imported := s.must("import-trackers")
	if last := imported[len(imported)-1]; last["done"] != true || last["response"] == nil {
		t.Errorf("the import ended as %v", last)
	}
}
