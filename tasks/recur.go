package tasks

import (
	"context"
	"time"
)

// recurAtOnce is how many occurrences share a transaction.
const recurAtOnce = 50

// Recurrence lets the occurrences of subscriptions happen when they are due. Any
// number of processes may do so at the same time.
type Recurrence struct {
	Catalog *Catalog
	Store   Store
}

// Step sees to some of what is due and says whether more may be. A step that fails
// has changed nothing.
func (r Recurrence) Step(ctx context.Context) (happened []Occurred, more bool, err error) {
	due, err := r.Store.DueSubscriptions(ctx, recurAtOnce)
	if err != nil || len(due) == 0 {
		return nil, false, err
	}
	callers := map[string]Caller{}
	list := make([]Occurrence, len(due))
	for i := range due {
		token := due[i].Token
		c, known := callers[token]
		if !known {
			if c, err = r.Store.CallerOf(ctx, token); err != nil && CodeOf(err) != CodeUnauthorized {
				return nil, false, err
			}
			callers[token] = c
		}
		list[i] = r.occurrence(&due[i], c)
	}
	happened, err = r.Store.Occur(ctx, list)
	return happened, len(due) == recurAtOnce, err
}

// occurrence makes a task of a subscription, by what its token may do now, or finds
// why it has to be paused.
func (r Recurrence) occurrence(s *Subscription, c Caller) Occurrence {
	o := Occurrence{Subscription: *s, New: NewTask{
		Client: s.Client, Service: s.Service, Action: s.Action, Account: s.Account, Values: s.Values, Subscription: s.ID,
		Protocol: c.Token.Protocol, Stream: c.Token.Stream, Priority: Low, OpenTasks: c.Token.Limits.OpenTasks,
	}}
	if c.Token.Webhook != "" {
		o.New.Webhook = c.Token.ID
	}
	if !c.Token.Valid(time.Now()) || c.Token.ID == "" {
		o.Pause = &Pause{CodeUnauthorized, "The token that subscribed was revoked or has expired. Subscribe again with another token and the same values to go on."}
		return o
	}
	service, ok := r.Catalog.Service(s.Service)
	var a *Action
	if ok {
		a, ok = service.Action(s.Action)
	}
	switch {
	case !ok || !a.Recurs:
		o.Pause = &Pause{CodeInvalidAction, "This action is not there any more, or cannot be subscribed to any more."}
	case !c.Token.May(s.Service, s.Action):
		o.Pause = &Pause{CodeNotPermitted, "The token that subscribed may not use this action any more." + resumes}
	default:
		if faults := checkRecurring(c, service, a, s.Values); len(faults) > 0 {
			o.Pause = &Pause{faults[0].Code, "Its parameters are not taken any more: " + faults[0].Message + " End it and subscribe anew."}
			break
		}
		o.New.MaxAttempts, o.New.KeepItems = a.MaxAttempts, a.KeepItems
	}
	return o
}
