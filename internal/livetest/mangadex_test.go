package livetest

import (
	"fmt"

	fake "asapi/internal/testprovider/mangadex"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangadex"
)

// dexID is the id of a title, and dexChapter that of a chapter of one in a translation.
func dexID(title int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", title) }

func dexChapter(title, number int, language string) string {
	return fmt.Sprintf("00000000-0000-4000-%x-%04d%08d", language[:2], title, number)
}

func dexKey(title int) string { return "mangadex:manga:" + dexID(title) }

// dexChapters are the first chapters of a title in some languages.
func dexChapters(title, count int, languages ...string) (all []fake.Chapter) {
	for n := range count {
		for _, language := range languages {
			all = append(all, fake.Chapter{ID: dexChapter(title, n+1, language), Number: fmt.Sprint(n + 1), Language: language})
		}
	}
	return all
}

// dexRead are the ids of some chapters.
func dexRead(title int, language string, numbers ...int) (ids []string) {
	for _, n := range numbers {
		ids = append(ids, dexChapter(title, n, language))
	}
	return ids
}

// dexStage is MangaDex with its users.
type dexStage struct {
	*scene
	site       *fake.Provider
	alice, bob *fake.User
}

func dexCredentials(u *fake.User) tracker.Credentials {
	return tracker.Credentials{"username": u.Name, "password": u.Password, "client_id": u.Client, "client_secret": u.Secret}
}

func newMangaDex(b *bench) *dexStage {
	d := &dexStage{scene: &scene{bench: b}, site: fake.New()}
	d.site.Now = d.clock.Now
	cfg := d.serve(d.site.Handler(), mangadex.Rates)
	cfg.Bases = []string{cfg.Bases[0], cfg.Bases[0] + fake.SignIn}
	adapter, err := mangadex.NewLive(cfg)
	d.must(err)
	d.offer(adapter)
	d.alice, d.bob = d.site.Add("alice", "swordfish of alice"), d.site.Add("bob", "swordfish of bob")
	odd := append(dexChapters(1, 5, "en", "fr"),
		fake.Chapter{ID: dexChapter(1, 90, "en"), Number: "10.5", Language: "en"}, fake.Chapter{ID: dexChapter(1, 91, "en"), Language: "en"},
		fake.Chapter{ID: dexChapter(1, 92, "en"), Number: "4", Language: "en", Gone: true})
	d.site.Put(d.alice, dexID(1), fake.Title{Name: "Made Up 1", Links: map[string]string{"al": "7", "raw": "https://x.test/?a=b"}, Chapters: odd},
		&fake.Entry{Status: "reading", Rating: 8, Read: append(dexRead(1, "fr", 3, 1), dexRead(1, "en", 1, 2, 90, 91)...)})
	d.site.Put(d.alice, dexID(2), fake.Title{Name: "Made Up 2", Links: map[string]string{}, Chapters: dexChapters(2, 12, "en")}, &fake.Entry{Status: "completed", Rating: 10, Read: dexRead(2, "en", 12, 11, 3)})
	d.site.Put(d.alice, dexID(3), fake.Title{Name: "Made Up 3", Adult: true, Chapters: dexChapters(3, 2, "es")}, &fake.Entry{Status: "dropped", Read: dexRead(3, "es", 1, 2)})
	d.site.Put(d.alice, dexID(4), fake.Title{Name: "Made Up 4"}, &fake.Entry{Status: "on_hold", Rating: 1})
	d.site.Put(d.alice, dexID(5), fake.Title{Name: "Made Up 5", Chapters: dexChapters(5, 3, "en")}, &fake.Entry{Status: "plan_to_read"})
	d.site.Put(d.alice, dexID(6), fake.Title{Name: "Made Up 6"}, &fake.Entry{Status: "re_reading"})
	// What is read and rated of a title that is on no list is no entry.
	d.site.Put(d.alice, dexID(7), fake.Title{Name: "Made Up 7", Chapters: dexChapters(7, 3, "en")}, &fake.Entry{Rating: 3, Read: dexRead(7, "en", 1)})
	d.sign("alice", tracker.MangaDex, dexCredentials(d.alice))
	return d
}

func mangadexScene(b *bench) *scene {
	d := newMangaDex(b)
	s := d.scene
	s.site, s.provider, s.kinds, s.dateless, s.pace = &d.site.Gate, tracker.MangaDex, []tracker.Kind{tracker.Manga}, true, mangadex.Rates[0].Every
	s.bob, s.secrets = dexCredentials(d.bob), []string{"swordfish", "access-", "again-", "client of"}
	s.counts = "6 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
	s.finished, s.begun, s.strange = dexKey(1), dexKey(5), "graphicNovels/of-nobody"
	s.facts = map[string]tracker.Facts{
		dexKey(1): {Title: "Made Up 1", Status: tracker.Watching, Progress: 3, Seen: "1-3", Score: 80},
		dexKey(2): {Title: "Made Up 2", Status: tracker.Done, Progress: 3, Seen: "3,11-12", Score: 100},
		dexKey(3): {Title: "Made Up 3", Status: tracker.Dropped, Progress: 2, Seen: "1-2"},
		dexKey(4): {Title: "Made Up 4", Status: tracker.Paused, Score: 10},
		dexKey(5): {Title: "Made Up 5", Status: tracker.PlannedTo},
		dexKey(6): {Title: "Made Up 6", Status: tracker.Done, Repeating: true},
	}
	s.writes = func() map[string]int {
		out := map[string]int{}
		for id, n := range d.site.Writes() {
			out["mangadex:manga:"+id] = n
		}
		return out
	}
	s.list = func(who string) map[string]any {
		out := map[string]any{}
		for id, e := range d.site.List(map[string]*fake.User{"alice": d.alice, "bob": d.bob}[who]) {
			out["mangadex:manga:"+id] = []any{e.Status, e.Rating, e.Read}
		}
		return out
	}
	s.fill = func(n int) {
		for id := range n {
			d.site.Put(d.alice, dexID(1000+id), fake.Title{Name: "Filled"}, &fake.Entry{Status: "completed"})
		}
	}
	s.revoke = func() { d.site.Revoke(d.alice) }
	return s
}
