package tracker

import (
	"context"
	"iter"
	"strconv"

	"asapi/tasks"
)

// maxContinue is the greatest number of things to continue that one task gives.
const maxContinue = 500

type continueParams struct {
	Limit int64 `param:"limit" optional:"true" default:"20" doc:"How many to give at most, 1 to 500."`
}

// Check implements tasks.Checker.
func (p continueParams) Check() tasks.Faults { return between("limit", p.Limit, 1, maxContinue) }

// between refuses a value outside of what a parameter takes.
func between(field string, v, least, greatest int64) tasks.Faults {
	if v >= least && v <= greatest {
		return nil
	}
	message := field + " must be a number from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatInt(greatest, 10) + "."
	return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: field, Message: message}}
}

func (s *service) continueAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "continue-watching", Name: "Continue Watching",
		Description: "Tells where the account stopped: the last checkpoint of each resource, whatever the platform, the newest first. What was finished is not offered; the part after it is, where it is known.",
	}, s.continueWatching)
}

// goOn is one thing to continue.
type goOn struct {
	Resource string `json:"resource"`
	Work     string `json:"work"`
	Title    string `json:"title,omitempty"`
	Tracker  string `json:"tracker"`
	State    string `json:"state"`
	Position int64  `json:"position"`
	Length   int64  `json:"length,omitempty"`
	Unit     string `json:"unit"`
	Platform string `json:"platform"`
	At       string `json:"at"`
	Next     string `json:"next,omitempty"`
	After    string `json:"after,omitempty"`
}

func (s *service) continueWatching(ctx context.Context, run *tasks.Run, p continueParams) error {
	owner := ownerOf(run)
	found := &continuing{limit: int(p.Limit), begun: map[string]bool{}, seen: map[int64]bool{}}
	if err := s.store.Checkpoints(ctx, owner, found.read); err != nil {
		return err
	}
	places := make([]Place, len(found.last))
	for i, c := range found.last {
		places[i] = c.after()
	}
	next, err := s.store.NextParts(ctx, owner.Client, places)
	if err != nil {
		return err
	}
	return tell(run, "continue.json", map[string]any{"items": found.offer(next)})
}

// continuing gathers what can be continued.
type continuing struct {
	limit int
	last  []Checkpoint    // newest first: begun ones, and finished ones that are their work's newest
	seen  map[int64]bool  // trackers; true: the newest of its checkpoints is among last, and finished
	begun map[string]bool // resources of such trackers that are begun and not finished
}

// read keeps what may be offered. A finished resource that is not its work's
// newest says nothing. Of finished ones it is not known yet whether something
// follows, so they do not count for the limit.
func (c *continuing) read(checkpoints iter.Seq2[Checkpoint, error]) error {
	open := 0
	for p, err := range checkpoints {
		if err != nil {
			return err
		}
		full := open >= c.limit || len(c.last) >= 4*maxContinue
		finished := p.finished()
		follows, known := c.seen[p.Tracker.ID]
		if !known {
			c.seen[p.Tracker.ID] = finished && !full
		}
		if !finished && follows {
			c.begun[p.Resource] = true
		}
		if full || (finished && known) {
			continue
		}
		if c.last = append(c.last, p); !finished {
			open++
		}
	}
	return nil
}

// offer gives what can be continued, with the parts that come next.
func (c *continuing) offer(next map[int]Part) []goOn {
	items := []goOn{}
	offered := map[string]bool{}
	for i, p := range c.last {
		part, follows := next[i]
		item := goOn{
			Resource: p.Resource, Work: p.Tracker.Resource, Title: p.Work.Title, Tracker: p.Tracker.Name(), State: p.Tracker.State.String(),
			Position: p.To, Length: p.Part.Length, Platform: p.Platform, At: stamp(p.End), Next: part.Resource,
		}
		if p.finished() {
			if !follows || c.begun[part.Resource] {
				continue
			}
			item.Resource, item.Position, item.Length, item.Next, item.After = part.Resource, 0, part.Length, "", p.Resource
		}
		if offered[item.Resource] || len(items) == c.limit {
			continue
		}
		offered[item.Resource] = true
		res, _ := ParseResource(item.Resource)
		item.Unit = unitOf(res.Collection)
		items = append(items, item)
	}
	return items
}

// finished reports whether there is nothing left of the resource: it was
// completed, a list counts it among what is done, or the checkpoint is its end.
func (c *Checkpoint) finished() bool {
	place := c.ordinal()
	return c.Finished || (place > 0 && place <= c.Tracker.FirstDone) || (c.Part.Length > 0 && c.To >= c.Part.Length)
}

// ordinal gives the place of the resource among the regular parts.
func (c *Checkpoint) ordinal() int64 {
	if c.Part.Type != "" {
		return c.Part.Ordinal
	}
	res, _ := ParseResource(c.Resource)
	return res.Ordinal(c.Work.Regular)
}

// after is where the owner is once the resource is done.
func (c *Checkpoint) after() Place {
	res, _ := ParseResource(c.Resource)
	place := Place{Tracker: c.Tracker.ID, Work: c.Work, Parts: res.Parts, After: c.ordinal(), ByNumber: c.Part.Type == ""}
	place.Work.Resource = c.Tracker.Resource
	if c.finished() && place.After > 0 {
		place.After = max(place.After, c.Tracker.FirstDone)
	}
	return place
}
