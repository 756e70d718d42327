package tracker_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"asapi/api"
	"asapi/api/tracker/trackerpb"
	"asapi/channel"
	"asapi/internal/certs"
	"asapi/internal/netpeer"
	"asapi/internal/seal"
	"asapi/internal/testserver"
	"asapi/internal/throttle"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/store/trackers"
	"asapi/tasks"
	"asapi/tasks/catalog"
	library "asapi/tasks/tracker"
	"asapi/worker"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
)

const patience = 20 * time.Second

// world is a whole server with a worker, behind TLS.
type world struct {
	tb      testing.TB
	address string
	trust   *tls.Config
	store   *store.Store
	library *library.Library
	lists   *trackers.Store
	gate    *gate
	desk    *tasks.Desk
	hub     *channel.Hub
	log     *testserver.Log
	stop    func() // ends the server in order
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.OnBoth(t, func(t *testing.T, url string) { test(t, newWorld(t, url)) })
}

// newWorld starts a server on a database.
func newWorld(tb testing.TB, url string) *world {
	tb.Helper()
	w := &world{tb: tb, log: &testserver.Log{}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	dir := tb.TempDir()
	kept, err := blobs.Open(tb.Context(), "file://"+filepath.Join(dir, "blobs"))
	w.must(err)
	tb.Cleanup(func() { _ = kept.Close() })
	w.store, err = store.Open(tb.Context(), store.Config{URL: url, Blobs: kept, Log: log})
	w.must(err)
	tb.Cleanup(func() { w.must(w.store.Close()) })
	sealer, err := seal.Parse(seal.Generate())
	w.must(err)
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(tb).Addr()})
	tb.Cleanup(func() { _ = client.Close() })
	w.lists = trackers.New(w.store)
	w.library = library.NewLibrary(w.lists, sealer)
	w.gate = &gate{Store: w.lists}
	services := catalog.All(catalog.Deps{Trackers: w.gate, References: w.lists, Sealer: sealer})
	w.hub = channel.New(channel.Config{Store: w.store, Blobs: kept, Redis: client, Log: log})
	queue := worker.NewQueue(worker.QueueConfig{Redis: client, Log: log})
	work := worker.New(worker.Config{Store: w.store, Blobs: kept, Catalog: services, Sealer: sealer, Publisher: w.hub, Queue: queue, Redis: client, Concurrency: 4, Fetchers: 1, Log: log})
	tb.Cleanup(w.hub.OnEvent(work.HandleEvent))
	w.desk = tasks.NewDesk(tasks.DeskConfig{
		Catalog: services, Store: w.store, Blobs: kept, Queue: queue, Channel: w.hub, Sealer: sealer, Throttle: throttle.New(),
	})
	w.serve(api.Config{Desk: w.desk, Log: log, Trackers: w.library}, dir, log, w.hub.Run, queue.Run, work.Run)
	return w
}

// serve runs the server before the parts behind it, and ends them in the opposite
// order.
func (w *world) serve(cfg api.Config, dir string, log *slog.Logger, behind ...func(context.Context) error) {
	w.tb.Helper()
	ctx := context.WithoutCancel(w.tb.Context())
	back, stopBack := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, run := range behind {
		running.Go(func() {
			if err := run(back); err != nil {
				w.tb.Error(err)
			}
		})
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	w.must(certs.SelfSigned(cert, key))
	files, err := certs.Load(cert, key, log)
	w.must(err)
	pem, err := os.ReadFile(cert)
	w.must(err)
	w.trust = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	w.trust.RootCAs.AppendCertsFromPEM(pem)
	handler, err := api.New(cfg)
	w.must(err)
	listener, err := netpeer.Listen(w.tb.Context(), "127.0.0.1:0")
	w.must(err)
	w.address = listener.Addr().String()
	front, stopFront := context.WithCancel(ctx)
	ended := make(chan error, 1)
	calls := api.NewGRPC(cfg)
	go func() {
		ended <- api.Serve(front, api.ServerConfig{Listener: listener, TLS: files.Config(), GRPC: calls, Handler: handler, Log: log})
	}()
	w.stop = sync.OnceFunc(func() {
		stopFront()
		if err := <-ended; err != nil {
			w.tb.Error(err)
		}
	})
	w.tb.Cleanup(func() {
		w.stop()
		stopBack()
		running.Wait()
		if w.tb.Failed() {
			w.tb.Log(w.log.String())
		}
	})
}

func (w *world) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// member is a client with one token.
type member struct {
	*world
	client tasks.Client
	token  tasks.Token
	secret string
	conn   *grpc.ClientConn
}

// member makes a client whose token is as change says, and connects.
func (w *world) member(name string, change ...func(*tasks.Token)) *member {
	w.tb.Helper()
	c, err := w.store.CreateClient(w.tb.Context(), name)
	w.must(err)
	return (&member{world: w, client: c}).with(name+"-secret", change...)
}

// newMember makes another client.
func (m *member) newMember(name string) *member { return m.member(name) }

// with is the same client with another token.
func (m *member) with(secret string, change ...func(*tasks.Token)) *member {
	m.tb.Helper()
	token := tasks.Token{Client: m.client.ID, Protocol: tasks.ASStore, Ack: tasks.AckAuto}
	for _, f := range change {
		f(&token)
	}
	made, err := m.store.CreateToken(m.tb.Context(), token, sha256.Sum256([]byte(secret)))
	m.must(err)
	return &member{world: m.world, client: m.client, token: made, secret: secret, conn: m.dial()}
}

// dial connects over gRPC.
func (w *world) dial(options ...grpc.DialOption) *grpc.ClientConn {
	w.tb.Helper()
	conn, err := grpc.NewClient(w.address, append(options, grpc.WithTransportCredentials(credentials.NewTLS(w.trust)))...)
	w.must(err)
	w.tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ctx carries the member's token.
func (m *member) ctx() context.Context {
	return metadata.AppendToOutgoingContext(m.tb.Context(), "authorization", "Bearer "+m.secret)
}

func (m *member) trackers() trackerpb.TrackerServiceClient {
	return trackerpb.NewTrackerServiceClient(m.conn)
}

func (m *member) operations() longrunningpb.OperationsClient {
	return longrunningpb.NewOperationsClient(m.conn)
}

// web is a client of the HTTP doors; like curl it would take HTTP/2.
func (w *world) web() *http.Client {
	transport := &http.Transport{TLSClientConfig: w.trust.Clone(), ForceAttemptHTTP2: true}
	w.tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// reply is the head of an answer.
type reply struct {
	StatusCode int
	Header     http.Header
	Proto      string
}

// request makes a request with the member's token and gives its answer.
func (m *member) request(method, path, body string, header ...string) (reply, string) {
	m.tb.Helper()
	r, err := http.NewRequestWithContext(m.tb.Context(), method, "https://"+m.address+path, bytes.NewReader([]byte(body)))
	m.must(err)
	if m.secret != "" {
		r.Header.Set("Authorization", "Bearer "+m.secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := m.web().Do(r)
	m.must(err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	m.must(err)
	return reply{resp.StatusCode, resp.Header, resp.Proto}, string(text)
}
