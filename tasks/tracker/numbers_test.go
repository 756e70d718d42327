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

func TestTextsThatAreNoNumbersAreRefused(t *testing.T) {
	for _, text := range []string{"0", "a", "3-1", "1-", "-1", "1,,2", "1-99999999999"} {
		if n, ok := tracker.ParseNumbers(text); ok {
			t.Errorf("%q is read as %q", text, n)
		}
	}
}
