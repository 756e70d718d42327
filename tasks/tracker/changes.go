package tracker

import (
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// changes tells in the item of an entry what changed, or would change: from ->
// to of what the entry says and of what its tracker shows. An entry that is new
// changes nothing that was there; what it would bring is told in a dry run only.
func (im *importer) changes(outcome tasks.Outcome, was Facts, before Tracker, r *Record) map[string]string {
	if outcome != tasks.Updated && !im.dry || outcome == tasks.Unchanged {
		return nil
	}
	d := factsDiffer(was, r.Entry.Facts)
	if outcome == tasks.Updated {
		d.tracker(before, *r.Tracker)
	}
	if len(d) == 0 {
		d = append(d, "other values of the provider")
	}
	return map[string]string{"changes": strings.Join(d, "; ")}
}

// factsDiffer tells how two states of an entry differ.
func factsDiffer(was, now Facts) (d differences) {
	d.add("status", string(was.Status), string(now.Status))
	d.count("progress", was.Progress, now.Progress)
	d.add("seen", string(was.Seen), string(now.Seen))
	d.count("volumes", was.Volumes, now.Volumes)
	d.count("repeats", was.Repeats, now.Repeats)
	d.add("repeating", truth(was.Repeating), truth(now.Repeating))
	d.count("score", was.Score, now.Score)
	d.date("start", was.Start, now.Start)
	d.date("finish", was.Finish, now.Finish)
	if was.Notes != now.Notes {
		d = append(d, "notes")
	}
	return d
}

// differences are told one after the other.
type differences []string

func (d *differences) add(what, from, to string) {
	if from != to {
		*d = append(*d, what+": "+or(from, "none")+" -> "+or(to, "none"))
	}
}

func (d *differences) count(what string, from, to int64) {
	d.add(what, strconv.FormatInt(from, 10), strconv.FormatInt(to, 10))
}

func (d *differences) date(what string, from, to Date) {
	d.add(what, dateText(from), dateText(to))
}

func (d *differences) tracker(from, to Tracker) {
	d.add("state", from.State.String(), to.State.String())
	d.count("completed resources", from.Done(), to.Done())
	d.add("start time", stamp(from.Start), stamp(to.Start))
	d.add("end time", stamp(from.End), stamp(to.End))
}

func dateText(d Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func truth(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
