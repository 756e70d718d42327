package livetest

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	fake "asapi/internal/testprovider/anilist"
	"asapi/internal/testserver"
	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// TestASubscriberGetsWhatChangedAtTheProvider lets workers run what a client
// subscribed to, until the provider takes the credentials no more.
func TestASubscriberGetsWhatChangedAtTheProvider(t *testing.T) {
	t.Parallel()
	for _, action := range []string{tracker.ImportLive, tracker.SyncLive} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			b := benchOn(t, &clock{}, testserver.NewRedis(t).URL(), storetest.SQLite(t))
			b.rates = []tasks.Rate{{Every: time.Millisecond, Burst: 100}}
			a := newAniList(b)
			a.site.Limit = 0
			token, err := b.store.CreateToken(t.Context(), tasks.Token{Client: b.client, Protocol: tasks.ASChannel}, sha256.Sum256([]byte(action)))
			b.must(err)
			sub, _, err := b.store.Subscribe(t.Context(), tasks.NewSubscription{
				Client: b.client, Service: tracker.Slug, Action: action, Account: "alice", Every: time.Hour, Token: token.ID,
				Values: map[string][]string{"provider": {string(tracker.AniList)}}, Identity: action,
			})
			b.must(err)
			b.work(2, 2)

			if r := b.occurs(sub.ID, 1, token.Stream); r.Created != 9 || len(r.Items) != 9 {
				t.Errorf("the first time: %s\n%s", r.counts(), r.raw)
			}
			if r := b.occurs(sub.ID, 2, token.Stream); r.Unchanged != 9 || len(r.Items) != 0 {
				t.Errorf("nothing changed: %s\n%s", r.counts(), r.raw)
			}
			a.site.Put(a.alice, show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: 8, Score: 85, Start: day(2024, 5)})
			if r := b.occurs(sub.ID, 3, token.Stream); r.Unchanged != 8 || len(r.Items) != 1 || r.outcome("anilist:anime:1") == "none" {
				t.Errorf("one entry changed: %s\n%s", r.counts(), r.raw)
			}
			a.site.Revoke(anilistToken)
			b.must(b.store.ResumeSubscription(t.Context(), b.client, sub.ID, true))
			testserver.Eventually(t, time.Minute, func() bool { return b.subscription(sub.ID).Paused() }, "the subscription to be paused")
			if s := b.subscription(sub.ID); s.Pause.Code != tasks.CodeUnauthorized || s.Number != 4 {
				t.Errorf("it was paused after %d tasks because of %s", s.Number, s.Pause.Code)
			}
			// That the task failed comes first.
			if m := b.received(token.Stream, 2)[1]; m.Action != tasks.SystemAction || !strings.Contains(string(m.Inline), "subscription_paused") {
				t.Errorf("the stream says %s", m.Inline)
			}
		})
	}
}

func (b *bench) subscription(id tasks.ID) *tasks.Subscription {
	b.t.Helper()
	page, err := b.store.Subscriptions(b.t.Context(), b.client, tasks.SubscriptionFilter{IDs: []tasks.ID{id}})
	b.must(err)
	return &page.Subscriptions[0]
}

// occurs lets the next occurrence come at once, which is the subscription's nth task,
// and gives its report from the stream.
func (b *bench) occurs(id tasks.ID, nth int64, stream string) report {
	b.t.Helper()
	b.must(b.store.ResumeSubscription(b.t.Context(), b.client, id, true))
	testserver.Eventually(b.t, time.Minute, func() bool {
		s := b.subscription(id)
		return s.Number == nth && b.task(s.LastTask).State == tasks.Published
	}, "the occurrence to end well")
	message := b.received(stream, 1)[0]
	if message.Task != b.subscription(id).LastTask {
		b.t.Fatalf("the stream has a message of task %s", message.Task)
	}
	// Unlike that of other tasks its items are only what changed.
	r := report{raw: string(message.Inline)}
	b.must(json.Unmarshal(message.Inline, &r))
	return r
}

// received takes the n messages that wait on a stream.
func (b *bench) received(stream string, n int) []tasks.Result {
	b.t.Helper()
	b.must(b.store.Hold(b.t.Context(), "reader", time.Minute))
	claim, err := b.store.ClaimStream(b.t.Context(), "reader", stream, 0, 100, 1<<20)
	b.must(err)
	if len(claim.Results) != n {
		b.t.Fatalf("%d messages wait on the stream, want %d", len(claim.Results), n)
	}
	b.must(b.store.ConsumeClaimed(b.t.Context(), claim.ID, claim.Results))
	return claim.Results
}
