package channel

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

// filled makes a circle and adds notices, numbered from 1.
func filled(kinds ...tasks.NoticeKind) *circle {
	c := newCircle(time.Now().Add(-time.Hour), 0)
	for i, kind := range kinds {
		c.put(uint64(i+1), kind, byte(i))
	}
	return c
}

func (c *circle) put(seq uint64, kind tasks.NoticeKind, id byte) {
	now := time.Now()
	c.add(seq, now, &tasks.Notice{Kind: kind, Task: tasks.Task{ID: tasks.ID{id}, CreatedAt: now, EndedAt: now, Progress: int(seq)}}, 0)
	c.publish(now)
}

// told gives the kinds and numbers behind a place.
func told(t *testing.T, c *circle, seq uint64) (list []string, next uint64) {
	t.Helper()
	b, next, _, err := c.after(seq)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range b.Notices {
		list = append(list, string(n.Kind)+" "+string(rune('a'+n.Task.ID[0]))+string(rune('0'+n.Task.Progress)))
	}
	return list, next
}

func TestAnUpdateReplacesAnOlderOneOfItsTaskAndNothingElse(t *testing.T) {
	c := newCircle(time.Now().Add(-time.Hour), 0)
	c.put(1, tasks.NoticeStarted, 0)
	c.put(2, tasks.NoticeUpdated, 0)
	c.put(3, tasks.NoticeUpdated, 1)
	c.put(4, tasks.NoticeUpdated, 0)
	c.put(5, tasks.NoticeEnded, 1)
	for place, want := range map[uint64][]string{
		0: {"started a1", "updated a4", "ended b5"},
		2: {"updated a4", "ended b5"},
		4: {"ended b5"},
		5: nil,
	} {
		got, next := told(t, c, place)
		if d := cmp.Diff(want, got); d != "" || next != 5 {
			t.Errorf("from %d to %d: %s", place, next, d)
		}
	}
}

func TestAllWatchersAtOnePlaceShareABatch(t *testing.T) {
	c := filled(tasks.NoticeStarted, tasks.NoticeStarted, tasks.NoticeStarted)
	one, _, _, err := c.after(1)
	other, _, _, errOther := c.after(1)
	if err != nil || errOther != nil || one != other || len(one.Notices) != 2 {
		t.Errorf("got %v and %v", one, other)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	c := newCircle(time.Now().Add(-time.Hour), 0)
	const n = 2*perBatch + 7
	for i := range n {
		c.put(uint64(i+1), tasks.NoticeStarted, 0)
	}
	got, place := 0, uint64(0)
	for _, want := range []int{perBatch, perBatch, 7, 0} {
		b, next, _, err := c.after(place)
		if err != nil || len(b.Notices) != want {
			t.Fatalf("from %d there are %d: %v", place, len(b.Notices), err)
		}
		got, place = got+len(b.Notices), next
	}
	if got != n {
		t.Errorf("%d of %d came", got, n)
	}
}

func TestAWatcherIsCutOffOnlyWhenSomethingItDidNotGetIsGone(t *testing.T) {
	c := newCircle(time.Now().Add(-time.Hour), 0)
	c.put(1, tasks.NoticeStarted, 0)
	now := time.Now()
	for i := range uint64(keptNotices) {
		c.add(i+2, now, &tasks.Notice{Kind: tasks.NoticeStarted, Task: tasks.Task{CreatedAt: now}}, 0)
	}
	c.publish(now)
	if _, _, _, err := c.after(0); !errors.Is(err, tasks.ErrTooSlow) {
		t.Errorf("who got nothing is told %v", err)
	}
	if _, _, _, err := c.after(1); err != nil {
		t.Errorf("who got the first is told %v", err)
	}
	// Updates that others stand for take no room.
	for i := range uint64(3 * keptNotices) {
		c.add(keptNotices+2+i, now, &tasks.Notice{Kind: tasks.NoticeUpdated}, 0)
	}
	c.publish(now)
	if _, _, _, err := c.after(2); err != nil {
		t.Errorf("after many updates of one task it is told %v", err)
	}
}

func TestWhatHappenedBeforeAnybodyWatchedIsNotTold(t *testing.T) {
	c := newCircle(time.Now(), 0)
	old := tasks.Task{CreatedAt: time.Now().Add(-time.Hour), EndedAt: time.Now().Add(-time.Minute)}
	for _, kind := range []tasks.NoticeKind{tasks.NoticeStarted, tasks.NoticeEnded} {
		if c.add(1, time.Now(), &tasks.Notice{Kind: kind, Task: old}, lookMargin) {
			t.Errorf("that it %s was added", kind)
		}
	}
}

func TestWhatTheDatabaseNotedJustBeforeSomebodyWatchedIsTold(t *testing.T) {
	for what, far := range map[string]struct{ before, margin time.Duration }{
		"an event tells of it":                     {time.Second, lookMargin},
		"it is found, and the time is cut shorter": {lookGrain - 1, lookGrain},
	} {
		c := newCircle(time.Now(), 0)
		at := c.began.Add(-far.before)
		for i, kind := range []tasks.NoticeKind{tasks.NoticeStarted, tasks.NoticeEnded} {
			if !c.add(uint64(i+1), time.Now(), &tasks.Notice{Kind: kind, Task: tasks.Task{CreatedAt: at, EndedAt: at}}, far.margin) {
				t.Errorf("%s: that it %s was left out", what, kind)
			}
		}
	}
}
