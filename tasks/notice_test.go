package tasks_test

import (
	"testing"

	"asapi/tasks"
)

func TestANoticeIsEncodedOnceAShapeHoweverManyWatch(t *testing.T) {
	calls := 0
	encode := func(n *tasks.Notice) []byte {
		calls++
		return []byte(n.Position)
	}
	one, two := &tasks.Notice{Position: "a"}, &tasks.Notice{Position: "b"}
	for range 100 {
		for _, b := range []*tasks.Batch{{Notices: []*tasks.Notice{one, two}}, {Notices: []*tasks.Notice{two}}} {
			got := string(b.Encoded(tasks.ShapeEvents, encode))
			if want := map[int]string{2: "ab", 1: "b"}[len(b.Notices)]; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	if calls != 2 {
		t.Errorf("encoded %d times", calls)
	}
	(&tasks.Batch{Notices: []*tasks.Notice{one}}).Encoded(tasks.ShapeFrames, encode)
	if calls != 3 {
		t.Errorf("the other shape was encoded %d times", calls-2)
	}
}
