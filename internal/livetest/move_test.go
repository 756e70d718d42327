package livetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	fakeanilist "asapi/internal/testprovider/anilist"
	fakemal "asapi/internal/testprovider/myanimelist"
	fakevndb "asapi/internal/testprovider/vndb"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/myanimelist"
	"asapi/tasks/tracker/vndb"
)

// likeVNDB is a provider with the API of VNDB whose list holds anime. No public table
// relates anime to visual novels; the client of the test brings one of its own.
type likeVNDB struct{ tracker.Live }

type likeVNDBFormat struct{ tracker.Format }

type likeVNDBList struct{ tracker.LiveList }

func (l likeVNDB) Format() tracker.Format { return likeVNDBFormat{l.Live.Format()} }

func (l likeVNDB) Open(ctx context.Context, access *tracker.Access) (tracker.LiveList, error) {
	list, err := l.Live.Open(ctx, access)
	return likeVNDBList{list}, err
}

func (l likeVNDB) Change(_ tracker.Kind, want tracker.Entry, have *tracker.Entry) tracker.Change {
	return l.Live.Change(tracker.VisualNovel, want, have)
}

func (likeVNDBFormat) Kinds() []tracker.Kind { return []tracker.Kind{tracker.Anime} }

func (f likeVNDBFormat) Blank(_ tracker.Kind, id string, facts tracker.Facts) tracker.Entry {
	return f.Format.Blank(tracker.VisualNovel, id, facts)
}

func ofKind(key tracker.RecordKey, kind tracker.Kind) tracker.RecordKey {
	key.Kind = kind
	return key
}

func (l likeVNDBList) Page(ctx context.Context, _ tracker.Kind, cursor string) (tracker.LivePage, error) {
	page, err := l.LiveList.Page(ctx, tracker.VisualNovel, cursor)
	for i := range page.Rows {
		page.Rows[i].Key = ofKind(page.Rows[i].Key, tracker.Anime)
	}
	return page, err
}

func (l likeVNDBList) Find(ctx context.Context, key tracker.RecordKey) (tracker.Row, bool, error) {
	row, there, err := l.LiveList.Find(ctx, ofKind(key, tracker.VisualNovel))
	row.Key = key
	return row, there, err
}

func (l likeVNDBList) Write(ctx context.Context, key tracker.RecordKey, c tracker.Change, want tracker.Entry) (tracker.Entry, error) {
	return l.LiveList.Write(ctx, ofKind(key, tracker.VisualNovel), c, want)
}

func (l likeVNDBList) Delete(ctx context.Context, key tracker.RecordKey) error {
	return l.LiveList.Delete(ctx, ofKind(key, tracker.VisualNovel))
}

// onAniList is added to an id of MyAnimeList for that at AniList.
const onAniList = 10_000

// mover is a bench with three providers that have the same works under other ids;
// alice has a list at MyAnimeList only, and bob has empty ones.
type mover struct {
	*bench
	mal          *fakemal.Provider
	anilist      *fakeanilist.Provider
	vndb         *fakevndb.Provider
	malAlice     *fakemal.User
	malBob       *fakemal.User
	anilistAlice *fakeanilist.User
	vndbAlice    *fakevndb.User
	// How many anime the list of MyAnimeList has, and how many of them the others.
	moved, atAniList, atVNDB int
}

