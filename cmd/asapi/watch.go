package main

import (
	"context"
	"errors"
	"io"
	"time"

	"asapi/internal/client"
)

type watchCmd struct {
	remote
	Count int `short:"n" help:"Stop after so many tasks have ended; 0: never." default:"0"`
}

// watchAgain is the pause before a connection that broke is opened anew.
const watchAgain = time.Second

// watchView is where what is watched is shown.
type watchView interface {
	listed(list []client.Activity, total int64) error
	event(e *client.ActivityEvent) error
}

// Run shows what runs and waits, and then every change, until Ctrl-C. A connection
// that breaks is opened anew and goes on where it was.
func (w *watchCmd) Run(ctx context.Context, t *terminal) error {
	c, err := w.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	var view watchView = watchLines{t}
	if t.interactive() {
		view = newWatchTable(t)
	}
	f := following{client: c, view: view, count: w.Count}
	for {
		err := f.follow(ctx)
		var refused *client.Error
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return streamEnd(ctx, err)
		case !f.began || errors.As(err, &refused) && refused.Status/100 == 4:
			return err
		}
		pause := time.NewTimer(watchAgain)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// following goes on from connection to connection.
type following struct {
	client *client.Client
	view   watchView
	count  int    // of ended tasks, to stop at; 0: never
	began  bool   // something was shown
	after  string // the last event
	ended  int
}

// follow watches on one connection; nil: enough tasks have ended.
func (f *following) follow(ctx context.Context) error {
	watcher, err := f.client.Watch(ctx, f.after)
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Close() }()
	if f.after == "" { // the list comes second, so that nothing falls in between
		list, total, err := f.client.Activities(ctx)
		if err != nil {
			return err
		}
		if err := f.view.listed(list, total); err != nil {
			return err
		}
		f.began = true
	}
	for {
		e, err := watcher.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errWatchEnded
			}
			return err
		}
		f.after = e.ID
		if err := f.view.event(&e); err != nil {
			return err
		}
		if e.Event == "ended" {
			f.ended++
		}
		if f.count > 0 && f.ended >= f.count {
			return nil
		}
	}
}

var errWatchEnded = constError("the server ended the connection")

// watchLines writes one line of JSON for each thing that is told.
type watchLines struct{ t *terminal }

// watchLine is what a script sees of an activity.
type watchLine struct {
	Event     string                   `json:"event"` // listed, started, updated or ended
	TaskID    string                   `json:"task_id"`
	Type      string                   `json:"type"`
	Account   string                   `json:"account"`
	State     string                   `json:"state"`
	Progress  int                      `json:"progress"`
	Subtitle  string                   `json:"subtitle"`
	StartedAt string                   `json:"started_at,omitempty"`
	Response  *client.ActivityResponse `json:"response,omitempty"`
}

func (l watchLines) tell(event string, a *client.Activity) error {
	return l.t.json(watchLine{event, a.UUID, a.Type, a.Context["account"], a.Context["state"], a.Progress, a.Subtitle, a.Context["started_at"], a.Response})
}

func (l watchLines) listed(list []client.Activity, _ int64) error {
	for i := range list {
		if err := l.tell("listed", &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l watchLines) event(e *client.ActivityEvent) error { return l.tell(e.Event, &e.Activity) }
