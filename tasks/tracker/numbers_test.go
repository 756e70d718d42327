package tracker_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"asapi/tasks/tracker"
)

func TestNumbersAreASetWhateverTheirOrder(t *testing.T) {
	numbers := rapid.SliceOf(rapid.Int64Range(1, 60))
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		want := slices.Sorted(slices.Values(slices.Concat(a, b)))
		want = slices.Compact(want)
		got := tracker.NumbersOf(a).Union(tracker.NumbersOf(b))
		if all := slices.Collect(got.All); !slices.Equal(all, want) {
			t.Fatalf("%q holds %v, not %v", got, all, want)
		}
		if got.Count() != int64(len(want)) || got != tracker.NumbersOf(want) {
			t.Fatalf("%q of %v", got, want)
		}
		first := int64(0)
		for slices.Contains(want, first+1) {
			first++
		}
		if got.First() != first {
			t.Fatalf("%q begins with all up to %d, not %d", got, first, got.First())
		}
		if again, ok := tracker.ParseNumbers(string(got)); !ok || again != got {
			t.Fatalf("%q is read as %q", got, again)
		}
	})
}

func TestNumbersAreCutAndTakenAway(t *testing.T) {
	numbers := rapid.SliceOf(rapid.Int64Range(1, 40))
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		lo, hi := rapid.Int64Range(0, 40).Draw(t, "lo"), rapid.Int64Range(0, 45).Draw(t, "hi")
		set, other := tracker.NumbersOf(a), tracker.NumbersOf(b)
		for n := int64(1); n <= 45; n++ {
			in, gone := slices.Contains(a, n), slices.Contains(b, n)
			if set.Has(n) != in {
				t.Fatalf("%q has %d: %v", set, n, !in)
			}
			if left := set.Without(other); left.Has(n) != (in && !gone) {
				t.Fatalf("%q without %q is %q", set, other, left)
			}
			if cut := set.Between(lo, hi); cut.Has(n) != (in && lo <= n && n <= hi) {
				t.Fatalf("%q between %d and %d is %q", set, lo, hi, cut)
			}
			if first := tracker.UpTo(hi); first.Has(n) != (n <= hi) {
				t.Fatalf("the first %d are %q", hi, first)
			}
		}
	})
}

func TestTextsThatAreNoNumbersAreRefused(t *testing.T) {
	for _, text := range []string{"0", "a", "3-1", "1-", "-1", "1,,2", "1-99999999999"} {
		if n, ok := tracker.ParseNumbers(text); ok {
			t.Errorf("%q is read as %q", text, n)
		}
	}
}
