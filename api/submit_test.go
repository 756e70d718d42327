package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testserver"
	"asapi/tasks"
)

func TestSubmittingAnswersWithTheIDAndWhereTheResultWillBe(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	body := "service=Ledger+Book&action=import-entries&account=alice&provider=north"
	a := w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", formType, body), 200)
	id, _ := a.json["task_id"].(string)
	want := map[string]any{"task_id": id, "retrieval_protocol": "aschannel", "stream": m.channel.Stream, "success": true}
	if diff := cmp.Diff(want, a.json); diff != "" {
		t.Error(diff)
	}
	a = w.is(m.send(tasks.ASStore, "POST", "/submit-task/", formType, body), 200)
	id, _ = a.json["task_id"].(string)
	want = map[string]any{"task_id": id, "retrieval_protocol": "asstore", "retrieval_endpoint": "https://store.example.com/files/fetch/" + id + "/", "success": true}
	if diff := cmp.Diff(want, a.json); diff != "" {
		t.Error(diff)
	}
}

func TestAllFaultsAreReportedAtOnceAndNothingIsSubmitted(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.post("/submit-task/", url.Values{
		"service": {"ledger"}, "action": {"import-entries"}, "account": {"a/b"}, "provider": {"west"}, "limit": {"many"}, "colour": {"red"}, "_delay": {"soon"},
	}), 400)
	got := map[string]string{}
	for _, field := range []string{"account", "provider", "limit", "colour", "_delay"} {
		got[field] = a.fault(field)
	}
	want := map[string]string{
		"account": "invalid", "provider": "invalid_parameter_value", "limit": "invalid_parameter_value",
		"colour": "unknown_parameter", "_delay": "invalid_parameter_value",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff, a.text)
	}
	a = w.is(m.post("/submit-task/", url.Values{
		"service": {"ledger"}, "action": {"import-entries"}, "account": {"nobody"}, "provider": {"west"},
	}), 400)
	if a.fault("account") != "no_such_account" || a.fault("provider") != "invalid_parameter_value" {
		t.Errorf("a missing account is not told with the other faults: %s", a.text)
	}
	if list := w.is(m.send(tasks.ASChannel, "GET", "/list-tasks/", "", ""), 200); len(list.json["tasks"].([]any)) != 0 {
		t.Errorf("something was submitted: %s", list.text)
	}
}

func TestWhatIsMissingOrUnreadableIsToldAtOnceWhateverElseIsWrong(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	long := strings.Repeat("x", 64<<10+1)
	for body, want := range map[string]map[string]string{
		"":                                {"service": "missing-param", "action": "missing-param", "account": "missing-param"},
		"service=none&_delay=a&_run_at=b": {"service": "invalid_service", "action": "missing-param", "account": "missing-param", "_delay": "invalid_parameter_value", "_run_at": "invalid_parameter_value"},
		"service=ledger&action=import-entries&account=alice&provider=n%00h&tags=%ff": {"provider": "invalid", "tags": "invalid"},
		"service=ledger&action=import-entries&account=alice&file=" + long:            {"file": "too_large", "provider": "missing-param"},
	} {
		a := w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", formType, body), 400)
		got := map[string]string{}
		told, _ := a.json["errors"].(map[string]any)
		for field := range told {
			got[field] = a.fault(field)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff, a.text)
		}
	}
	a := w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", formType, "service=ledger&action=import-entries&account=alice&provider=north&file="+long), 413)
	if strings.Contains(a.text, "missing-param") {
		t.Errorf("a file that is too large is told as missing: %s", a.text)
	}
}

func TestFaultsHaveTheirCodes(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	for body, want := range map[string][2]string{
		"service=none&action=import-entries&account=alice":                  {"service", "invalid_service"},
		"service=ledger&action=none&account=alice":                          {"action", "invalid_action"},
		"service=ledger&action=import-entries&account=bob&provider=north":   {"account", "no_such_account"},
		"service=ledger&action=import-entries&account=alice":                {"provider", "missing-param"},
		"service=ledger&action=import-entries&account=alice&provider=%zz":   {"__all__", "invalid"},
		"service=ledger&action=import-entries&account=alice&provider=n%00h": {"provider", "invalid"},
	} {
		a := w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", formType, body), 400)
		if got := a.fault(want[0]); got != want[1] {
			t.Errorf("%s: %s has code %q: %s", body, want[0], got, a.text)
		}
	}
}