func newMover(t *testing.T, n int) *mover {
	t.Helper()
	m := &mover{moved: n, atAniList: n - 10, atVNDB: n - 20, bench: newBench(t), mal: fakemal.New(), anilist: fakeanilist.New(), vndb: fakevndb.New()}
	m.mal.Now, m.anilist.Now, m.vndb.Now = m.clock.Now, m.clock.Now, m.clock.Now
	mal := m.serve(m.mal.Handler(), myanimelist.Rates)
	mal.Bases = []string{mal.Bases[0] + "/v2", mal.Bases[0] + "/v1/oauth2"}
	one, err := myanimelist.NewLive(mal, myanimelist.Application{ID: fakemal.ClientID})
	m.must(err)
	list := m.serve(m.anilist.Handler(), anilist.Rates)
	list.Bases = append(list.Bases, list.Bases[0]+"/api/v2/oauth")
	two, err := anilist.NewLive(list, anilist.Application{ID: fakeanilist.ClientID, Secret: fakeanilist.ClientSecret})
	m.must(err)
	three, err := vndb.NewLive(m.serve(m.vndb.Handler(), vndb.Rates))
	m.must(err)
	m.offer(one, two, likeVNDB{three})

	var access, refresh string
	m.malAlice, access, refresh = m.mal.Add("alice")
	m.sign("alice", tracker.MyAnimeList, tracker.Credentials{"token": access, "refresh_token": refresh})
	m.malBob, access, refresh = m.mal.Add("bob")
	m.sign("bob", tracker.MyAnimeList, tracker.Credentials{"token": access, "refresh_token": refresh})
	m.anilistAlice = m.anilist.Add("token of alice", &fakeanilist.User{Name: "alice"})
	m.sign("alice", tracker.AniList, tracker.Credentials{"token": "token of alice"})
	m.vndbAlice = m.vndb.Add("vndb of alice", "u1")
	catalogue := m.vndb.Add("vndb of nobody", "u2")
	for _, account := range []string{"alice", "bob"} { // bob is who takes the list back
		m.sign(account, tracker.VNDB, tracker.Credentials{"token": "vndb of alice"})
	}
	var same strings.Builder
	for id := 1; id <= m.moved; id++ {
		m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: id, Title: fmt.Sprint("Made Up ", id), Total: 12}, entryOf(id))
		names := []string{fmt.Sprintf(`"namespaces/myanimelist-net/animes/%d"`, id)}
		if id <= m.atAniList {
			m.anilist.Media[onAniList+id] = &fakeanilist.Media{ID: onAniList + id, Type: "ANIME", Format: "TV", Title: fmt.Sprint("Made Up ", id), Episodes: 12}
			names = append(names, fmt.Sprintf(`"namespaces/anilist-co/animes/%d"`, onAniList+id))
		}
		if id <= m.atVNDB {
			m.vndb.Put(catalogue, int64(id), fmt.Sprint("Made Up ", id), fakevndb.Entry{Labels: []int64{5}})
			names = append(names, fmt.Sprintf(`"namespaces/vndb-org/animes/v%d"`, id))
		}
		if len(names) > 1 {
			fmt.Fprintf(&same, "{\"same\": [%s]}\n", strings.Join(names, ","))
		}
	}
	_, err = m.finish(m.begin("alice", "load-references"), withFile(args(), same.String()))
	m.must(err)
	return m
}

// entryOf makes an entry of every kind, by turns.
func entryOf(id int) fakemal.Entry {
	switch id % 5 {
	case 1:
		return fakemal.Entry{Status: "watching", Progress: id%11 + 1, Score: id%10 + 1, Start: "2024-03-05"}
	case 2:
		return fakemal.Entry{Status: "completed", Progress: 12, Score: id%10 + 1, Start: "2021-01-02", Finish: "2021-12-24", Comments: "Seen with <friends>"}
	case 3:
		return fakemal.Entry{Status: "on_hold", Progress: 3}
	case 4:
		return fakemal.Entry{Status: "dropped", Progress: 2, Start: "2020-05"}
	}
	return fakemal.Entry{Status: "plan_to_watch"}
}

