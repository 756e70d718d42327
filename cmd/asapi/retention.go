package main

import (
	"time"

	"asapi/tasks"
)

// retention says how long the workers keep things.
type retention struct {
	KeepResults time.Duration `help:"How long results that nobody takes are kept, where the client has no time of its own." default:"168h"`
	KeepTasks   time.Duration `help:"How long tasks are kept after their end." default:"720h"`
}

func (r *retention) check() (tasks.Retention, error) {
	if r.KeepResults <= 0 {
		return tasks.Retention{}, configError("ASAPI_KEEP_RESULTS", "(--keep-results) must be a time above 0, such as 168h")
	}
	if r.KeepTasks < r.KeepResults {
		return tasks.Retention{}, configError("ASAPI_KEEP_TASKS", "(--keep-tasks) must not be shorter than --keep-results")
	}
	return tasks.Retention{Results: r.KeepResults, Tasks: r.KeepTasks}, nil
}