func TestAJSONBodyIsTakenWithItsNumbersAsTheyAreWritten(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", "application/json; charset=utf-8",
		`{"service":"ledger","action":"import-entries","account":"alice","provider":"north","limit":9007199254740993,"dry_run":true,"tags":["a","b"],"pin":null}`), 200)
	id, err := tasks.ParseID(a.json["task_id"].(string))
	w.must(err)
	run, err := w.store.Start(t.Context(), id, time.Minute)
	w.must(err)
	want := map[string][]string{"provider": {"north"}, "limit": {"9007199254740993"}, "dry_run": {"true"}, "tags": {"a", "b"}}
	if diff := cmp.Diff(want, run.Values); diff != "" {
		t.Error(diff)
	}
}

func TestBodiesThatAreNoneOfTheThreeKindsAreRefused(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	for _, kind := range []string{"text/xml", "application/octet-stream", "", ";"} {
		a := w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", kind, "service=ledger"), 415)
		if a.json["success"] != false {
			t.Errorf("%q: %s", kind, a.text)
		}
	}
	for _, text := range []string{`[]`, `{"a":`, `{"a":{}}`, `{"a":[[1]]}`, `{} {}`, `nonsense`} {
		w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", "application/json", text), 400)
	}
	w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", "multipart/form-data", "x"), 400)
	w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nbroken"), 400)
}

