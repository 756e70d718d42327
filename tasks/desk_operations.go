package tasks

import "context"

// TaskPageQuery asks for one page of the caller's tasks.
type TaskPageQuery struct {
	Filter TaskFilter // without Limit and After
	Bound  string     // the filter as the client wrote it: its pages belong together
	Size   int        // at most
	Token  string     // of the page before; empty: the first page
}

// TaskPages gives a page of the caller's tasks, newest first, and the token of
// the page that follows; empty: this was the last. A token that was made for
// another client or filter is CodeInvalid.
func (d *Desk) TaskPages(ctx context.Context, c Caller, q TaskPageQuery) (list []Task, next string, err error) {
	after, err := AfterPage(d.cfg.Sealer, q.Token, "tasks", c.Client.ID, q.Bound)
	if err != nil {
		return nil, "", err
	}
	f := q.Filter
	f.Limit = q.Size
	if after != "" {
		if f.After, err = ParseID(after); err != nil {
			return nil, "", err
		}
	}
	page, err := d.cfg.Store.ListTasks(ctx, c.Client.ID, f)
	if err != nil {
		return nil, "", err
	}
	if page.Next != (ID{}) {
		next = PageToken(d.cfg.Sealer, page.Next.String(), "tasks", c.Client.ID, q.Bound)
	}
	return page.Tasks, next, nil
}

// WaitTask gives the caller's task with this decimal name, of EveryClient for an
// admin token, as soon as it has ended, and at the latest as it is when ctx ends
// or MaxWait is over. A wait that a revoked or expired token ends is
// CodeUnauthorized.
func (d *Desk) WaitTask(ctx context.Context, c Caller, number int64) (Task, error) {
	look := context.WithoutCancel(ctx) // however short the wait is, it ends with a look
	t, err := d.cfg.Store.TaskByNumber(look, scope(c), number)
	if err != nil || t.State.Ended() {
		return t, err
	}
	held, release := d.Hold(ctx, c)
	defer release()
	waiting, stop := context.WithTimeout(held, MaxWait)
	defer stop()
	err = d.cfg.Channel.Await(waiting, []ID{t.ID}, func() (bool, error) {
		now, err := d.cfg.Store.Tasks(look, scope(c), []ID{t.ID})
		if err != nil {
			return false, err
		}
		if len(now) == 1 {
			t = now[0]
		}
		return t.State.Ended(), nil
	})
	if context.Cause(held) == error(ErrTokenEnded) { //nolint:errorlint // this very value ends it
		return t, ErrTokenEnded
	}
	return t, err
}
