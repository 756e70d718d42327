package pace_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/internal/testserver"
	"asapi/tasks"
	"asapi/worker/pace"
)

var ada = tasks.Lane{Provider: "anilist", Credential: "ada"}

// clocked is a pacer whose time stands still until it is moved.
type clocked struct {
	*pace.Pacer
	t     *testing.T
	redis *miniredis.Miniredis
	now   time.Time
}

func newClocked(t *testing.T) *clocked {
	t.Helper()
	c := &clocked{t: t, redis: miniredis.RunT(t), now: time.Unix(1_800_000_000, 0)}
	client := redis.NewClient(&redis.Options{Addr: c.redis.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	c.Pacer = pace.New(client)
	c.redis.SetTime(c.now)
	return c
}

func (c *clocked) pass(d time.Duration) {
	c.now = c.now.Add(d)
	c.redis.SetTime(c.now)
	c.redis.FastForward(d)
}

func (c *clocked) take(lane tasks.Lane, rates ...tasks.Rate) tasks.Leave {
	c.t.Helper()
	leave, err := c.Take(c.t.Context(), lane, rates)
	if err != nil {
		c.t.Fatal(err)
	}
	return leave
}

func (c *clocked) report(works bool) time.Duration {
	c.t.Helper()
	failing, err := c.Report(c.t.Context(), "anilist", works)
	if err != nil {
		c.t.Fatal(err)
	}
	return failing
}

func (c *clocked) hold(lane tasks.Lane, d time.Duration, reason string) {
	c.t.Helper()
	if err := c.Hold(c.t.Context(), lane, d, reason); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clocked) enter(lane tasks.Lane, holder string, most int) time.Duration {
	c.t.Helper()
	wait, err := c.Enter(c.t.Context(), lane, holder, most, time.Minute)
	if err != nil {
		c.t.Fatal(err)
	}
	return wait
}

func TestNoMinuteHasMoreRequestsThanTheRateAllows(t *testing.T) {
	c := newClocked(t)
	every := tasks.Rate{Every: 2 * time.Second}
	var sent []time.Time
	for end := c.now.Add(3 * time.Minute); c.now.Before(end); {
		if leave := c.take(ada, every); leave.Wait > 0 {
			c.pass(leave.Wait)
		} else {
			sent = append(sent, c.now)
		}
	}
	if len(sent) != 90 {
		t.Errorf("%d requests in three minutes, want 90", len(sent))
	}
	for i := 1; i < len(sent); i++ {
		if sent[i].Sub(sent[i-1]) < 2*time.Second {
			t.Fatalf("two requests within %v", sent[i].Sub(sent[i-1]))
		}
	}
}

func TestABurstGoesAtOnceAndIsPaidForAfterwards(t *testing.T) {
	c := newClocked(t)
	rate := tasks.Rate{Every: time.Second, Burst: 5}
	for i := range 5 {
		if leave := c.take(ada, rate); leave.Wait > 0 {
			t.Fatalf("request %d waits %v", i, leave.Wait)
		}
	}
	if leave := c.take(ada, rate); leave.Wait != time.Second {
		t.Errorf("the sixth waits %v, want a second", leave.Wait)
	}
}

func TestARefusedRequestIsChargedToNoRate(t *testing.T) {
	c := newClocked(t)
	mine, ours := tasks.Rate{Every: time.Second}, tasks.Rate{Every: 10 * time.Second, Wide: true}
	c.take(tasks.Lane{Provider: "anilist", Credential: "bob"}, mine, ours)
	if leave := c.take(ada, mine, ours); leave.Wait != 10*time.Second {
		t.Fatalf("the provider's rate lets another credential wait %v", leave.Wait)
	}
	if leave := c.take(ada, mine); leave.Wait > 0 {
		t.Errorf("what did not go out was charged: %v", leave.Wait)
	}
	if leave := c.take(tasks.Lane{Provider: "vndb", Credential: "ada"}, mine, ours); leave.Wait > 0 {
		t.Errorf("another provider's request waits %v", leave.Wait)
	}
}

func TestAHoldKeepsItsLaneAndNoOther(t *testing.T) {
	c := newClocked(t)
	c.hold(ada, time.Hour, "The provider asked for an hour.")
	c.hold(ada, time.Minute, "A shorter one changes nothing.")
	if leave := c.take(ada); leave.Wait != time.Hour || leave.Reason != "The provider asked for an hour." {
		t.Errorf("the leave is %+v", leave)
	}
	if leave := c.take(tasks.Lane{Provider: "anilist", Credential: "bob"}); leave.Wait > 0 {
		t.Errorf("another credential waits %v", leave.Wait)
	}
	c.hold(tasks.Lane{Provider: "anilist"}, 12*time.Hour, "Banned.")
	if leave := c.take(tasks.Lane{Provider: "anilist", Credential: "bob"}); leave.Wait != 12*time.Hour || leave.Reason != "Banned." {
		t.Errorf("the whole provider is held, and the leave is %+v", leave)
	}
	c.pass(12 * time.Hour)
	if leave := c.take(ada); leave.Wait > 0 {
		t.Errorf("after both it still waits %v", leave.Wait)
	}
}

func TestTheCircuitOpensAfterFailuresInARowAndOneRequestTriesItAgain(t *testing.T) {
	c := newClocked(t)
	for range 4 {
		c.report(false)
	}
	c.report(true)
	for range 4 {
		c.report(false)
	}
	if leave := c.take(ada); leave.Wait > 0 {
		t.Fatalf("it opened before five in a row: %+v", leave)
	}
	c.report(false)
	first := c.take(ada)
	if first.Wait != 15*time.Second || first.Reason == "" {
		t.Fatalf("after five in a row the leave is %+v", first)
	}
	c.pass(first.Wait)
	if leave := c.take(ada); leave.Wait > 0 {
		t.Fatalf("nobody may try: %+v", leave)
	}
	if leave := c.take(tasks.Lane{Provider: "anilist", Credential: "bob"}); leave.Wait == 0 {
		t.Error("two try at the same time")
	}
	if failing := c.report(false); failing < 15*time.Second {
		t.Errorf("it has been failing for %v", failing)
	}
	if leave := c.take(ada); leave.Wait <= 15*time.Second {
		t.Errorf("the second pause is %v", leave.Wait)
	}
	c.pass(10 * time.Minute)
	c.take(ada)
	c.report(true)
	if leave := c.take(tasks.Lane{Provider: "anilist", Credential: "bob"}); leave.Wait > 0 {
		t.Errorf("it works again, and the leave is %+v", leave)
	}
}

func TestALaneHasOnePlaceAndAProviderAFew(t *testing.T) {
	c := newClocked(t)
	lane := func(name string) tasks.Lane { return tasks.Lane{Provider: "anilist", Credential: name} }
	for range 2 {
		if c.enter(lane("a"), "one", 2) != 0 {
			t.Error("the holder cannot enter, or not again")
		}
	}
	if wait := c.enter(lane("a"), "two", 2); wait != time.Minute {
		t.Errorf("another waits %v", wait)
	}
	if c.enter(lane("b"), "two", 2) != 0 {
		t.Error("the second lane is not free")
	}
	if wait := c.enter(lane("c"), "three", 2); wait == 0 {
		t.Error("a third lane of two was free")
	}
	if err := c.Exit(t.Context(), lane("a"), "two"); err != nil {
		t.Fatal(err)
	}
	if c.enter(lane("a"), "two", 2) == 0 {
		t.Error("somebody else gave the place up")
	}
	if err := c.Exit(t.Context(), lane("a"), "one"); err != nil {
		t.Fatal(err)
	}
	if c.enter(lane("c"), "three", 2) != 0 {
		t.Error("the place that was given up is not free")
	}
	c.pass(time.Minute)
	if c.enter(lane("b"), "four", 2) != 0 {
		t.Error("a dead holder keeps its place")
	}
}

// The scripts must also run where they will run.
func TestTheScriptsRunOnARealRedis(t *testing.T) {
	options, err := redis.ParseURL(testserver.NewRedis(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	p := pace.New(client)
	rates := []tasks.Rate{{Every: time.Hour}, {Every: time.Millisecond, Burst: 3, Wide: true}}
	if leave, err := p.Take(t.Context(), ada, rates); err != nil || leave.Wait != 0 {
		t.Fatalf("%+v, %v", leave, err)
	}
	if leave, err := p.Take(t.Context(), ada, rates); err != nil || leave.Wait <= 59*time.Minute || leave.Wait > time.Hour {
		t.Errorf("%+v, %v", leave, err)
	}
	if wait, err := p.Enter(t.Context(), ada, "one", 1, time.Minute); err != nil || wait != 0 {
		t.Errorf("%v, %v", wait, err)
	}
	if wait, err := p.Enter(t.Context(), ada, "two", 1, time.Minute); err != nil || wait <= 50*time.Second {
		t.Errorf("%v, %v", wait, err)
	}
	if err := p.Exit(t.Context(), ada, "one"); err != nil {
		t.Error(err)
	}
	for range 6 {
		if _, err := p.Report(t.Context(), "vndb", false); err != nil {
			t.Fatal(err)
		}
	}
	if leave, err := p.Take(t.Context(), tasks.Lane{Provider: "vndb"}, nil); err != nil || leave.Wait <= 20*time.Second || leave.Reason == "" {
		t.Errorf("%+v, %v", leave, err)
	}
	if _, err := p.Report(t.Context(), "vndb", true); err != nil {
		t.Error(err)
	}
	if err := p.Hold(t.Context(), ada, 6*time.Hour, "Banned."); err != nil {
		t.Error(err)
	}
	if leave, err := p.Take(t.Context(), ada, nil); err != nil || leave.Wait <= 5*time.Hour || leave.Reason != "Banned." {
		t.Errorf("%+v, %v", leave, err)
	}
}
