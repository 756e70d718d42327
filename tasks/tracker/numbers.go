package tracker

import (
	"slices"
	"strconv"
	"strings"
)

// Numbers is a set of the numbers of episodes or chapters, from 1, as ranges in
// rising order, such as "1-12,14"; empty: none. Equal sets are equal strings,
// so that entries can be compared.
type Numbers string

// maxNumber bounds a number of an episode or a chapter.
const maxNumber = 1_000_000

// NumbersOf makes the set of the given numbers; those outside 1 to 1,000,000
// are left out.
func NumbersOf(list []int64) Numbers {
	list = slices.Clone(list)
	slices.Sort(list)
	spans := make([]span, 0, 4)
	for _, n := range list {
		if n >= 1 && n <= maxNumber {
			spans = append(spans, span{n, n})
		}
	}
	return textOf(spans)
}

// ParseNumbers reads a text such as "1-3,5"; ok is false when it is none.
func ParseNumbers(text string) (n Numbers, ok bool) {
	spans, ok := spansIn(text)
	return textOf(spans), ok
}

// Union gives the numbers of both.
func (n Numbers) Union(other Numbers) Numbers {
	if n == other || other == "" {
		return n
	}
	if n == "" {
		return other
	}
	return textOf(append(n.spans(), other.spans()...))
}

// UpTo is the set of the numbers from 1 to n; empty when n is below 1.
func UpTo(n int64) Numbers {
	if n < 1 {
		return ""
	}
	return textOf([]span{{1, min(n, maxNumber)}})
}

// Between gives the numbers from lo to hi that are in the set.
func (n Numbers) Between(lo, hi int64) Numbers {
	var spans []span
	for _, s := range n.spans() {
		if s = (span{max(s.lo, lo), min(s.hi, hi)}); s.lo <= s.hi {
			spans = append(spans, s)
		}
	}
	return textOf(spans)
}

// Without gives the numbers of the set that other does not have.
func (n Numbers) Without(other Numbers) Numbers {
	gone := other.spans()
	var spans []span
	for _, s := range n.spans() {
		for len(gone) > 0 && gone[0].hi < s.lo {
			gone = gone[1:]
		}
		for _, g := range gone {
			if g.lo > s.hi {
				break
			}
			if g.lo > s.lo {
				spans = append(spans, span{s.lo, g.lo - 1})
			}
			s.lo = g.hi + 1
		}
		if s.lo <= s.hi {
			spans = append(spans, s)
		}
	}
	return textOf(spans)
}

// Count is how many numbers the set has.
func (n Numbers) Count() int64 {
	var count int64
	for _, s := range n.spans() {
		count += s.hi - s.lo + 1
	}
	return count
}

// Has reports whether a number is in the set.
func (n Numbers) Has(number int64) bool {
	for _, s := range n.spans() {
		if s.lo <= number && number <= s.hi {
			return true
		}
	}
	return false
}

// First is the greatest number for which all from 1 are in the set.
func (n Numbers) First() int64 {
	if s := n.spans(); len(s) > 0 && s[0].lo == 1 {
		return s[0].hi
	}
	return 0
}

// All ranges over the numbers in rising order.
func (n Numbers) All(yield func(int64) bool) {
	for _, s := range n.spans() {
		for i := s.lo; i <= s.hi; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

type span struct{ lo, hi int64 }

func (n Numbers) spans() []span {
	spans, _ := spansIn(string(n))
	return spans
}

func spansIn(text string) ([]span, bool) {
	if text == "" {
		return nil, true
	}
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		lo, err := strconv.ParseInt(from, 10, 64)
		hi, err2 := strconv.ParseInt(to, 10, 64)
		if err != nil || err2 != nil || lo < 1 || hi < lo || hi > maxNumber {
			return nil, false
		}
		spans = append(spans, span{lo, hi})
	}
	return spans, true
}

// textOf joins what touches, and writes the ranges in rising order.
func textOf(spans []span) Numbers {
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo - b.lo) })
	var joined []span
	for _, s := range spans {
		if last := len(joined) - 1; last >= 0 && s.lo <= joined[last].hi+1 {
			joined[last].hi = max(joined[last].hi, s.hi)
			continue
		}
		joined = append(joined, s)
	}
	var b []byte
	for i, s := range joined {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, s.lo, 10)
		if s.hi > s.lo {
			b = append(b, '-')
			b = strconv.AppendInt(b, s.hi, 10)
		}
	}
	return Numbers(b)
}
