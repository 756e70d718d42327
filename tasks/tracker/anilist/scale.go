package anilist

import (
	"math"
	"slices"
	"strconv"

	"asapi/tasks/tracker/listfile"
)

// scale is a format in which a user of the site sees scores. The site itself
// keeps 0 to 100; 0 is no score in all of them.
type scale struct {
	name string
	top  float64 // the greatest score
	// raw is by*score + plus, out of 100.
	by, plus float64
	step     float64 // between two scores
}

// scales are the formats, from the narrowest to the widest. Stars and smileys
// stand for the middle of the part of 100 that they cover.
var scales = []scale{
	{"POINT_3", 3, 25, 10, 1},
	{"POINT_5", 5, 20, -10, 1},
	{"POINT_10", 10, 10, 0, 1},
	{"POINT_10_DECIMAL", 10, 10, 0, 0.1},
	pointHundred,
}

var pointHundred = scale{"POINT_100", 100, 1, 0, 1}

// scaleNamed finds a format by its name in JSON.
func scaleNamed(value string) (scale, bool) {
	name, _ := listfile.Text(value)
	i := slices.IndexFunc(scales, func(s scale) bool { return s.name == name })
	if i < 0 {
		return scale{}, false
	}
	return scales[i], true
}

// raw gives the score out of 100; ok is false when the score is none of the
// scale.
func (s scale) raw(score float64) (raw int64, ok bool) {
	if score == 0 {
		return 0, true
	}
	if score < 0 || score > s.top || math.IsNaN(score) {
		return 0, false
	}
	return max(1, int64(math.Round(s.by*score+s.plus))), true
}

// of gives the score that raw is in the scale, as JSON; ok is false when it
// falls between two.
func (s scale) of(raw int64) (score string, ok bool) {
	if raw == 0 {
		return "0", true
	}
	v := math.Round((float64(raw)-s.plus)/s.by/s.step) * s.step
	back, ok := s.raw(v)
	digits := 0
	if s.step < 1 {
		digits = 1
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if v == math.Trunc(v) {
		text = strconv.FormatFloat(v, 'f', 0, 64)
	}
	return text, ok && back == raw && v > 0
}

// few is how many scores a list needs before they tell that its format is
// another one than it says.
const few = 3

// scaleOf decides in which format a file's scores are. A tool may have asked
// for another one than the user's, which is the one a file names: scores above
// its greatest, or no score above 10 in a list that is said to be out of 100,
// give that away. Files that name none are out of 10 or of 100.
func scaleOf(said string, top float64, scores int) scale {
	s, known := scaleNamed(said)
	switch {
	case !known && top <= 10, known && s.top == 100 && top <= 10 && scores >= few:
		s, _ = scaleNamed(`"POINT_10_DECIMAL"`)
		if !known {
			return s
		}
	case !known:
		return pointHundred
	}
	for _, wider := range scales {
		if top > s.top && wider.top > s.top {
			s = wider
		}
	}
	return s
}
