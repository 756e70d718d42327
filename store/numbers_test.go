package store_test

import (
	"sync"
	"testing"

	"asapi/tasks"
)

func TestEveryTaskHasADecimalNumberOfItsOwnByWhichItsClientFindsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		byNumber := map[int64]tasks.ID{}
		var submitting sync.WaitGroup
		for range 50 { // together, so that they share commits
			submitting.Go(func() {
				done, err := w.Submit(w.ctx, stored(w.ada))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				byNumber[done.Task.Number] = done.Task.ID
			})
		}
		submitting.Wait()
		if len(byNumber) != 50 {
			t.Fatalf("50 tasks have %d numbers", len(byNumber))
		}
		for number, id := range byNumber {
			if number <= 0 {
				t.Errorf("task %s has the number %d", id, number)
			}
			for _, client := range []tasks.ClientID{w.ada.ID, tasks.EveryClient} {
				found, err := w.TaskByNumber(w.ctx, client, number)
				w.must(err)
				if found.ID != id || found.Number != number {
					t.Errorf("number %d is of task %s, and found is %+v", number, id, found)
				}
			}
			_, err := w.TaskByNumber(w.ctx, w.bob.ID, number)
			w.wants(tasks.CodeNotFound, err)
		}
		_, err := w.TaskByNumber(w.ctx, w.ada.ID, 0)
		w.wants(tasks.CodeNotFound, err)
	})
}
