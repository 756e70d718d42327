package tasks_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

// diary notes what a run saves, and when.
type diary struct {
	began time.Time
	mu    sync.Mutex
	saves []save
}

type save struct {
	after    time.Duration
	progress int
}

func (d *diary) SaveProgress(_ context.Context, _ tasks.Fence, progress int, _ tasks.Tally) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saves = append(d.saves, save{time.Since(d.began), progress})
	return nil
}
func (*diary) RecordItems(context.Context, tasks.Fence, []tasks.Item) error { return nil }
func (*diary) Items(context.Context, tasks.ID) iter.Seq2[tasks.Item, error] { return nil }
func (*diary) Recorded(context.Context, tasks.ID) (tasks.Tally, int64, error) {
	return tasks.Tally{}, 0, nil
}
func (*diary) KeepNotes(context.Context, tasks.Fence, tasks.Notes) error { return nil }
func (*diary) KeptNotes(context.Context, tasks.ID, []string) (tasks.Notes, error) {
	return tasks.Notes{}, nil
}

func newRun(d *diary) *tasks.Run {
	return tasks.NewRun(tasks.Task{}, tasks.Args{}, d, nil, slog.New(slog.DiscardHandler))
}

func TestProgressIsSavedAtMostFiveTimesASecondAndItsLastStateIsNeverLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{began: time.Now()}
		r := newRun(d)
		for i := range int64(17) { // for half a second
			if err := r.Progress(t.Context(), i, 100); err != nil {
				t.Fatal(err)
			}
			<-time.After(30 * time.Millisecond)
		}
		<-time.After(time.Hour) // a long step
		const ms = time.Millisecond
		d.mu.Lock()
		defer d.mu.Unlock()
		want := []save{{0, 0}, {200 * ms, 6}, {400 * ms, 13}, {600 * ms, 16}}
		if diff := cmp.Diff(want, d.saves, cmp.AllowUnexported(save{})); diff != "" {
			t.Error(diff)
		}
		r.Settle()
	})
}

func TestNothingIsSavedAfterTheWorkIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{began: time.Now()}
		r := newRun(d)
		for i := range int64(2) {
			if err := r.Progress(t.Context(), i, 100); err != nil {
				t.Fatal(err)
			}
		}
		r.Settle()
		<-time.After(time.Hour)
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.saves) != 1 {
			t.Errorf("saved: %v", d.saves)
		}
	})
}

func TestARunThatWasCancelledLearnsItAtItsNextStep(t *testing.T) {
	r := newRun(&diary{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(tasks.ErrCancelled)
	if err := r.Progress(ctx, 1, 2); !errors.Is(err, tasks.ErrCancelled) {
		t.Errorf("got %v", err)
	}
}
