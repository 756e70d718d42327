package livetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	fake "asapi/internal/testprovider/mangadex"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

func TestATokenOfMangaDexIsRenewedInTheMiddleOfATaskAndKept(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.site.Lasts = 2
	dex := args("provider", "mangadex")
	r := d.do("alice", "import-from-provider", dex)
	if got := d.site.Granted(); r.Created != 6 || got["password"] != 1 || got["refresh_token"] < 2 {
		t.Errorf("imported: %s, tokens given: %v", r.counts(), got)
	}
	kept, err := d.library.Credentials(t.Context(), d.client, "users/alice", tracker.MangaDex)
	d.must(err)
	if !strings.HasPrefix(kept["token"], "access-alice-") || !strings.HasPrefix(kept["refresh_token"], "again-alice-") || kept["password"] != d.alice.Password {
		t.Error("what is kept is not what was given, besides what was there")
	}
	// Each token lasts a quarter of an hour; when the refresh token is over, too, the
	// name and the password sign in again.
	d.site.Lasts = 0
	d.clock.pass(16 * time.Minute)
	d.do("alice", "import-from-provider", dex)
	if got := d.site.Granted()["password"]; got != 1 {
		t.Errorf("the password was sent %d times", got)
	}
	d.clock.pass(16 * time.Minute)
	d.site.Forget()
	again := d.do("alice", "import-from-provider", dex)
	if got := d.site.Granted()["password"]; got != 2 || again.Unchanged != 6 {
		t.Errorf("the password was sent %d times, imported: %s", got, again.counts())
	}
	// A task with credentials of its own keeps what they become, over its waits.
	d.site.Lasts = 3
	d.site.SetPlan(limitedEvery(4))
	own := d.do("alice", "export-to-provider", args(pairsOf(tracker.MangaDex, dexCredentials(d.bob))...))
	if got := d.site.Granted()["password"]; own.Created != 6 || got != 3 || len(d.waits) == 0 {
		t.Errorf("exported: %s, the password was sent %d times", own.counts(), got)
	}
	d.secretless([]string{"swordfish", "access-", "again-", "client of"}, r.raw, own.raw)
}

// pairsOf gives parameters that name a provider, and credentials for one task.
func pairsOf(p tracker.Provider, c tracker.Credentials) []string {
	pairs := []string{"provider", string(p)}
	for name, value := range c {
		pairs = append(pairs, name, value)
	}
	return pairs
}

func TestWhatASignInAtMangaDexLacksIsSaid(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	for without, want := range map[string]string{"client_id": "personal client", "client_secret": "personal client", "username": "username, password", "password": "username, password"} {
		c := dexCredentials(d.alice)
		delete(c, without)
		if e := d.refused("alice", "import-from-provider", args(pairsOf(tracker.MangaDex, c)...)); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, want) {
			t.Errorf("without %s: %v", without, e)
		}
	}
	c := dexCredentials(d.alice)
	c["client_id"], c["client_secret"] = d.bob.Client, d.bob.Secret
	if e := d.refused("alice", "import-from-provider", args(pairsOf(tracker.MangaDex, c)...)); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "only the user who made a client") {
		t.Errorf("with another's client: %v", e)
	}
}

func TestABanOfMangaDexIsWaitedForAndACaptchaEndsTheTask(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	began := d.clock.Now()
	d.site.Ban(began.Add(14 * time.Minute))
	if r := d.do("alice", "import-from-provider", args("provider", "mangadex")); r.Created != 6 || d.clock.Now().Sub(began) < 15*time.Minute {
		t.Errorf("imported: %s after %v", r.counts(), d.clock.Now().Sub(began))
	}
	if n := d.site.Requests(); n > 30 {
		t.Errorf("%d requests", n)
	}
	d.site.Captcha = true
	if e := d.refused("alice", "import-from-provider", args("provider", "mangadex")); e.Code != tasks.CodeUnavailable || !strings.Contains(e.Message, "captcha") {
		t.Errorf("a captcha: %v", e)
	}
}

func TestAllUsersOfMangaDexShareOnePace(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.sign("bob", tracker.MangaDex, dexCredentials(d.bob))
	for range 3 {
		d.do("alice", "import-from-provider", args("provider", "mangadex"))
		if r := d.do("bob", "import-from-provider", args("provider", "mangadex")); r.Total != 0 {
			t.Errorf("the list is empty, and: %s", r.counts())
		}
	}
	if fast, early := d.site.Violations(); fast != 0 || early != 0 {
		t.Errorf("%d requests came too fast and %d before the wait was over", fast, early)
	}
}

func TestAnEntryThatIsDeletedAtMangaDexLosesItsRatingAndKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.do("alice", "import-from-provider", args("provider", "mangadex"))
	read := append([]string{}, d.alice.Entries[dexID(1)].Read...)
	// A limit between its requests, and an entry without a rating, are no matter; a
	// title that is on no list is left alone.
	d.site.SetPlan(limitedEvery(2))
	r := d.do("alice", "export-to-provider", args("provider", "mangadex", "delete", dexKey(1), "delete", dexKey(3), "delete", dexKey(999)))
	if r.Updated != 2 || r.Unchanged != 5 || r.outcome(dexKey(999)) != "unchanged" {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if diff := cmp.Diff(fake.Entry{Read: read}, *d.alice.Entries[dexID(1)]); diff != "" {
		t.Errorf("of the entry is left (-want +got):\n%s", diff)
	}
	if n := len(d.site.List(d.alice)); n != 4 {
		t.Errorf("%d entries are left", n)
	}
}
