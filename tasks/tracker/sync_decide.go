package tracker

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"asapi/tasks"
)

// said is what stands of a part, and who said it last; by is nil for our side.
type said struct {
	facts Facts
	by    *member
	in    *member // in the words of whose list
	at    time.Time
}

// over lays what was said over the facts of a member.
func (s said) over(p part, to Facts, m *member) Facts {
	if s.in != m {
		return s.in.mute.lay(p, to, s.facts)
	}
	p.put(&to, s.facts)
	return to
}

// decide finds out what stands of a work, part by part, and what each side has to
// learn. A part that one side changed since both were last alike stands; where several
// changed it otherwise, the rule says whose. Sides that were never compared count as
// changed, but for what they say nothing of.
func (s *liveSync) decide(w *work) {
	stands := map[int]said{}
	for _, m := range w.members {
		base, known := m.base()
		for i, p := range sayings {
			if _, one := stands[i]; known && !one && !m.mute.parts[p.name] && !m.mute.same(p, m.ours.Facts, base) && !p.silent(m.ours.Facts) {
				stands[i] = said{m.ours.Facts, nil, m, m.changedHere()}
			}
		}
	}
	for _, m := range w.members {
		if m.there == nil || m.there.Fault != "" {
			continue
		}
		var clashes []string
		for i, p := range sayings {
			if clash := s.compare(m, i, p, stands); clash != "" {
				clashes = append(clashes, clash)
			}
		}
		if len(clashes) > 0 {
			m.item.Refs["conflict"] = strings.Join(clashes, " ")
		}
	}
	w.stands = stands
	for _, m := range w.members {
		s.settle(w, m, stands)
	}
}

// compare compares a part of an entry with what stands so far, and tells the conflict
// where there is one.
func (s *liveSync) compare(m *member, i int, p part, stands map[int]said) (conflict string) {
	base, known := m.base()
	ours, others := stands[i]
	if !others {
		ours = said{m.ours.Facts, nil, m, m.changedHere()}
	}
	if m.mute.parts[p.name] || agree(p, ours.facts, ours.in.mute, m.theirs, m.mute) || !known && p.name == privacy && m.line != nil {
		return ""
	}
	here := !p.silent(ours.facts) && (others || !known)
	there := !p.silent(m.theirs) && (!known || !m.mute.same(p, m.theirs, base))
	theirs := said{m.theirs, m, m, m.there.Changed}
	switch {
	case here && there:
		won, why := s.judge(ours, theirs)
		if won {
			m.said[i] = ours
		} else {
			stands[i] = theirs
		}
		return m.tell(p, ours, theirs, won, why)
	case there:
		stands[i] = theirs
	case here:
		m.said[i] = ours
	}
	return ""
}

// judge decides a conflict by the rule: whether what our side says stands, and why.
func (s *liveSync) judge(ours, theirs said) (oursStand bool, why string) {
	switch {
	case s.rule == oursWins:
		return true, "as conflicts=ours asks for"
	case s.rule == theirsWins:
		return false, "as conflicts=theirs asks for"
	case s.rule == newestWins && !ours.at.IsZero() && !theirs.at.IsZero():
		return !theirs.at.After(ours.at), fmt.Sprintf("it changed last (here %s, there %s)", stamp(ours.at), stamp(theirs.at))
	}
	further := further(ours.facts, theirs.facts)
	switch {
	case further == 0 && s.rule == newestWins:
		return true, "it is not known when the other changed, and neither is further"
	case further == 0:
		return true, "neither is further"
	case s.rule == newestWins:
		return further > 0, "it is not known when the other changed, and it is further"
	}
	return further > 0, "it is further"
}

