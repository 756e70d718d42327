package tracker

import (
	"iter"
	"math"
)

// histogramDoc is a histogram as JSON tells it; docs/services/tracker.md.
type histogramDoc struct {
	Resource   string   `json:"resource"`
	Title      string   `json:"title,omitempty"`
	Unit       string   `json:"unit"`
	Scope      string   `json:"scope"`
	Activities int64    `json:"activities"`
	Accounts   int64    `json:"accounts"`
	Length     int64    `json:"length,omitempty"`
	End        int64    `json:"end"`
	Resolution int64    `json:"resolution"`
	Peak       *stretch `json:"peak,omitempty"`
	Buckets    []bucket `json:"buckets"`
}

// stretch is the first stretch that was covered most often.
type stretch struct {
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Count int64 `json:"count"`
}

// bucket counts a part of the resource: [From, To).
type bucket struct {
	From  int64   `json:"from"`
	To    int64   `json:"to"`
	Count float64 `json:"count"` // the mean over its seconds or pages
	Peak  int64   `json:"peak"`  // the greatest count in it
}

// count fills the buckets. It holds no more than them: the steps come in rising
// order, and between two of them the count stays the same.
func (h *histogramDoc) count(steps iter.Seq2[Step, error]) error {
	h.Buckets = make([]bucket, (h.End+h.Resolution-1)/h.Resolution)
	for i := range h.Buckets {
		from := int64(i) * h.Resolution
		h.Buckets[i] = bucket{From: from, To: min(from+h.Resolution, h.End)}
	}
	var at, level int64
	for step, err := range steps {
		if err != nil {
			return err
		}
		h.add(at, step.At, level)
		at, level = step.At, level+step.Change
	}
	for i := range h.Buckets {
		b := &h.Buckets[i]
		b.Count = math.Round(b.Count/float64(b.To-b.From)*1000) / 1000
	}
	return nil
}

// add counts that [from, to) was covered so many times.
func (h *histogramDoc) add(from, to, times int64) {
	if times == 0 || from == to {
		return
	}
	switch {
	case h.Peak == nil || times > h.Peak.Count:
		h.Peak = &stretch{from, to, times}
	case times == h.Peak.Count && from == h.Peak.To:
		h.Peak.To = to
	}
	for i := from / h.Resolution; i*h.Resolution < to; i++ {
		b := &h.Buckets[i]
		b.Count += float64(times) * float64(min(to, b.To)-max(from, b.From))
		b.Peak = max(b.Peak, times)
	}
}
