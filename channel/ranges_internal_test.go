package channel

import (
	"testing"

	"pgregory.net/rapid"
)

func TestRangesCoverExactlyWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 30
		var got rangeSet
		var want [size]bool
		for range rapid.IntRange(0, 12).Draw(t, "ranges") {
			from := rapid.Int64Range(0, size).Draw(t, "from")
			to := rapid.Int64Range(0, size).Draw(t, "to")
			got = got.with(span{from, to})
			for i := from; i < to; i++ {
				want[i] = true
			}
		}
		all := true
		for _, in := range want {
			all = all && in
		}
		for i, s := range got {
			if s.from >= s.to || i > 0 && got[i-1].to >= s.from {
				t.Fatalf("not in order: %v", got)
			}
			for j := s.from; j < s.to; j++ {
				if !want[j] {
					t.Fatalf("%d was never added: %v", j, got)
				}
				want[j] = false
			}
		}
		for i, left := range want {
			if left {
				t.Fatalf("%d is missing: %v", i, got)
			}
		}
		if got.covers(size) != all {
			t.Fatalf("covers is %v: %v", !all, got)
		}
	})
}

func FuzzAnEnvelopeOfAStrangerNeverHurts(f *testing.F) {
	f.Add([]byte(`{"o":"a","e":[{"t":"0198c0de-0000-7000-8000-000000000000","c":1,"e":4}]}`))
	f.Add([]byte(`{"e":[{"e":200}],"w":["x"],"l":true,"later":{}}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		env, err := decodeEnvelope(b)
		if err != nil {
			return
		}
		var w watchers
		w.init()
		w.tell(env.Events)
	})
}
