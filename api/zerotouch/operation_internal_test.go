package zerotouch

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// told answers one request with an operation of n entries, of which the one at
// broken cannot be read.
func told(t *testing.T, task tasks.Task, target string, n, broken int) (rec *httptest.ResponseRecorder, aborted bool) {
	t.Helper()
	d := &door{Shared: &web.Shared{Log: slog.New(slog.DiscardHandler), Limits: web.Limits{}.WithDefaults()}}
	f := form
	f.Response = func(context.Context, *tasks.Task) (results, error) {
		return results{int64(max(n-1, 0)), entriesOf(n, broken), "claim"}, nil
	}
	e := echo.New()
	e.GET("/x", func(c echo.Context) error {
		o, err := f.Of(c.Request().Context(), &task)
		if err != nil {
			return err
		}
		return d.answerOperation(c, o)
	})
	rec = httptest.NewRecorder()
	defer func() { aborted = recover() == http.ErrAbortHandler }() //nolint:errorlint // the value that net/http looks for
	e.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	return rec, false
}

func entriesOf(n, broken int) iter.Seq2[zerotouch.Result, error] {
	return func(yield func(zerotouch.Result, error) bool) {
		for i := range n {
			r := zerotouch.Result{Device: zerotouch.DeviceID(i), Status: zerotouch.Success, Entry: json.RawMessage(`{"customerId":"7"}`)}
			var err error
			switch i {
			case broken:
				err = io.ErrUnexpectedEOF
			case 0:
				r = zerotouch.Result{Status: zerotouch.WrongIdentifier, Reason: zerotouch.InvalidIMEI, Message: `No "IMEI".`}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func TestAnOperationIsTheSameJSONPrettyAndCompact(t *testing.T) {
	ended := tasks.Task{Number: 12, State: tasks.Published, Progress: 100, Items: tasks.Tally{Total: 3, Created: 2, Failed: 1}}
	metadata := map[string]any{"@type": metadataType, "devicesCount": 3.0, "processingStatus": "BATCH_PROCESS_PROCESSED", "progress": 100.0}
	device := func(id string) map[string]any {
		return map[string]any{"result": map[string]any{"deviceId": id, "status": "SINGLE_DEVICE_STATUS_SUCCESS"}, "claim": map[string]any{"customerId": "7"}}
	}
	want := map[string]any{"name": "operations/apibatchoperation/12", "done": true, "metadata": metadata, "response": map[string]any{
		"@type": responseType, "successCount": 2.0, "perDeviceStatus": []any{
			map[string]any{"result": map[string]any{"status": "SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER", "errorIdentifier": "INVALID_IMEI", "errorMessage": `No "IMEI".`}},
			device("1"), device("2"),
		},
	}}
	for target, pretty := range map[string]bool{"/x": true, "/x?prettyPrint=false": false} {
		rec, _ := told(t, ended, target, 3, -1)
		var got map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, rec.Body)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if lines := strings.Count(rec.Body.String(), "\n"); pretty != (lines > 1) {
			t.Errorf("%s has %d lines", target, lines)
		}
		if pretty {
			indented, err := json.MarshalIndent(json.RawMessage(rec.Body.Bytes()), "", "  ")
			if d := cmp.Diff(string(indented)+"\n", rec.Body.String()); d != "" || err != nil {
				t.Error(d, err)
			}
		}
	}
}

func TestTheNumbersOfAnOperationAreThereWhenTheyAreZero(t *testing.T) {
	for name, c := range map[string]struct {
		task tasks.Task
		want string
	}{
		"waits": {
			tasks.Task{Number: 7},
			`{"name":"operations/apibatchoperation/7","metadata":{"@type":"` + metadataType + `","devicesCount":0,"processingStatus":"BATCH_PROCESS_PENDING","progress":0},"done":false}`,
		},
		"runs": {
			tasks.Task{Number: 7, State: tasks.Running, Progress: 40, Items: tasks.Tally{Total: 5}},
			`{"name":"operations/apibatchoperation/7","metadata":{"@type":"` + metadataType + `","devicesCount":5,"processingStatus":"BATCH_PROCESS_IN_PROGRESS","progress":40},"done":false}`,
		},
		"failed": {
			tasks.Task{Number: 7, State: tasks.Failed, ErrorCode: tasks.CodeInternal},
			`{"name":"operations/apibatchoperation/7","metadata":{"@type":"` + metadataType + `","devicesCount":0,"processingStatus":"BATCH_PROCESS_PROCESSED","progress":0},"done":true,` +
				`"response":{"@type":"` + responseType + `","successCount":0,"perDeviceStatus":[]}}`,
		},
	} {
		rec, _ := told(t, c.task, "/x?prettyPrint=false", 0, -1)
		if d := cmp.Diff(c.want+"\n", rec.Body.String()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestHalfAnOperationDoesNotLookLikeAWholeOne(t *testing.T) {
	ended := tasks.Task{Number: 12, State: tasks.Published}
	rec, aborted := told(t, ended, "/x", 10, 5)
	if rec.Code != http.StatusInternalServerError || aborted {
		t.Errorf("before a byte was sent it answers %d, aborted %v", rec.Code, aborted)
	}
	if rec, aborted = told(t, ended, "/x", 100_000, 99_999); !aborted || rec.Body.Len() == 0 {
		t.Errorf("after %d bytes it answers %d, aborted %v", rec.Body.Len(), rec.Code, aborted)
	}
}