// multipartBody writes parts; a value that begins with @ is a file.
func multipartBody(t *testing.T, fields ...string) (contentType string, body *bytes.Buffer) {
	t.Helper()
	body = &bytes.Buffer{}
	form := multipart.NewWriter(body)
	for i := 0; i+1 < len(fields); i += 2 {
		part, err := form.CreateFormField(fields[i])
		if text, isFile := strings.CutPrefix(fields[i+1], "@"); isFile {
			part, err = form.CreateFormFile(fields[i], "../../entries.txt")
			fields[i+1] = text
		}
		if err == nil {
			_, err = io.WriteString(part, fields[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), body
}

func TestAnUploadedFileReachesTheWorker(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	for _, size := range []int{5, 300_000} {
		content := strings.Repeat("x", size)
		kind, body := multipartBody(t, "service", "ledger", "action", "import-entries", "account", "alice", "provider", "north", "file", "@"+content)
		a := w.is(w.send(m.secrets[tasks.ASChannel], "POST", "/submit-task/", kind, body), 200)
		id, err := tasks.ParseID(a.json["task_id"].(string))
		w.must(err)
		run, err := w.store.Start(t.Context(), id, time.Minute)
		w.must(err)
		if len(run.Inputs) != 1 || run.Inputs[0].Filename != "entries.txt" {
			t.Fatalf("got %+v", run.Inputs)
		}
		r, err := tasks.OpenInput(w.blobs, run.Inputs[0]).Open(t.Context())
		w.must(err)
		got, err := io.ReadAll(r)
		w.must(err)
		w.must(r.Close())
		if string(got) != content {
			t.Errorf("%d bytes arrived of %d", len(got), size)
		}
	}
}

func TestTooLargeBodiesAndFilesAreRefused(t *testing.T) {
	w := newWorldWith(t, settings{limits: tasks.DeskLimits{UploadBytes: 100_000}})
	m := w.member("ada")
	w.is(m.send(tasks.ASChannel, "POST", "/submit-task/", formType, "a="+strings.Repeat("x", 17<<20)), 413)
	kind, body := multipartBody(t, "service", "ledger", "action", "import-entries", "account", "alice", "provider", "north", "file", "@"+strings.Repeat("x", 200_000))
	if a := w.is(w.send(m.secrets[tasks.ASChannel], "POST", "/submit-task/", kind, body), 413); a.fault("file") != "too_large" {
		t.Error(a.text)
	}
}

func TestTheSameIdempotencyKeyGivesTheFirstAnswerAndAnotherBodyAConflict(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	submit := func(provider string) answer {
		return m.send(tasks.ASStore, "POST", "/submit-task/", formType, "service=ledger&action=import-entries&account=alice&provider="+provider, "Idempotency-Key", "k1")
	}
	first, again := w.is(submit("north"), 200), w.is(submit("north"), 200)
	if first.text != again.text || first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %s and %s %v", first.text, again.text, again.header)
	}
	if a := w.is(submit("south"), 409); !strings.Contains(a.text, "idempotency_conflict") {
		t.Error(a.text)
	}
}

func TestARetryGetsTheFirstAnswerAlsoWhenTheSameWouldBeRefusedByNow(t *testing.T) {
	w := newWorldWith(t, settings{limits: tasks.DeskLimits{OpenTasks: 1}})
	m := w.member("ada")
	var soon time.Time
	submit := func(key string) answer {
		return m.send(tasks.ASStore, "POST", "/submit-task/", formType,
			"service=ledger&action=import-entries&account=alice&provider=north&_deadline="+soon.Format(time.RFC3339), "Idempotency-Key", key)
	}
	var first answer
	testserver.Eventually(t, patience, func() bool { // a slow machine may need another try
		soon = time.Now().UTC().Truncate(time.Second).Add(2 * time.Second)
		first = submit(soon.String())
		return first.status == 200
	}, "a submission to arrive before its deadline")
	replayed := func() {
		t.Helper()
		if a := w.is(submit(soon.String()), 200); a.text != first.text || a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s %v, want %s", a.text, a.header, first.text)
		}
	}
	replayed() // the only task that may be open is open
	w.is(m.post("/deregister-account/", url.Values{"service": {"ledger"}, "username": {"alice"}}), 200)
	replayed()
	testserver.Eventually(t, patience, func() bool { return time.Now().After(soon) }, "the deadline to pass")
	replayed()
	if a := w.is(submit("another"), 400); a.fault("_deadline") != "invalid_parameter_value" || a.fault("account") != "no_such_account" {
		t.Errorf("a new submission is not refused for all that is wrong: %s", a.text)
	}
}

func TestADateTimeMayBeWrittenWithSmallLetters(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	w.is(m.post("/submit-task/", url.Values{
		"service": {"ledger"}, "action": {"import-entries"}, "account": {"alice"}, "provider": {"north"},
		"_run_at": {strings.ToLower(time.Now().Add(time.Hour).UTC().Format(time.RFC3339))},
	}), 200)
}

func TestTooManySubmissionsAreToldWhenToComeBack(t *testing.T) {
	w := newWorldWith(t, settings{limits: tasks.DeskLimits{SubmitsPerSecond: 0.01}})
	m := w.member("ada")
	m.submit(tasks.ASChannel)
	a := w.is(m.post("/submit-task/", url.Values{}), 429)
	if a.header.Get("Retry-After") == "" || a.fault("__all__") != "rate_limited" {
		t.Errorf("got %v %s", a.header, a.text)
	}
}

func TestABatchIsAnsweredInOrderAndABadLineFailsAlone(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	var in strings.Builder
	for i := range 500 {
		year := fmt.Sprint(i)
		if i%10 == 3 {
			year = `"never"`
		}
		fmt.Fprintf(&in, `{"service":"ledger","action":"close-year","account":"alice","year":%s}`+"\n", year)
	}
	in.WriteString("not json\n")
	a := w.is(m.send(tasks.ASChannel, "POST", "/submit-tasks/", "application/x-ndjson", in.String(), "Idempotency-Key", "batch"), 200)
	lines := strings.Split(strings.TrimSuffix(a.text, "\n"), "\n")
	if len(lines) != 501 {
		t.Fatalf("%d answers", len(lines))
	}
	for i, line := range lines {
		var one struct {
			Success bool   `json:"success"`
			TaskID  string `json:"task_id"`
			Error   string `json:"error"`
		}
		w.must(json.Unmarshal([]byte(line), &one))
		if bad := i%10 == 3 || i == 500; one.Success == bad || bad == (one.Error == "") {
			t.Fatalf("line %d: %s", i, line)
		}
		if one.Success && i%100 == 0 {
			id, err := tasks.ParseID(one.TaskID)
			w.must(err)
			run, err := w.store.Start(t.Context(), id, time.Minute)
			w.must(err)
			if run.Values["year"][0] != fmt.Sprint(i) {
				t.Errorf("line %d was answered with the task of year %v", i, run.Values["year"])
			}
		}
	}
	again := m.send(tasks.ASChannel, "POST", "/submit-tasks/", "application/x-ndjson", in.String(), "Idempotency-Key", "batch")
	if again.text != a.text {
		t.Error("the batch was submitted twice")
	}
}

func TestABatchOfTooManyLinesIsRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	a := w.is(m.send(tasks.ASChannel, "POST", "/submit-tasks/", "application/x-ndjson", strings.Repeat("{}\n", 10001)), 400)
	if a.fault("__all__") != "limit_exceeded" {
		t.Error(a.text)
	}
}
