// Package operations shows tasks as long-running operations (google.longrunning,
// AIP-151) for the doors that speak of them. An operation is a task under another
// name: one state, one progress, one cancellation. Each door has its own form of
// names, metadata and responses, and turns what comes out into its own messages.
package operations

import (
	"context"
	"strconv"
	"strings"

	"asapi/tasks"
)

// Operation is a task as a long-running operation. Once it is Done exactly one of
// Error and Response is there.
type Operation[M, R any] struct {
	Name     string
	Done     bool
	Metadata M
	Error    *Status
	Response *R
}

// Form is how one door tells operations of one kind.
type Form[M, R any] struct {
	// Prefix stands before the task's decimal number in a name, such as
	// "operations/".
	Prefix string
	// Metadata tells how far it is, also after its end.
	Metadata func(*tasks.Task) M
	// Response makes the response of a task that succeeded.
	Response func(context.Context, *tasks.Task) (R, error)
	// NoErrors gives every ended task a Response, for surfaces on which an
	// operation has no error of its own.
	NoErrors bool
}

// Of shows a task. It fails where its response cannot be made.
func (f Form[M, R]) Of(ctx context.Context, t *tasks.Task) (Operation[M, R], error) {
	o := Operation[M, R]{Name: f.Name(t), Done: t.State.Ended(), Metadata: f.Metadata(t)}
	switch {
	case !o.Done:
	case t.State.Success() || f.NoErrors:
		r, err := f.Response(ctx, t)
		if err != nil {
			return o, err
		}
		o.Response = &r
	default:
		o.Error = StatusOf(t)
	}
	return o, nil
}

// Name gives the task's name in this form.
func (f Form[M, R]) Name(t *tasks.Task) string { return f.Prefix + strconv.FormatInt(t.Number, 10) }

// Parse reads the number out of a name, for Desk.TaskByNumber: CodeNotFound where
// it is no name of this form.
func (f Form[M, R]) Parse(name string) (int64, error) {
	digits, ok := strings.CutPrefix(name, f.Prefix)
	number, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || number <= 0 || strconv.FormatInt(number, 10) != digits {
		return 0, &tasks.Error{Code: tasks.CodeNotFound, Field: "name", Message: "There is no operation with this name.", Err: err}
	}
	return number, nil
}
