package anidb

import (
	"math"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
)

// anime is what a file says of one anime, whichever template made it. Texts are
// as they stood; empty: not said.
type anime struct {
	aid, title, kanji, english, typ, year string
	eps, special, all                     string // counts of episodes: regular, special, all
	watched                               string // "1": all of it, "0": not all
	complete                              string // "1": all of it is in the collection
	vote, voteDate, tmpVote, tmpVoteDate  string
	wish                                  string
	count                                 string          // how many regular episodes were watched
	seen                                  tracker.Numbers // watched regular episodes that are not among the episodes
	episodes                              []episode

	places map[string]int    // of the episodes, by their numbers
	loose  map[string][]file // files whose episode is not known yet, by its id
	parts  int               // episodes and files
	tells  tellings          // whether its file says what was watched
	broken string            // why it cannot be taken
}

// tellings says whether a file tells what was watched of an anime.
type tellings int

const (
	unsure  tellings = iota // as its episodes show
	silent                  // it does not, though it may have episodes
	telling                 // it does, though there may be nothing
)

// episode is one episode of the list. Its JSON is how it is kept.
type episode struct {
	No      string `json:"no"` // S1, C2 and their like are no regular ones
	EID     string `json:"eid,omitempty"`
	Name    string `json:"name,omitempty"`
	Length  string `json:"length,omitempty"` // minutes
	Watched bool   `json:"watched,omitempty"`
	Files   []file `json:"files,omitempty"`
}

// file is one file of an episode.
type file struct {
	FID     string `json:"fid,omitempty"`
	LID     string `json:"lid,omitempty"` // its place in the list
	State   string `json:"state,omitempty"`
	Watched bool   `json:"watched,omitempty"`
	Viewed  string `json:"viewed,omitempty"` // RFC 3339, in UTC
	Storage string `json:"storage,omitempty"`
	Source  string `json:"source,omitempty"`
	Other   string `json:"other,omitempty"`
	// FileState says what is special about the file; only the API tells it.
	FileState string `json:"filestate,omitempty"`
}

// number gives the number of a regular episode; 0: it is none.
func (e *episode) number() int64 {
	n, err := strconv.ParseInt(e.No, 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// seenHere reports whether the episode was watched, as it or one of its files says.
func (e *episode) seenHere() bool {
	if e.Watched {
		return true
	}
	for i := range e.Files {
		if e.Files[i].Watched || e.Files[i].Viewed != "" {
			return true
		}
	}
	return false
}

// maxCount is the greatest count of episodes that is believed.
const maxCount = 1_000_000

// facts reads the facts of an anime; fault says what could not be read.
func (a *anime) facts() (f tracker.Facts, fault string) {
	f.Title = firstOf(a.title, a.english, a.kanji)
	total, err := strconv.ParseInt(firstOf(a.eps, "0"), 10, 64)
	if err != nil || total < 0 || total > maxCount {
		return f, "Its count of episodes is " + quote(a.eps) + ", which is no number."
	}
	f.Total = total
	if f.Score, fault = score(a.vote); f.Score == 0 && fault == "" {
		f.Score, fault = score(a.tmpVote)
	}
	var numbers []int64
	var first, last time.Time
	for i := range a.episodes {
		e := &a.episodes[i]
		n := e.number()
		if n == 0 || !e.seenHere() {
			continue
		}
		numbers = append(numbers, n)
		for j := range e.Files {
			at, err := time.Parse(time.RFC3339, e.Files[j].Viewed)
			if err != nil {
				continue
			}
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
	}
	f.Seen = tracker.NumbersOf(numbers).Union(a.seen)
	f.Progress = f.Seen.Count()
	f.Status = a.status(f)
	f.Start = tracker.DateOf(first)
	if f.Status == tracker.Done {
		f.Finish = tracker.DateOf(last)
	}
	return f, fault
}

// status is derived: AniDB has none for an anime.
func (a *anime) status(f tracker.Facts) tracker.Status {
	switch {
	case a.watched == "1", f.Total > 0 && f.Seen.First() >= f.Total:
		return tracker.Done
	case f.Progress > 0:
		return tracker.Watching
	}
	return tracker.PlannedTo
}

// score reads a vote from 1 to 10 with up to two decimals. NaN and - say that
// there is none.
func score(vote string) (score int64, fault string) {
	switch vote {
	case "", "-", "NaN", "nan":
		return 0, ""
	}
	v, err := strconv.ParseFloat(vote, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 10 {
		return 0, "Its vote is " + quote(vote) + ", which is none from 1 to 10."
	}
	return int64(math.Round(v * 10)), ""
}

// voteOf spells a score as a vote.
func voteOf(score int64) string {
	if score == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(score)/10, 'f', -1, 64)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// said drops what templates write where there is nothing.
func said(value string) string {
	switch value = strings.TrimSpace(value); value {
	case "-", "NaN":
		return ""
	}
	return value
}
