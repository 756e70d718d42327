package store_test

import (
	"testing"
	"time"

	"asapi/tasks"
)

// recorded counts the items that the store has of a task.
func (w *world) recorded(id tasks.ID) int64 {
	w.t.Helper()
	_, next, err := w.Recorded(w.ctx, id)
	w.must(err)
	return next
}

func TestItemsStayAsLongAsTheirTaskWhereItsActionWantsThat(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		items := []tasks.Item{{Index: 0, Key: "k0", Outcome: tasks.Created}, {Index: 1, Key: "k1", Outcome: tasks.ItemFailed}}
		for _, keep := range []bool{true, false} {
			want := map[bool]int64{true: 2, false: 0}[keep]
			n := stored(w.ada)
			n.KeepItems = keep
			begin := func() tasks.Assignment {
				a := w.start(w.submit(n).ID, time.Minute)
				w.must(w.RecordItems(w.ctx, a.Fence(), items))
				return a
			}
			tally := tasks.Tally{Total: 2, Created: 1, Failed: 1}
			var ended []tasks.ID
			for _, state := range []tasks.State{tasks.Published, tasks.Failed, tasks.Cancelled} {
				a := begin()
				_, err := w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: state, Items: tally})
				w.must(err)
				ended = append(ended, a.Task.ID)
			}
			swept := begin()
			_, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{swept.Task.ID})
			w.must(err)
			w.must(w.VoidLeases(w.ctx))
			_, err = w.Sweep(w.ctx, 100)
			w.must(err)
			ended = append(ended, swept.Task.ID)
			for _, id := range ended {
				if got := w.recorded(id); got != want || !w.task(id).State.Ended() {
					t.Errorf("kept %v: %v has %d items", keep, w.task(id).State, got)
				}
			}
			_, err = w.Consume(w.ctx, w.ada.ID, ended)
			w.must(err)
			if got := w.recorded(ended[0]); got != want {
				t.Errorf("kept %v: once consumed it has %d items", keep, got)
			}
			w.expire(tasks.Retention{Results: -time.Second, Tasks: -time.Second})
			if got := w.recorded(ended[0]); got != 0 {
				t.Errorf("kept %v: the forgotten task has %d items", keep, got)
			}
		}
	})
}
