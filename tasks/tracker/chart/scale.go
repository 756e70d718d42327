package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unit is what the x axis of a histogram counts.
type Unit int

// The units.
const (
	Seconds Unit = iota
	Pages
)

// name gives the word for the axis.
func (u Unit) name() string {
	if u == Pages {
		return "page"
	}
	return "time"
}

// Label writes a place on the axis: a page, or m:ss, or h:mm:ss.
func (u Unit) Label(v int64) string {
	switch {
	case u == Pages:
		return Count(v)
	case v < 3600:
		return fmt.Sprintf("%d:%02d", v/60, v%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", v/3600, v/60%60, v%60)
}

// clockSteps are the distances of ticks that read well as times, in seconds.
var clockSteps = []int64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400}

// step gives the distance of ticks on an axis from 0 to end, about n of them.
func (u Unit) step(end int64, n int) int64 {
	if u == Seconds {
		for _, s := range clockSteps {
			if end <= s*int64(n) {
				return s
			}
		}
		return 86400 * roundStep(float64(end)/86400/float64(n))
	}
	return roundStep(float64(end) / float64(n))
}

// roundStep gives the next 1, 2 or 5 times a power of ten, at least 1.
func roundStep(v float64) int64 {
	if v <= 1 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5, 10} {
		if v <= f*power {
			return int64(f * power)
		}
	}
	return int64(10 * power)
}

// ticks gives about n round values from 0 that reach or pass the greatest value.
func ticks(greatest float64, n int) (step, end int64) {
	step = roundStep(greatest / float64(n))
	end = step * int64(math.Ceil(max(greatest, 1)/float64(step)))
	return step, end
}

// Count writes a number with its thousands apart, such as 12,345.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// Decimal writes a number with its thousands apart and at most one decimal.
func Decimal(v float64) string {
	whole := math.Floor(v)
	tenth := int64(math.Round((v - whole) * 10))
	if tenth == 10 {
		whole, tenth = whole+1, 0
	}
	if tenth == 0 {
		return Count(int64(whole))
	}
	return Count(int64(whole)) + "." + strconv.FormatInt(tenth, 10)
}

// short writes a count in the room that an axis has, such as 2.5M.
func short(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1_000_000_000, "G"}, {1_000_000, "M"}, {1_000, "k"}} {
		if n >= 100_000 && n >= u.size {
			return strconv.FormatFloat(float64(n)/float64(u.size), 'f', -1, 64) + u.name
		}
	}
	return Count(n)
}
