package main

import (
	"context"
	"errors"
	"fmt"
)

// The exit codes; docs/terminal.md tells them.
const (
	exitFailed      = 1   // something could not be done
	exitUsage       = 2   // wrong flags, arguments or configuration
	exitTask        = 3   // the command did its work, but a task did not end well
	exitInterrupted = 130 // Ctrl-C, as shells have it
)

// usageError is a wrong command line or configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// configError makes the one sentence that says which variable is wrong.
func configError(variable, format string, args ...any) error {
	return &usageError{fmt.Errorf("%s "+format, append([]any{variable}, args...)...)}
}

// taskError says that tasks did not end well.
type taskError struct{ failed, asked int }

func (e *taskError) Error() string {
	if e.asked == 1 {
		return "the task did not complete successfully"
	}
	return fmt.Sprintf("%d of %d tasks did not complete successfully", e.failed, e.asked)
}

func exitCode(err error) int {
	var usage *usageError
	var task *taskError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &task):
		return exitTask
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}
