package channel

import (
	"time"

	"asapi/tasks"
)

// seen remembers what watchers were told of tasks lately, so that nothing is told
// twice. What it forgot is at worst told again.
type seen struct {
	recent, older map[tasks.ID]sight
	turned        time.Time
}

// sight is what was last told of a task.
type sight struct {
	started  bool
	ended    time.Time // zero: its end was not told
	state    tasks.State
	progress int
	items    tasks.Tally
	asked    bool
	attempt  int
}

// maxSeen bounds each of the two maps.
const maxSeen = 1 << 16

func (s *seen) init() { s.recent, s.older = map[tasks.ID]sight{}, map[tasks.ID]sight{} }

func (s *seen) get(id tasks.ID) (sight, bool) {
	if one, ok := s.recent[id]; ok {
		return one, true
	}
	one, ok := s.older[id]
	return one, ok
}

func (s *seen) put(id tasks.ID, one sight) {
	if len(s.recent) >= maxSeen || len(s.recent) > 0 && time.Since(s.turned) > 2*keepNotices {
		s.recent, s.older, s.turned = map[tasks.ID]sight{}, s.recent, time.Now()
	}
	s.recent[id] = one
}

// notices appends what is to be told of a task as it is now. fresh says that its
// submission may not have been told yet.
func (s *seen) notices(made []*tasks.Notice, t *tasks.Task, fresh bool) []*tasks.Notice {
	before, known := s.get(t.ID)
	now := sight{before.started || fresh, before.ended, t.State, t.Progress, t.Items, t.CancelAsked, t.Attempt}
	begins := fresh && !before.started
	if begins {
		made = append(made, &tasks.Notice{Kind: tasks.NoticeStarted, Task: atStart(t)})
	}
	switch {
	case t.State.Ended() && !before.ended.Equal(t.EndedAt):
		now.ended = t.EndedAt
		made = append(made, &tasks.Notice{Kind: tasks.NoticeEnded, Task: *t})
	case t.State.Ended():
	case !known && !begins, known && changed(before, now):
		made = append(made, &tasks.Notice{Kind: tasks.NoticeUpdated, Task: *t})
	}
	s.put(t.ID, now)
	return made
}

func changed(a, b sight) bool {
	a.started, a.ended = b.started, b.ended
	return a != b
}

// atStart is a task that has come further already as it was when it began.
func atStart(t *tasks.Task) tasks.Task {
	one := *t
	if t.State.Ended() {
		one.State, one.Progress, one.Items = tasks.Pending, 0, tasks.Tally{}
		one.EndedAt, one.ErrorCode, one.ErrorDetail, one.CancelAsked = time.Time{}, "", "", false
	}
	return one
}
