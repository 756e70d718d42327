package tasks

import (
	"sync"
	"time"
)

// progressEvery is the least time between two saves of a run's progress.
const progressEvery = 200 * time.Millisecond

// pace puts off what is said too often, and keeps the last of it.
type pace struct {
	mu    sync.Mutex
	saved time.Time
	late  func()      // what is put off
	timer *time.Timer // that does it
	ended bool
}

// later reports whether it is too early to save; then it keeps save, in place of
// what was put off before, and calls it as soon as it may.
func (p *pace) later(save func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := progressEvery - time.Since(p.saved)
	if wait <= 0 {
		p.saved, p.late = time.Now(), nil
		return false
	}
	p.late = save
	if p.timer == nil && !p.ended {
		p.timer = time.AfterFunc(wait, p.catchUp)
	}
	return true
}

func (p *pace) catchUp() {
	p.mu.Lock()
	save := p.late
	p.timer, p.late = nil, nil
	if save == nil || p.ended {
		p.mu.Unlock()
		return
	}
	p.saved = time.Now()
	p.mu.Unlock()
	save()
}

// end calls nothing any more.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.timer != nil {
		p.timer.Stop()
	}
}
