package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"asapi/tasks"
)

func TestTenThousandTasksAreCancelledInOneRequestEachWithItsOutcome(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	line := `{"service":"ledger","action":"import-entries","account":"alice","provider":"north"}` + "\n"
	const mine = 2000
	a := w.is(m.send(tasks.ASStore, http.MethodPost, "/submit-tasks/", "application/x-ndjson", strings.Repeat(line, mine)), 200)
	var ids []string
	for one := range strings.Lines(a.text) {
		_, rest, _ := strings.Cut(one, `"task_id":"`)
		ids = append(ids, rest[:36])
	}
	for i := range tasks.MaxIDs - mine {
		ids = append(ids, fmt.Sprintf("01990000-0000-7000-8000-%012d", i))
	}
	for range 2 { // twice is once
		a = w.is(m.send(tasks.ASStore, http.MethodPost, "/cancel-task/", formType, "task_ids="+strings.Join(ids, ",")), 200)
		if len(a.json) != tasks.MaxIDs+1 || a.json["success"] != true {
			t.Fatalf("%d members, success %v", len(a.json), a.json["success"])
		}
		for i, id := range ids {
			one, _ := a.json[id].(map[string]any)
			if known := i < mine; one["success"] != known || known && one["cancelled"] != true || !known && one["error"] != "No task with this ID was found." {
				t.Fatalf("task %d: %v", i, one)
			}
		}
	}
	a = w.is(m.send(tasks.ASStore, http.MethodPost, "/cancel-task/", formType, "task_ids="+strings.Join(append(ids, "x"), ",")), 400)
	if a.fault("task_ids") != "limit_exceeded" {
		t.Errorf("one more: %s", tasks.Clip(a.text, 300))
	}
}
