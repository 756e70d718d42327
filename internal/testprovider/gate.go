package testprovider

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Trouble is how a stand-in misbehaves on one request.
type Trouble int

// The troubles.
const (
	None      Trouble = iota
	Limited           // the provider's own signal to come later; nothing is done
	Broken            // 502 with a page for people; nothing is done
	Cut               // the connection is cut before anything is done
	CutAfter          // all is done, and then the connection is cut
	WrongType         // status 200 with a page for people; nothing is done
	Elsewhere         // a redirect to another host; nothing is done. Of datagrams, the answer comes from another port
	Doubled           // of datagrams: the answer comes twice
	Late              // of datagrams: the answer comes with that to the next one
)

// Gate stands before a provider's handler: it counts requests, keeps the provider's
// limit, and makes the trouble that was asked for.
type Gate struct {
	// Limit is how many requests a caller may make in any Window; 0: no limit.
	Limit  int
	Window time.Duration
	// Caller tells who makes a request; nil: all are one.
	Caller func(*http.Request) string
	// Refuse is the provider's signal for a caller that comes too often; it says to
	// come back after a wait.
	Refuse func(w http.ResponseWriter, wait time.Duration, now time.Time)
	// LimitWait is how long a refused caller has to wait.
	LimitWait time.Duration
	// Others are limits of some callers, in place of those above.
	Others map[string]Limit
	// Plan says what trouble request n, counted from 1, gets; nil: none.
	Plan func(n int, r *http.Request) Trouble
	// Elsewhere is where a redirect leads.
	Elsewhere string
	// Now is the clock; nil: the real one.
	Now func() time.Time

	mu       sync.Mutex
	count    int
	passed   map[string][]time.Time
	barred   map[string]time.Time
	tooFast  int
	tooEarly int
	seen     []string
	busy     int           // requests that are being answered
	idle     chan struct{} // is closed when none is any more; nil: nobody waits for that
}

// Requests counts the requests so far.
func (g *Gate) Requests() int { g.mu.Lock(); defer g.mu.Unlock(); return g.count }

// Violations counts the requests that came faster than the limit, and those that came
// before the wait was over that they were told.
func (g *Gate) Violations() (tooFast, tooEarly int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tooFast, g.tooEarly
}

// Busy notes that a request came, until what it gives is called.
func (g *Gate) Busy() (done func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.busy--
		if g.busy == 0 && g.idle != nil {
			close(g.idle)
			g.idle = nil
		}
	}
}

// Settle waits until the requests that came are done with: who asks and goes away in the
// middle cannot know it, and what the plan noted of datagrams is safe to read only then.
func (g *Gate) Settle() {
	g.mu.Lock()
	for g.busy > 0 {
		if g.idle == nil {
			g.idle = make(chan struct{})
		}
		idle := g.idle
		g.mu.Unlock()
		<-idle
		g.mu.Lock()
	}
	g.mu.Unlock()
}

// Seen lists the requests' methods and paths.
func (g *Gate) Seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.seen...)
}

// SetPlan changes what trouble is made; the requests are counted from 1 again.
func (g *Gate) SetPlan(plan func(n int, r *http.Request) Trouble) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Plan, g.count = plan, 0
}

func (g *Gate) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}

// judge counts a request and says what it gets.
func (g *Gate) judge(r *http.Request) (Trouble, time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, who := g.now(), ""
	if g.Caller != nil {
		who = g.Caller(r)
	}
	if g.passed == nil {
		g.passed, g.barred = map[string][]time.Time{}, map[string]time.Time{}
	}
	limit, other := g.Others[who]
	if !other {
		limit = Limit{g.Limit, g.Window, g.LimitWait}
	}
	g.count++
	g.seen = append(g.seen, r.Method+" "+r.URL.Path)
	if now.Before(g.barred[who]) {
		g.tooEarly++
		return Limited, now
	}
	recent := g.passed[who][:0]
	for _, at := range g.passed[who] {
		if now.Sub(at) < limit.Window {
			recent = append(recent, at)
		}
	}
	g.passed[who] = append(recent, now)
	if limit.Most > 0 && len(recent) >= limit.Most {
		g.tooFast++
		g.barred[who] = now.Add(limit.Wait)
		return Limited, now
	}
	if g.Plan != nil {
		trouble := g.Plan(g.count, r)
		if trouble == Limited {
			g.barred[who] = now.Add(limit.Wait)
		}
		return trouble, now
	}
	return None, now
}

const page = "<!DOCTYPE html><title>Please wait</title><p>This page is for people."

// Handler gives the handler behind the gate.
func (g *Gate) Handler(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer g.Busy()()
		trouble, now := g.judge(r)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		switch trouble {
		case None, Doubled, Late:
			inner.ServeHTTP(w, r)
		case Limited:
			g.Refuse(w, g.LimitWait, now)
		case Broken:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(page))
		case WrongType:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(page))
		case Elsewhere:
			http.Redirect(w, r, g.Elsewhere+r.URL.Path, http.StatusTemporaryRedirect) //nolint:gosec // a provider that misbehaves
		case CutAfter:
			inner.ServeHTTP(httptest.NewRecorder(), r)
			cut(w)
		case Cut:
			cut(w)
		}
	})
}

// cut ends the connection in the middle of an answer.
func cut(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, buf, err := hijacker.Hijack()
	if err != nil {
		return
	}
	_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"da")
	_ = buf.Flush()
	_ = conn.Close()
}

// Bearer gives the token of a request; empty: it has none.
func Bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// Watch notes what a server is asked, in case something is asked that must not be.
type Watch struct {
	mu  sync.Mutex
	log bytes.Buffer
}

// Handler answers everything with 204.
func (x *Watch) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.log.WriteString(r.Method + " " + r.URL.String() + "\n")
		w.WriteHeader(http.StatusNoContent)
	})
}

// Asked gives the requests, one a line.
func (x *Watch) Asked() string { x.mu.Lock(); defer x.mu.Unlock(); return x.log.String() }
