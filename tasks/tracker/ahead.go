package tracker

import "slices"

// ahead applies one batch while the next is read: reading is our processor's
// time, applying mostly the database's. At most one batch is under way.
type ahead[T any] struct {
	apply func(first int64, rows []T) error
	under chan outcome // of the batch under way; nil: none is
}

// outcome is how applying a batch ended.
type outcome struct {
	err      error
	panicked any
}

// start waits for the batch that is under way and then begins the next. The rows
// stay the caller's.
func (a *ahead[T]) start(first int64, rows []T) error {
	if err := a.wait(); err != nil {
		return err
	}
	rows, under := slices.Clone(rows), make(chan outcome, 1)
	a.under = under
	go func() {
		end := outcome{panicked: "the batch did not end"}
		defer func() {
			if p := recover(); p != nil {
				end.panicked = p
			}
			under <- end
		}()
		end = outcome{err: a.apply(first, rows)}
	}()
	return nil
}

// wait gives the error of the batch that is under way. What made it panic
// panics here, where the worker can tell which task it was.
func (a *ahead[T]) wait() error {
	if a.under == nil {
		return nil
	}
	end := <-a.under
	a.under = nil
	if end.panicked != nil {
		panic(end.panicked)
	}
	return end.err
}
