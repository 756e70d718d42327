package tasks

import (
	"fmt"
)

// Activity is a task as watchers see it.
type Activity struct {
	Task        Task
	Type        string // service.action
	Title       string
	Subtitle    string
	Progress    int // 0 to 100; UnknownProgress while it cannot be known
	Cancellable bool
}

// UnknownProgress is the progress of a run that has not said how far it is.
const UnknownProgress = -1

// Activity shows a task as an activity. Services and actions that the catalogue
// does not know any more go by their slugs.
func (c *Catalog) Activity(t *Task) Activity {
	a := Activity{
		Task: *t, Type: t.Service + "." + t.Action, Title: t.Action, Subtitle: t.Account,
		Progress: t.Progress, Cancellable: !t.State.Ended() && !t.CancelAsked,
	}
	if action, ok := c.Find(t.Service, t.Action); ok {
		a.Title = action.Name
	} else if t.Action == SystemAction {
		a.Title = "Message"
	}
	if t.Items.Total > 0 {
		a.Subtitle = fmt.Sprintf("%s: %d of %d", t.Account, t.Items.Done(), t.Items.Total)
	}
	if reason, _ := t.Waits(); reason != "" {
		a.Subtitle += ". " + reason
	}
	if t.State == Running && t.Progress == 0 && t.Items.Total == 0 {
		a.Progress = UnknownProgress
	}
	return a
}
