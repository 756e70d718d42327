package channel_test

import (
	"context"
	"testing"
	"time"

	"asapi/channel"
	"asapi/internal/testserver"
	"asapi/tasks"
)

// slowLooks leaves the work to events.
func slowLooks(c *channel.Config) {
	c.PollEvery, c.Recheck = time.Hour, time.Hour
}

func TestAnEventReachesTheOtherProcesses(t *testing.T) {
	w := newWorld(t)
	here, there := w.hub(), w.hub()
	got := make(chan tasks.Event, 1000)
	stop := there.OnEvent(func(e tasks.Event) { got <- e })
	defer stop()
	want := tasks.Event{Task: tasks.ID{1}, Client: 7, State: tasks.Running, Progress: 40, Cancel: true}
	testserver.Eventually(t, patience, func() bool {
		here.Publish(want)
		select {
		case e := <-got:
			return e == want
		default:
			return false
		}
	}, "the event")
}

func TestAStreamIsWokenByAnEventOfAnotherProcess(t *testing.T) {
	w := newWorld(t)
	here, there := w.hub(slowLooks), w.hub(slowLooks)
	c := w.connect(there, tasks.AckExplicit)
	done := w.publish([]byte("x"))
	testserver.Eventually(t, patience, func() bool {
		here.Publish(tasks.EventOf(&done))
		return c.count() == 1
	}, "the message")
}

func TestALostEventOnlyDelaysAStreamAndAWait(t *testing.T) {
	w := newWorld(t)
	h := w.hub(func(c *channel.Config) { c.PollEvery, c.Recheck = 50*time.Millisecond, 50*time.Millisecond })
	c := w.connect(h, tasks.AckExplicit)
	w.redis.Close()
	looks := 0
	w.must(h.Await(t.Context(), []tasks.ID{{1}}, func() (bool, error) {
		looks++
		return looks == 3, nil
	}))
	w.publish([]byte("x"))
	c.got(1)
}

func TestAWaitEndsWhenOneOfItsTasksEnds(t *testing.T) {
	w := newWorld(t)
	h := w.hub(slowLooks)
	looked := make(chan struct{}, 10)
	ended := make(chan error, 1)
	looks := 0
	go func() {
		ended <- h.Await(t.Context(), []tasks.ID{{1}, {2}}, func() (bool, error) {
			looks++
			looked <- struct{}{}
			return looks == 2, nil
		})
	}()
	<-looked
	h.Publish(tasks.Event{Task: tasks.ID{3}, State: tasks.Published}, tasks.Event{Task: tasks.ID{2}, State: tasks.Running}, tasks.Event{Task: tasks.ID{2}, State: tasks.Failed})
	w.must(<-ended)
}

func TestAWaitThatTimesOutLooksALastTime(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	looks := 0
	w.must(w.hub(slowLooks).Await(ctx, []tasks.ID{{1}}, func() (bool, error) {
		looks++
		stop()
		return false, nil
	}))
	if looks != 2 {
		t.Errorf("looked %d times", looks)
	}
}
