package webhooks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/internal/outbound"
	"asapi/internal/seal"
	"asapi/internal/testserver"
	"asapi/store"
	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/worker/webhooks"
)

const patience = time.Minute

// world is a store with a client, and senders that log into a buffer.
type world struct {
	*store.Store
	t       *testing.T
	sealer  tasks.Sealer
	client  tasks.ClientID
	senders *errgroup.Group
	stop    context.CancelFunc
	running context.Context

	log testserver.Log
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, senders: new(errgroup.Group)}
	var err error
	w.Store, err = store.Open(t.Context(), store.Config{URL: storetest.SQLite(t)})
	w.must(err)
	t.Cleanup(func() { _ = w.Close() })
	c, err := w.CreateClient(t.Context(), "ada")
	w.must(err)
	w.client = c.ID
	w.must(w.RegisterAccount(t.Context(), tasks.Account{Client: c.ID, Service: "test", Username: "alice"}))
	w.sealer, err = seal.Parse(seal.Generate())
	w.must(err)
	w.running, w.stop = context.WithCancel(t.Context())
	t.Cleanup(w.end)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// begin starts a sender; loopback addresses are allowed where private is true.
func (w *world) begin(private bool) {
	s := webhooks.New(webhooks.Config{
		Store: w.Store, Sealer: w.sealer, Client: outbound.New(outbound.Config{AllowPrivate: private}),
		Log:  slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Poll: 5 * time.Millisecond, Backoff: func(int) time.Duration { return time.Millisecond },
	})
	w.senders.Go(func() error { return s.Run(w.running) })
}

// end stops all senders.
func (w *world) end() {
	w.stop()
	if err := w.senders.Wait(); err != nil {
		w.t.Error(err)
	}
}

// token makes a token with a webhook; the empty address: without one.
func (w *world) token(url string) (id, secret string) {
	w.t.Helper()
	made, err := w.CreateToken(w.t.Context(), tasks.Token{Client: w.client, Protocol: tasks.ASStore}, sha256.Sum256([]byte(webhooks.NewSecret())))
	w.must(err)
	if url == "" {
		return made.ID, ""
	}
	secret = webhooks.NewSecret()
	sealed, err := w.sealer.Seal([]byte(secret))
	w.must(err)
	w.must(w.SetWebhook(w.t.Context(), tasks.Webhook{Token: made.ID, URL: url, Sealed: sealed}))
	return made.ID, secret
}

// ends submits a task with a token and cancels it.
func (w *world) ends(token string) tasks.ID {
	w.t.Helper()
	done, err := w.Submit(w.t.Context(), tasks.NewTask{
		Client: w.client, Service: "test", Action: "act", Account: "alice", Protocol: tasks.ASStore, Priority: tasks.Default,
		MaxAttempts: 1, Webhook: token,
	})
	w.must(err)
	_, err = w.Cancel(w.t.Context(), w.client, []tasks.ID{done.Task.ID})
	w.must(err)
	return done.Task.ID
}

// report waits until the one delivery of a token is as it should be.
func (w *world) report(token string, ok func(tasks.DeliveryReport) bool) tasks.DeliveryReport {
	w.t.Helper()
	var last tasks.DeliveryReport
	testserver.Eventually(w.t, patience, func() error {
		list, err := w.Deliveries(w.t.Context(), token, 10)
		if err != nil || len(list) == 0 {
			return errors.Join(err, errors.New("there is none"))
		}
		if last = list[0]; !ok(last) {
			return errors.New(last.State.String() + ": " + last.LastError)
		}
		return nil
	}, "the delivery")
	return last
}

func is(state tasks.DeliveryState) func(tasks.DeliveryReport) bool {
	return func(r tasks.DeliveryReport) bool { return r.State == state }
}

// request is what an endpoint got.
type request struct {
	http.Header
	body []byte
	at   time.Time
}

// endpoint is a webhook's other side.
type endpoint struct {
	URL string
	mu  sync.Mutex
	got []request
}

// newEndpoint answers the nth request (from 1) as answer says.
func newEndpoint(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *endpoint {
	t.Helper()
	e := &endpoint{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.got = append(e.got, request{r.Header.Clone(), body, time.Now()})
		n := len(e.got)
		e.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(s.Close)
	e.URL = s.URL + "/hook?key=url-secret"
	return e
}

func (e *endpoint) requests() []request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.got)
}

// verify checks a signature from the text of Standard Webhooks, without the code
// that made it.
func verify(t *testing.T, secret string, r request) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	if err != nil || !strings.HasPrefix(secret, "whsec_") || len(raw) < 24 || len(raw) > 64 {
		t.Fatalf("the secret has the wrong form: %v", err)
	}
	mac := hmac.New(sha256.New, raw)
	_, _ = io.WriteString(mac, strings.Join([]string{r.Get("Webhook-Id"), r.Get("Webhook-Timestamp"), string(r.body)}, "."))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Get("Webhook-Signature") != want {
		t.Errorf("the signature is %q, want %q", r.Get("Webhook-Signature"), want)
	}
	seconds, err := strconv.ParseInt(r.Get("Webhook-Timestamp"), 10, 64)
	if err != nil || r.at.Sub(time.Unix(seconds, 0)).Abs() > time.Minute {
		t.Errorf("the timestamp is %q: %v", r.Get("Webhook-Timestamp"), err)
	}
}
