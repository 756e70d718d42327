package anidb

import (
	"strconv"

	"asapi/tasks/tracker"
)

// Conform implements tracker.Format. AniDB knows watched episodes and votes: a
// status of its own, or a date, cannot be written. Where more episodes are done
// than are named, the first ones are taken.
func (Format) Conform(e tracker.Entry) tracker.Entry {
	a := animeOf(e)
	facts := e.Facts
	if more := facts.Progress; more > facts.Seen.Count() {
		facts.Seen = filledUp(facts.Seen, more)
	}
	if facts.Status == tracker.Done && facts.Total > 0 {
		facts.Seen = facts.Seen.Union(tracker.UpTo(facts.Total))
	}
	facts.Progress = facts.Seen.Count()
	was, _ := a.facts()
	if facts.Title != was.Title {
		a.title = facts.Title
	}
	if facts.Total != was.Total {
		a.eps = strconv.FormatInt(facts.Total, 10)
	}
	if facts.Score != was.Score {
		a.vote, a.tmpVote = voteOf(facts.Score), ""
	}
	a.watch(facts.Seen)
	if done := facts.Status == tracker.Done; done != (was.Status == tracker.Done) || a.watched == "1" && !done {
		a.watched = "0"
		if done {
			a.watched = "1"
		}
	}
	a.inOrder()
	e.Native, e.Facts = a.entry().Native, facts
	return e
}

// filledUp adds the first numbers that are missing until there are n.
func filledUp(seen tracker.Numbers, n int64) tracker.Numbers {
	low, high := int64(0), min(n, maxCount)
	for low < high { // the least k for which 1..k and seen have n numbers
		k := (low + high) / 2
		if seen.Union(tracker.UpTo(k)).Count() >= n {
			high = k
		} else {
			low = k + 1
		}
	}
	return seen.Union(tracker.UpTo(low))
}

// watch makes the episodes say that exactly these regular ones were watched.
func (a *anime) watch(seen tracker.Numbers) {
	var named []int64
	for i := range a.episodes {
		e := &a.episodes[i]
		n := e.number()
		if n == 0 {
			continue
		}
		named = append(named, n)
		switch has := seen.Has(n); {
		case has && !e.seenHere():
			e.Watched = true
		case !has && e.seenHere():
			e.Watched = false
			for j := range e.Files {
				e.Files[j].Watched, e.Files[j].Viewed = false, ""
			}
		}
	}
	a.seen = seen.Without(tracker.NumbersOf(named))
}