// further compares the progress of two sides.
func further(a, b Facts) int {
	return cmp.Or(
		cmp.Compare(a.Repeats, b.Repeats), order(a.Repeating, b.Repeating), order(a.Status == Done, b.Status == Done),
		cmp.Compare(a.Progress, b.Progress), cmp.Compare(a.Volumes, b.Volumes), order(a.Status != PlannedTo, b.Status != PlannedTo))
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// tell tells a conflict: what each side had, which stands, and why.
func (m *member) tell(p part, ours, theirs said, oursStand bool, why string) string {
	here := "here"
	if ours.by != nil {
		here = "at " + ours.by.format.Title()
	}
	there := "at " + m.format.Title()
	winner := there
	if oursStand {
		winner = here
	}
	return fmt.Sprintf("%s: %s %s, %s %s; what stands %s counts, because %s.", p.name, here, p.text(ours.facts), there, p.text(theirs.facts), winner, why)
}

// text tells what is said of a part, for people.
func (p part) text(f Facts) string {
	only := p.of(f)
	if p.name == notes {
		return fmt.Sprintf("%q", tasks.Clip(f.Notes, 60))
	}
	var values []string
	for _, d := range factsDiffer(Facts{}, only) {
		name, change, _ := strings.Cut(d, ": ")
		_, value, _ := strings.Cut(change, " -> ")
		if name == p.name || name == "status" {
			values = append(values, value)
		} else {
			values = append(values, name+" "+value)
		}
	}
	return or(strings.Join(values, " "), "none")
}

// changedHere is when our side last changed what it says of the entry.
func (m *member) changedHere() time.Time {
	switch {
	case m.line == nil:
		return time.Time{}
	case !m.line.Bare && m.ours.Equal(m.line.Entry):
		return m.line.ListedAt
	}
	return m.line.ChangedAt
}

// settle finds what has to be sent for a member, and what its item tells.
func (s *liveSync) settle(w *work, m *member, stands map[int]said) {
	was := m.ours.Facts
	m.now, m.apart = was, true
	for i, p := range sayings {
		if one, ok := stands[i]; ok {
			m.now = one.over(p, m.now, m)
		}
	}
	switch {
	case m.there != nil && m.there.Fault != "":
		m.item.Outcome, m.item.Reason = tasks.ItemFailed, "What stands at "+m.format.Title()+" cannot be read, so it is not written over. "+m.there.Fault
		return
	case m.there != nil:
		m.push(stands)
	case m.gone && !s.putsBack(m, stands):
		m.item.Outcome = tasks.Skipped
		m.item.Reason = sentences(m.item.Reason, "It was taken off the list at "+m.format.Title()+" since; it is kept here, and not put back there.")
		return
	default:
		m.wholly(w)
	}
	m.apart, w.write = false, w.write || m.send
	d := factsDiffer(personal(was), personal(m.now))
	if m.line == nil && m.there != nil {
		m.item.Outcome = tasks.Created
	} else if len(d) > 0 && m.line != nil {
		m.item.Outcome = tasks.Updated
		m.item.Refs["changes_here"] = strings.Join(d, "; ")
	}
	if m.send {
		var there *Entry
		if m.item.Outcome = tasks.Created; m.there != nil {
			m.item.Outcome, there = tasks.Updated, &m.there.Entry
			if m.line == nil {
				m.item.Outcome = tasks.Created
			}
		}
		m.item.Refs["changes_there"] = saying(there, m.want, m.delta)
	}
	m.item.Reason = sentences(append([]string{m.item.Reason}, m.delta.Left...)...)
}

// push finds what is sent for an entry that is on the list.
func (m *member) push(stands map[int]said) {
	m.want = m.there.Entry
	for i, p := range sayings {
		one, ok := stands[i]
		if !ok {
			one, ok = m.said[i]
		}
		if ok && one.by != m && !m.mute.parts[p.name] {
			m.want.Facts = one.over(p, m.want.Facts, m)
		}
	}
	m.want = m.format.Conform(m.want)
	if m.want.Facts != m.there.Entry.Facts {
		m.delta = m.live.Change(m.key.Kind, m.want, &m.there.Entry)
		m.send = !m.delta.Empty()
	}
	m.got = m.there.Entry
}

// putsBack reports whether an entry that was taken off its list is put there again: our
// side changed it since, and the rule is for what our side says.
func (s *liveSync) putsBack(m *member, stands map[int]said) bool {
	changed := false
	for i, p := range sayings {
		one, ok := stands[i]
		changed = changed || ok && !m.mute.parts[p.name] && !agree(p, one.facts, one.in.mute, m.line.Base, m.mute)
	}
	if !changed {
		return false
	}
	back := s.rule == oursWins || s.rule == furthestWins
	what := "it is not put back, as conflicts=" + s.rule + " asks for"
	if back {
		what = "it is put back, as conflicts=" + s.rule + " asks for"
	}
	m.item.Refs["conflict"] = "It was changed here and taken off the list at " + m.format.Title() + "; " + what + "."
	return back
}

// wholly finds what is sent for an entry that is new on the list.
func (m *member) wholly(w *work) {
	facts := m.now
	for _, other := range w.members {
		if other.there != nil {
			e := other.there.Entry.Facts
			facts.Title, facts.Total, facts.TotalVolumes = or(facts.Title, e.Title), max(facts.Total, e.Total), max(facts.TotalVolumes, e.TotalVolumes)
		}
	}
	if m.line == nil {
		m.want = m.format.Conform(m.format.Blank(m.key.Kind, m.key.NativeID, facts))
	} else {
		m.want = m.format.Conform(Entry{facts, m.ours.Native})
	}
	m.delta = m.live.Change(m.key.Kind, m.want, nil)
	m.send = !m.delta.Empty()
}
