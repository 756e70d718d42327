package tasks

import (
	"context"
	"time"
)

// MaxWait is the longest time a status request may wait for an ending.
const MaxWait = 60 * time.Second

// Answer is what is known of one asked id.
type Answer struct {
	Asked AskedID
	Found bool
	Task  Task
}

// Status answers the asked ids in their order. With a wait it answers as soon
// as one of the found tasks has ended, and at the latest after the wait.
func (d *Desk) Status(ctx context.Context, c Caller, asked []AskedID, wait time.Duration) ([]Answer, error) {
	ids := goodIDs(asked)
	var found []Task
	look := func() (bool, error) {
		var err error
		if found, err = d.cfg.Store.Tasks(ctx, c.Client.ID, ids); err != nil {
			return false, err
		}
		if len(found) == 0 {
			return true, nil
		}
		for i := range found {
			if found[i].State.Ended() {
				return true, nil
			}
		}
		return false, nil
	}
	var err error
	if wait > 0 {
		waiting, stop := context.WithTimeout(ctx, min(wait, MaxWait))
		defer stop()
		err = d.cfg.Channel.Await(waiting, ids, look)
	} else {
		_, err = look()
	}
	if err != nil {
		return nil, err
	}
	return answers(asked, found), nil
}

func answers(asked []AskedID, found []Task) []Answer {
	at := make(map[ID]int, len(found))
	for i := range found {
		at[found[i].ID] = i
	}
	list := make([]Answer, len(asked))
	for i, a := range asked {
		list[i].Asked = a
		if j, ok := at[a.ID]; ok && a.Bad == nil {
			list[i].Found, list[i].Task = true, found[j]
		}
	}
	return list
}

// List gives a page of the caller's tasks, newest first.
func (d *Desk) List(ctx context.Context, c Caller, f TaskFilter) (TaskPage, error) {
	return d.cfg.Store.ListTasks(ctx, c.Client.ID, f)
}

// Cancel ends waiting tasks at once and asks running ones to stop; cancelling
// what has ended changes nothing. The answers hold the tasks as they are after it.
func (d *Desk) Cancel(ctx context.Context, c Caller, asked []AskedID) ([]Answer, error) {
	found, err := d.cfg.Store.Cancel(ctx, c.Client.ID, goodIDs(asked))
	if err != nil {
		return nil, err
	}
	publishCancelled(d.cfg.Channel, found)
	return answers(asked, found), nil
}

func publishCancelled(to Publisher, found []Task) {
	events := make([]Event, 0, len(found))
	for i := range found {
		e := EventOf(&found[i])
		e.Cancel = found[i].State == Running && found[i].CancelAsked
		events = append(events, e)
	}
	to.Publish(events...)
}

// EventOf tells what became of a task.
func EventOf(t *Task) Event {
	e := Event{Task: t.ID, Client: t.Client, State: t.State, Progress: t.Progress}
	if t.State.Ended() {
		e.Stream = t.Stream
	}
	return e
}