func TestAListOfAThousandMovesFromProviderToProviderAndBackWithEveryEntryAccountedFor(t *testing.T) {
	t.Parallel()
	m := newMover(t, 1000)
	began := m.mal.List(m.malAlice, "anime")

	in := m.do("alice", "import-from-provider", args("provider", "myanimelist", "kind", "anime"))
	if in.Created != m.moved || in.Total != m.moved {
		t.Fatalf("imported: %s", in.counts())
	}
	second := m.do("alice", "sync-with-provider", args("provider", "anilist", "kind", "anime"))
	if second.Created != m.atAniList || second.Skipped != m.moved-m.atAniList || second.Total != m.moved || len(m.anilist.List(m.anilistAlice, "ANIME")) != m.atAniList {
		t.Fatalf("to AniList: %s", second.counts())
	}
	third := m.do("alice", "export-to-provider", args("provider", "vndb"))
	if third.Created != m.atVNDB || third.Skipped != m.moved-m.atVNDB || third.Total != m.moved || len(m.vndb.List(m.vndbAlice)) != m.atVNDB {
		t.Fatalf("to the provider like VNDB: %s", third.counts())
	}

	// Back, for somebody who has nothing but that list.
	home := m.do("bob", "sync-with-provider", args("provider", "vndb", "with", "myanimelist"))
	if home.Created != 2*m.atVNDB || home.Total != 2*m.atVNDB || home.Conflicts != 0 {
		t.Fatalf("back: %s", home.counts())
	}
	back := m.mal.List(m.malBob, "anime")
	for id, want := range began {
		if id > m.atVNDB {
			continue
		}
		got := back[id]
		// What the provider like VNDB has no words for is lost to who has only its list.
		want.Progress, got.Progress = 0, 0
		if len(want.Start) < len("2020-05-01") {
			want.Start = ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entry %d (-began +came back):\n%s", id, diff)
		}
	}

	// And for who still has the first list, nothing became less.
	if r := m.do("alice", "sync-with-provider", args("provider", "vndb", "with", "myanimelist")); r.Created+r.Updated+r.Failed+r.Conflicts != 0 || r.Unchanged != m.atVNDB+m.moved || r.Skipped != m.moved-m.atVNDB {
		t.Errorf("brought together in the end: %s", r.counts())
	}
	if diff := cmp.Diff(began, m.mal.List(m.malAlice, "anime")); diff != "" {
		t.Errorf("the first list (-began +ended):\n%s", diff)
	}
	m.secretless([]string{"vndb of alice", "token of alice", "access-alice"}, in.raw, second.raw, third.raw, home.raw)
}

func TestTwoProvidersComeToHaveTheSame(t *testing.T) {
	t.Parallel()
	m := newMover(t, 100)
	both := args("provider", "myanimelist", "with", "anilist", "conflicts", "furthest")
	r := m.do("alice", "sync-with-provider", both)
	if r.Created != m.moved+m.atAniList || r.Skipped != m.moved-m.atAniList || r.Conflicts != 0 {
		t.Fatalf("first: %s", r.counts())
	}
	if again := m.do("alice", "sync-with-provider", both); again.Unchanged != m.moved+m.atAniList || again.Total != r.Total {
		t.Fatalf("again: %s", again.counts())
	}
	anilist := func(id int, status string, progress, score int) {
		m.anilist.Put(m.anilistAlice, *m.anilist.Media[onAniList+id], fakeanilist.Entry{Status: status, Progress: progress, Score: score, Start: day(2024, 3, 5)})
	}
	mal := func(id int, status string, progress, score int) {
		m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: id, Title: fmt.Sprint("Made Up ", id), Total: 12}, fakemal.Entry{Status: status, Progress: progress, Score: score, Start: "2024-03-05"})
	}
	was := entryOf(6)
	anilist(6, "CURRENT", 1, was.Score*10)    // less, and only there
	mal(11, "completed", 12, 10)              // only there
	anilist(16, "CURRENT", 11, 100)           // both: the further,
	mal(16, "watching", 9, entryOf(16).Score) // and a score that only one has
	m.watch("21", "Completed", 12)            // here
	anilist(26, "PAUSED", entryOf(26).Progress, entryOf(26).Score*10)
	mal(26, "on_hold", entryOf(26).Progress, entryOf(26).Score) // both, the same
	r = m.do("alice", "sync-with-provider", both)
	if r.Conflicts != 1 || !strings.Contains(r.conflict("anilist:anime:10016"), "at MyAnimeList watching 9, at AniList watching 11; what stands at AniList counts") {
		t.Errorf("synced: %s, %q", r.counts(), r.conflict("anilist:anime:10016"))
	}
	first, second := m.mal.List(m.malAlice, "anime"), m.anilist.List(m.anilistAlice, "ANIME")
	for id, want := range map[int]string{6: "watching 1", 11: "completed 12 10", 16: "watching 11 10", 21: "completed 12", 26: "on_hold"} {
		a, b := first[id], second[onAniList+id]
		status := map[string]string{"CURRENT": "watching", "COMPLETED": "completed", "PAUSED": "on_hold"}[b.Status]
		if a.Progress != b.Progress || a.Status != status || a.Score*10 != b.Score || !strings.HasPrefix(fmt.Sprint(a.Status, " ", a.Progress, " ", a.Score), want) {
			t.Errorf("%d: %+v and %+v, want %s", id, a, b, want)
		}
	}
	if again := m.do("alice", "sync-with-provider", both); again.Unchanged != m.moved+m.atAniList || again.Conflicts != 0 {
		t.Errorf("synced again: %s", again.counts())
	}
}
