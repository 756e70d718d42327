package throttle_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"asapi/internal/throttle"
)

// taken counts the tokens that can be had at this moment.
func taken(th *throttle.Throttle, key string, perSecond float64) int {
	n := 0
	for th.Take(key, perSecond) == 0 {
		n++
	}
	return n
}

func TestABucketHoldsASecondAndRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := throttle.New()
		if n := taken(th, "a", 10); n != 10 {
			t.Errorf("%d at first, not 10", n)
		}
		if n := taken(th, "b", 2.5); n != 3 {
			t.Errorf("%d of another key, not 3", n)
		}
		wait := th.Take("a", 10)
		if wait != 100*time.Millisecond {
			t.Errorf("the wait is %v, not 100ms", wait)
		}
		<-time.After(wait)
		if n := taken(th, "a", 10); n != 1 {
			t.Errorf("%d after the wait, not 1", n)
		}
		<-time.After(time.Hour)
		if n := taken(th, "a", 10); n != 10 {
			t.Errorf("%d after an hour, not 10", n)
		}
	})
}

func TestASlowRateStillLetsOneThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := throttle.New()
		if n := taken(th, "a", 0.1); n != 1 {
			t.Errorf("%d at first", n)
		}
		if wait := th.Take("a", 0.1); wait != 10*time.Second {
			t.Errorf("the wait is %v", wait)
		}
		if wait := th.Take("b", 1e-300) + th.Take("b", 1e-300); wait <= 0 {
			t.Errorf("the wait is %v", wait)
		}
	})
}

func TestAChangedRateHoldsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := throttle.New()
		taken(th, "a", 1)
		<-time.After(time.Second)
		th.Take("a", 100) // one token was there
		<-time.After(time.Second)
		if n := taken(th, "a", 100); n != 100 {
			t.Errorf("%d after a second at the new rate", n)
		}
	})
}

func TestNoRateIsNoLimit(t *testing.T) {
	th := throttle.New()
	for range 1000 {
		if th.Take("a", 0) != 0 {
			t.Fatal("limited")
		}
	}
	if th.Len() != 0 {
		t.Error("the key is remembered")
	}
}

func TestIdleKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := throttle.New()
		for i := range 50_000 {
			th.Take(strconv.Itoa(i), 5)
			if i%1000 == 0 {
				<-time.After(time.Second)
			}
		}
		if n := th.Len(); n > 5000 {
			t.Errorf("%d keys are remembered", n)
		}
	})
}
