package livetest

import (
	"fmt"
	"strconv"
	"time"

	fake "asapi/internal/testprovider/anidb"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
)

func anidbKey(id int64) string { return "anidb:anime:" + strconv.FormatInt(id, 10) }

// anidbStage is AniDB with its users.
type anidbStage struct {
	*scene
	site       *fake.Provider
	alice, bob *fake.User
}

const anidbPassword = "sword&fish=of"

// episodes names the first n regular episodes, and others.
func episodes(n int, others ...string) (list []string) {
	for i := range n {
		list = append(list, strconv.Itoa(i+1))
	}
	return append(list, others...)
}

func newAniDB(b *bench, change ...func(*anidb.Options)) *anidbStage {
	a := &anidbStage{scene: &scene{bench: b}, site: fake.New()}
	a.site.Now = a.clock.Now
	cfg := a.serve(a.site.Handler(), anidb.Rates)
	cfg.Bases[0] += "/httpapi"
	registered := anidb.Client{Name: fake.Client, Version: fake.Version}
	o := anidb.Options{Client: registered, Datagrams: registered, ListsPerDay: 4, Cache: a.cache}
	o.Dial, o.Alarm = a.port(&a.site.Gate, a.site.Serve)
	for _, f := range change {
		f(&o)
	}
	adapter, err := anidb.NewLive(cfg, o)
	a.must(err)
	b.t.Cleanup(adapter.Close)
	a.offer(adapter)
	a.alice, a.bob = a.site.Add("alice", anidbPassword+"alice"), a.site.Add("bob", anidbPassword+"bob")
	a.sign("alice", tracker.AniDB, tracker.Credentials{"username": "alice", "password": anidbPassword + "alice"})
	b.t.Cleanup(func() {
		hasty, ports, _ := a.site.Manners()
		if fast, early := a.site.Violations(); hasty != 0 || fast != 0 || early != 0 {
			b.t.Errorf("%d datagrams came less than two seconds after another, %d requests too fast, %d before a wait was over", hasty, fast, early)
		}
		if ports > 1 {
			b.t.Errorf("datagrams came from %d ports", ports)
		}
	})
	return a
}

func instant(text string) int64 {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0
	}
	return at.Unix()
}

// watched puts episodes on alice's list that were watched on a day.
func (a *anidbStage) watched(aid int64, day string, numbers ...string) {
	for _, no := range numbers {
		a.site.Put(a.alice, fake.Item{AID: aid, No: no, State: 1, Viewed: instant(day)})
	}
}

func anidbScene(b *bench) *scene { return newAniDBScene(b).scene }

func newAniDBScene(b *bench) *anidbStage {
	a := newAniDB(b)
	s := a.scene
	a.site.Lasts = 15
	for id, list := range map[int64][]string{1: episodes(12, "S1"), 2: episodes(4, "S1", "C1"), 3: episodes(2), 4: episodes(26), 5: episodes(13), 6: episodes(7), 7: episodes(1, "S1", "S2")} {
		a.site.Know(fake.Anime{ID: id, Title: "Made <Up> & " + strconv.FormatInt(id, 10), Ended: id != 6, Episodes: list})
	}
	a.watched(1, "2024-05-17", "1")
	a.watched(1, "2024-05-18", "2", "3")
	a.site.Put(a.alice, fake.Item{AID: 1, No: "4", State: 2})
	a.watched(2, "2021-01-01", "1", "2", "3", "S1")
	a.watched(2, "2021-12-24", "4")
	a.watched(3, "2022-02-02", "1", "2")
	a.site.Put(a.alice, fake.Item{AID: 3, No: "1", State: 3})
	a.watched(4, "2023-03-03", "1", "3")
	a.site.Put(a.alice, fake.Item{AID: 5, No: "1", State: 1})
	a.watched(6, "2023-04-04", "1", "2")
	a.watched(7, "2023-05-05", "S1")
	a.alice.Votes[1], a.alice.Votes[2], a.alice.Temp[6] = 850, 1000, 700

	s.site, s.provider, s.kinds, s.pace = &a.site.Gate, tracker.AniDB, []tracker.Kind{tracker.Anime}, anidb.Rates[0].Every
	s.bob, s.secrets = tracker.Credentials{"username": "bob", "password": anidbPassword + "bob"}, []string{anidbPassword, "sword&amp;fish", "sword%26fish", "Qxkey"}
	s.large = 500
	s.counts = "7 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
	s.finished, s.begun, s.strange = anidbKey(1), anidbKey(5), "animes/of-nobody"
	on := func(y, m, d int) tracker.Date { return tracker.Date{Year: y, Month: m, Day: d} }
	s.facts = map[string]tracker.Facts{
		anidbKey(1): {Title: "Made <Up> & 1", Status: tracker.Watching, Progress: 3, Seen: "1-3", Total: 12, Score: 85, Start: on(2024, 5, 17)},
		anidbKey(2): {Title: "Made <Up> & 2", Status: tracker.Done, Progress: 4, Seen: "1-4", Total: 4, Score: 100, Start: on(2021, 1, 1), Finish: on(2021, 12, 24)},
		anidbKey(3): {Title: "Made <Up> & 3", Status: tracker.Done, Progress: 2, Seen: "1-2", Total: 2, Start: on(2022, 2, 2), Finish: on(2022, 2, 2)},
		anidbKey(4): {Title: "Made <Up> & 4", Status: tracker.Watching, Progress: 2, Seen: "1,3", Total: 26, Start: on(2023, 3, 3)},
		anidbKey(5): {Title: "Made <Up> & 5", Status: tracker.PlannedTo, Total: 13},
		anidbKey(6): {Title: "Made <Up> & 6", Status: tracker.Watching, Progress: 2, Seen: "1-2", Total: 7, Score: 70, Start: on(2023, 4, 4)},
		anidbKey(7): {Title: "Made <Up> & 7", Status: tracker.PlannedTo, Total: 1},
	}
	s.begins = func() {
		s.do("alice", "import-trackers", withFile(args("provider", "anidb"), `<MyList><Anime Id="5" Eps="13">
			<Ep EpNo="1" StateIsWatched="1"><File ViewDate="2025-01-02T00:00:00Z"/></Ep><Ep EpNo="2" StateIsWatched="1"/></Anime></MyList>`))
	}
	s.writes = func() map[string]int {
		out := map[string]int{}
		for id, n := range a.site.Writes() {
			out[anidbKey(id)] = n
		}
		return out
	}
	s.list = func(who string) map[string]any {
		out, u := map[string]any{}, map[string]*fake.User{"alice": a.alice, "bob": a.bob}[who]
		votes, temp := a.site.Voted(u)
		for id, list := range a.site.List(u) {
			seen := map[string]string{}
			for no, i := range list {
				if seen[no] = time.Unix(i.Viewed, 0).UTC().Format(time.DateOnly); i.Viewed > instant("2026-01-01") {
					seen[no] = "during the test"
				}
			}
			out[anidbKey(id)] = []any{seen, max(votes[id], temp[id])}
		}
		return out
	}
	s.fill = func(n int) {
		for i := range int64(n) {
			all := episodes(3)
			if n == s.large {
				all = episodes(11_000 / n)
			}
			a.site.Know(fake.Anime{ID: 1000 + i, Title: fmt.Sprint("Filled ", i), Ended: true, Episodes: all})
			a.watched(1000+i, "2024-01-01", all...)
		}
	}
	s.revoke = func() { a.site.Revoke(a.alice) }
	return a
}
