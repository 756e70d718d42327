package livetest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/internal/testprovider"
	"asapi/internal/testserver"
	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/worker"
)

// newHall makes a bench with the real time, a Redis of its own, and all providers: one
// takes a request in half a second, and the others as many as come.
func newHall(t *testing.T, slow string) (*bench, map[string]*scene) {
	t.Helper()
	b := benchOn(t, &clock{}, testserver.NewRedis(t).URL(), storetest.SQLite(t))
	b.turn = 200 * time.Millisecond
	all := map[string]*scene{}
	for name, set := range scenes {
		b.rates = []tasks.Rate{{Every: time.Millisecond, Burst: 10}}
		if name == slow {
			b.rates = []tasks.Rate{{Every: 500 * time.Millisecond}}
		}
		all[name] = set(b)
		all[name].site.Limit = 0 // the rates are those of the test
	}
	return b, all
}

type deaf struct{}

func (deaf) Publish(...tasks.Event) {}

// work starts worker processes that share all but a memory.
func (b *bench) work(processes, concurrency int) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	log := slog.New(slog.DiscardHandler)
	var g errgroup.Group
	for range processes {
		queue := worker.NewQueue(worker.QueueConfig{Redis: b.redis, Log: log})
		w := worker.New(worker.Config{
			Store: b.store, Blobs: b.blobs, Sealer: b.sealer, Publisher: deaf{}, Queue: queue, Redis: b.redis,
			Concurrency: concurrency, Fetchers: 1, Log: log, Catalog: b.catalog,
		})
		g.Go(func() error { return queue.Run(ctx) })
		g.Go(func() error { return w.Run(ctx) })
	}
	b.t.Cleanup(func() {
		stop()
		b.must(g.Wait())
	})
}

// submit submits a task that the workers will find.
func (s *scene) submit(account, action string) tasks.ID {
	s.t.Helper()
	_ = s.store.RegisterAccount(s.t.Context(), tasks.Account{Client: s.client, Service: tracker.Slug, Username: account}) // it may be there
	done, err := s.store.Submit(s.t.Context(), tasks.NewTask{
		Client: s.client, Service: tracker.Slug, Action: action, Account: account, Protocol: tasks.ASStore, Priority: tasks.Default,
		MaxAttempts: 5, Values: s.with().Values,
	})
	s.must(err)
	return done.Task.ID
}

func (b *bench) task(id tasks.ID) tasks.Task {
	b.t.Helper()
	list, err := b.store.Tasks(b.t.Context(), b.client, []tasks.ID{id})
	b.must(err)
	if len(list) != 1 {
		b.t.Fatalf("task %s is not there", id)
	}
	return list[0]
}

// goOn fails unless an import from every provider but one ends well while that one's
// tasks do not.
func goOn(t *testing.T, b *bench, all map[string]*scene, but string, stuck []tasks.ID) {
	t.Helper()
	for name, s := range all {
		if name == but {
			continue
		}
		id := s.submit("alice", "import-from-provider")
		testserver.Eventually(t, 30*time.Second, func() bool { return b.task(id).State == tasks.Published }, "a task of "+name+" goes on")
	}
	for _, id := range stuck {
		if state := b.task(id).State; state.Ended() {
			t.Errorf("a task of %s is %v, and nothing was to be had from there", but, state)
		}
	}
}

func TestOthersGoOnWhileOneProviderLimitsBansOrFailsAllAlong(t *testing.T) {
	t.Parallel()
	for bad := range scenes {
		for name, trouble := range map[string]testprovider.Trouble{"limits": testprovider.Limited, "fails": testprovider.Broken} {
			t.Run(bad+" "+name, func(t *testing.T) {
				t.Parallel()
				b, all := newHall(t, "")
				s := all[bad]
				s.site.SetPlan(func(int, *http.Request) testprovider.Trouble { return trouble })
				var stuck []tasks.ID
				for _, who := range []string{"alice", "carol", "dave"} {
					s.sign(who, s.provider, s.stored())
					stuck = append(stuck, s.submit(who, "import-from-provider"))
				}
				b.work(2, 2)
				goOn(t, b, all, bad, stuck)
				for _, id := range stuck {
					testserver.Eventually(t, 30*time.Second, func() bool { task := b.task(id); why, _ := task.Waits(); return why != "" }, "the task says what it waits for")
					task := b.task(id)
					if why, _ := task.Waits(); !strings.Contains(why, tracker.Titles[s.provider]) || task.Tries > 1 {
						t.Errorf("it waits for %q, after %d tries", why, task.Tries)
					}
				}
			})
		}
	}
}

func TestATaskThatWaitsForItsProvidersPaceLeavesItsPlaceToOthers(t *testing.T) {
	t.Parallel()
	b, all := newHall(t, "vndb")
	slow := all["vndb"]
	slow.fill(1000) // ten pages, half a second each
	stuck := slow.submit("alice", "import-from-provider")
	b.work(1, 1)
	testserver.Eventually(t, 30*time.Second, func() bool { return slow.site.Requests() > 0 }, "the only place is taken")
	goOn(t, b, map[string]*scene{"myanimelist": all["myanimelist"]}, "vndb", []tasks.ID{stuck})
	testserver.Eventually(t, time.Minute, func() bool { return b.task(stuck).State == tasks.Published }, "the task that gave its place away ends")
	if task := b.task(stuck); task.Tries != 1 || task.Items.Done() != 1010 {
		t.Errorf("it took %d tries for %d entries", task.Tries, task.Items.Done())
	}
}
