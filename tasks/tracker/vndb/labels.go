package vndb

import (
	"slices"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
)

// label is one label of an entry. The ids below 10 are the site's own.
type label struct {
	id      int64
	private string // true or false; empty: the file does not say
	name    string
}

// The site's own labels.
const (
	playing   = 1
	finished  = 2
	stalled   = 3
	dropped   = 4
	wishlist  = 5
	blacklist = 6
	voted     = 7
)

// byPrecedence lists the labels that are a status: an entry may have several,
// and the first of these counts.
var byPrecedence = []struct {
	id     int64
	name   string
	status tracker.Status
}{
	{finished, "Finished", tracker.Done},
	{playing, "Playing", tracker.Watching},
	{stalled, "Stalled", tracker.Paused},
	{dropped, "Dropped", tracker.Dropped},
	{wishlist, "Wishlist", tracker.PlannedTo},
}

// labelsText makes one native value of an entry's labels, a line each: the id,
// public, private or a dash, and the name. They are one value because they are
// a set: what a newer list says replaces it.
func labelsText(labels []label) string {
	lines := make([]string, len(labels))
	for i, l := range labels {
		privacy := map[string]string{"true": "private", "false": "public"}[l.private]
		if privacy == "" {
			privacy = "-"
		}
		name := strings.Join(strings.Fields(l.name), " ")
		lines[i] = strings.TrimSpace(strconv.FormatInt(l.id, 10) + " " + privacy + " " + name)
	}
	return strings.Join(lines, "\n")
}

// labelsIn reads what labelsText wrote; lines that are none are passed over.
func labelsIn(text string) []label {
	var labels []label
	for line := range strings.Lines(text) {
		number, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		privacy, name, _ := strings.Cut(rest, " ")
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil || id < 0 {
			continue
		}
		l := label{id: id, name: name}
		switch privacy {
		case "private":
			l.private = "true"
		case "public":
			l.private = "false"
		}
		labels = append(labels, l)
	}
	return labels
}

func has(labels []label, id int64) bool {
	return slices.ContainsFunc(labels, func(l label) bool { return l.id == id })
}

// statusOf gives the status that the labels say; empty: none of them says one.
func statusOf(labels []label) tracker.Status {
	for _, p := range byPrecedence {
		if has(labels, p.id) {
			return p.status
		}
	}
	return ""
}

// without says why an entry has no status.
func without(labels []label) string {
	switch {
	case has(labels, blacklist):
		return "It is on the blacklist, so it is not tracked."
	case has(labels, voted):
		return "It only has a vote, and no label that says how far it is (Playing, Finished, Stalled, Dropped, Wishlist)."
	case len(labels) == 0:
		return "It has no label, so it is not known how far it is."
	}
	return "It has no label that says how far it is (Playing, Finished, Stalled, Dropped, Wishlist)."
}

// relabelled replaces the labels that are a status by that of a status.
func relabelled(labels []label, status tracker.Status) []label {
	var kept []label
	for _, p := range byPrecedence {
		if p.status == status {
			kept = append(kept, label{id: p.id, private: "false", name: p.name})
		}
	}
	for _, l := range labels {
		if l.id < playing || l.id > wishlist {
			kept = append(kept, l)
		}
	}
	return kept
}
