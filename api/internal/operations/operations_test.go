package operations_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/api/internal/operations"
	"asapi/tasks"
)

type (
	metadata struct{ Progress int }
	response struct{ Succeeded int64 }
)

var form = operations.Form[metadata, response]{
	Prefix:   "operations/",
	Metadata: func(t *tasks.Task) metadata { return metadata{t.Progress} },
	Response: func(_ context.Context, t *tasks.Task) (response, error) {
		return response{t.Items.Succeeded()}, nil
	},
}

func TestAnOperationTellsTheStateOfItsTask(t *testing.T) {
	type operation = operations.Operation[metadata, response]
	failed := func(state tasks.State, code tasks.Code, detail string) tasks.Task {
		return tasks.Task{Number: 12, State: state, Progress: 40, ErrorCode: code, ErrorDetail: detail}
	}
	for name, c := range map[string]struct {
		task tasks.Task
		want operation
	}{
		"waits": {tasks.Task{Number: 7}, operation{Name: "operations/7"}},
		"runs": {
			tasks.Task{Number: 9_000_000_000, State: tasks.Running, Progress: 12},
			operation{Name: "operations/9000000000", Metadata: metadata{12}},
		},
		"publishes": {tasks.Task{Number: 7, State: tasks.Publishing, Progress: 99}, operation{Name: "operations/7", Metadata: metadata{99}}},
		"succeeded": {
			tasks.Task{Number: 7, State: tasks.Published, Progress: 100, Items: tasks.Tally{Created: 3}},
			operation{Name: "operations/7", Done: true, Metadata: metadata{100}, Response: &response{3}},
		},
		"cancelled": {
			failed(tasks.Cancelled, tasks.CodeCancelled, "The task was cancelled at 40 %."),
			operation{Name: "operations/12", Done: true, Metadata: metadata{40}, Error: &operations.Status{Code: 1, Message: "The task was cancelled at 40 %."}},
		},
		"failed": {
			failed(tasks.Failed, tasks.CodeDeadline, "Late."),
			operation{Name: "operations/12", Done: true, Metadata: metadata{40}, Error: &operations.Status{Code: 4, Message: "Late."}},
		},
		"not published": {
			failed(tasks.PublishFailed, tasks.CodeUnavailable, ""),
			operation{Name: "operations/12", Done: true, Metadata: metadata{40}, Error: &operations.Status{Code: 14, Message: "Publish failed"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := form.Of(t.Context(), &c.task)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAFormWithoutErrorsAnswersEveryEnd(t *testing.T) {
	always := form
	always.NoErrors = true
	got, err := always.Of(t.Context(), &tasks.Task{Number: 1, State: tasks.Failed, Items: tasks.Tally{Updated: 2}})
	if err != nil || !got.Done || got.Error != nil || got.Response == nil || got.Response.Succeeded != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAResponseThatCannotBeMadeIsAnErrorAndNoEmptyResponse(t *testing.T) {
	broken := form
	gone := errors.New("gone")
	broken.Response = func(context.Context, *tasks.Task) (response, error) { return response{}, gone }
	if _, err := broken.Of(t.Context(), &tasks.Task{Number: 1, State: tasks.Published}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestANameIsReadOnlyAsItIsWritten(t *testing.T) {
	batch := operations.Form[metadata, response]{Prefix: "operations/apibatchoperation/"}
	if n, err := batch.Parse(batch.Name(&tasks.Task{Number: 41})); n != 41 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, name := range []string{"", "41", "operations/41", "operations/apibatchoperation/", "operations/apibatchoperation/041", "operations/apibatchoperation/+41", "operations/apibatchoperation/0", "operations/apibatchoperation/99999999999999999999"} {
		if _, err := batch.Parse(name); tasks.CodeOf(err) != tasks.CodeNotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestACodeThatOnlyAServiceKnowsIsUnknown(t *testing.T) {
	for code, want := range map[tasks.Code]operations.Code{
		"of_a_service": 2, tasks.CodeInvalidParameter: 3, tasks.CodeNoSuchAccount: 5, tasks.CodeNotPermitted: 7, tasks.CodeLimit: 8, tasks.CodeInternal: 13, tasks.CodeUnauthorized: 16,
	} {
		if got := operations.CodeOf(code); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
}
