package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// The limits of a call.
const (
	// patience is for how long a call waits in place where an adapter does not say
	// it; a longer wait gives the worker back.
	patience = 4 * time.Second
	// sends is how often a request is sent that the provider does not answer well.
	sends = 3
	// giveUp is for how long nothing may have worked before a task fails.
	giveUp = 24 * time.Hour
	// maxBody bounds an answer.
	maxBody = 64 << 20
)

// Config says how a provider is reached.
type Config struct {
	Provider tracker.Provider
	// Bases are the addresses that requests may go to, and what is below them.
	Bases []string
	// HTTP sends requests. It must not follow redirects.
	HTTP *http.Client
	// Pacer is shared by all processes.
	Pacer tasks.Pacer
	// Rates are what the provider allows.
	Rates []tasks.Rate
	// Judge tells what an answer says besides its content; nil: Signals.
	Judge func(a *Answer) Verdict
	// Patience is for how long a call waits in place before it gives the worker
	// back; 0: four seconds.
	Patience time.Duration
	// Paced says in a sentence why the pace alone makes a call wait; empty: that no
	// more requests are allowed for now.
	Paced string
	// UserAgent names this program and its version.
	UserAgent string
	// Now is the clock and Wait waits for a time; nil: the real ones. Tests have
	// their own.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// Caller sends requests to one provider. It may be used by several goroutines.
type Caller struct {
	cfg   Config
	bases []*url.URL
	title string
}

// New makes a caller; it fails on addresses that are none.
func New(cfg Config) (*Caller, error) {
	c := &Caller{cfg: cfg, title: tracker.Titles[cfg.Provider]}
	for _, base := range cfg.Bases {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
			return nil, fmt.Errorf("the address of %s must read like https://host/path, not %q", c.title, base)
		}
		u.Path = strings.TrimSuffix(u.Path, "/")
		c.bases = append(c.bases, u)
	}
	if c.cfg.Judge == nil {
		c.cfg.Judge = Signals
	}
	if c.cfg.Patience == 0 {
		c.cfg.Patience = patience
	}
	if c.cfg.Now == nil {
		c.cfg.Now = time.Now
	}
	if c.cfg.Wait == nil {
		c.cfg.Wait = sleep
	}
	return c, nil
}

// Request is one request.
type Request struct {
	Method string
	// URL is absolute and below one of the bases.
	URL         string
	Header      http.Header
	ContentType string // of Body
	Body        []byte
	// Writes says that the request changes something: when it ends without an
	// answer the error is tracker.Unsure, and nothing is sent again.
	Writes bool
	// Accept is the media type that an answer with a body must have; empty:
	// application/json; */*: any.
	Accept string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Now    time.Time // when it came, by our clock
}

// Do sends a request as soon as the provider's pace allows it. It gives every answer
// that is one of a working provider, whatever its status; the adapter knows what it
// means. Waits that are long end with tasks.Later.
func (c *Caller) Do(ctx context.Context, lane tasks.Lane, r Request) (a *Answer, err error) {
	if err := c.allowed(r.URL); err != nil {
		return nil, err
	}
	how := manner{writes: r.Writes, sends: sends, pause: 500 * time.Millisecond}
	if r.Writes {
		how.sends = 1
	}
	err = c.paced(ctx, lane, how, func() (verdict Verdict) {
		a, verdict = c.send(ctx, &r)
		return verdict
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// manner says how something is sent.
type manner struct {
	writes bool          // an end without an answer is tracker.Unsure
	sends  int           // how often at most, while there is no answer
	pause  time.Duration // after the first time; after the second twice that, and so on
	// rest is for how long nothing more is sent once there was no answer to all of
	// them, by how long there has been none; nil or 0: as the circuit has it. When it
	// has grown, one is enough to find out.
	rest func(failing time.Duration) time.Duration
}

// paced sends as soon as the pace allows it, and again as the manner says and the
// provider wants.
func (c *Caller) paced(ctx context.Context, lane tasks.Lane, how manner, send func() Verdict) error {
	for waited, sent := time.Duration(0), 0; ; {
		leave, err := c.cfg.Pacer.Take(ctx, lane, c.cfg.Rates)
		if err != nil {
			return c.later(10*time.Second, "What keeps the pace of requests does not answer.")
		}
		if leave.Wait > 0 {
			if waited += leave.Wait; waited > c.cfg.Patience {
				return c.later(leave.Wait, leave.Reason)
			}
			if err := c.cfg.Wait(ctx, leave.Wait); err != nil {
				return err
			}
			continue
		}
		sent++
		verdict := send()
		if err := context.Cause(ctx); err != nil {
			if how.writes {
				return tracker.Unsure(err)
			}
			return err
		}
		failing, err := c.cfg.Pacer.Report(ctx, lane.Provider, verdict.Broken == "")
		if err != nil {
			failing = 0 // what is known of the circuit is of use, not of need
		}
		switch {
		case verdict.Wait > 0:
			if err := c.cfg.Pacer.Hold(ctx, held(lane, verdict.Wide), verdict.Wait, verdict.Reason); err != nil {
				return c.later(verdict.Wait, verdict.Reason)
			}
		case verdict.Broken == "":
			return nil
		case sent >= how.sends || failing > giveUp || how.rest != nil && how.rest(failing) > firstSilence:
			err := c.broken(ctx, lane, how, verdict, failing)
			if how.writes {
				err = tracker.Unsure(err)
			}
			return err
		default:
			waited = 0
			if err := c.cfg.Wait(ctx, time.Duration(sent)*how.pause); err != nil {
				return err
			}
		}
	}
}

// held gives the lane that a wait is for.
func held(lane tasks.Lane, wide bool) tasks.Lane {
	if wide {
		lane.Credential = ""
	}
	return lane
}

// broken gives the error of a provider that does not work: the task waits for it, but
// not for ever.
func (c *Caller) broken(ctx context.Context, lane tasks.Lane, how manner, v Verdict, failing time.Duration) error {
	if failing > giveUp {
		return tasks.Permanent(tasks.CodeDeadline, fmt.Sprintf("%s has not worked for a day: %s Submit the task again when it works.", c.title, v.Broken))
	}
	wait := 15 * time.Second
	if how.rest != nil {
		if rest := how.rest(failing); rest > 0 {
			wait = rest
			// The circuit holds the others where this fails.
			_ = c.cfg.Pacer.Hold(ctx, held(lane, true), rest, v.Broken)
		}
	}
	return c.later(wait, v.Broken)
}

// later lets the run wait, and says until when.
func (c *Caller) later(wait time.Duration, reason string) error {
	until := c.cfg.Now().Add(wait)
	if reason == "" {
		reason = c.cfg.Paced
	}
	if reason == "" {
		reason = "No more requests are allowed for now."
	}
	return tasks.Later(until, fmt.Sprintf("%s: %s The task goes on at %s.", c.title, reason, until.UTC().Format("2006-01-02 15:04:05 UTC")))
}

// allowed refuses to send anything to a host that is not configured.
func (c *Caller) allowed(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.User == nil {
		for _, base := range c.bases {
			if u.Scheme == base.Scheme && u.Host == base.Host && (u.Path == base.Path || strings.HasPrefix(u.Path, base.Path+"/")) && !strings.Contains(u.Path, "/../") {
				return nil
			}
		}
	}
	return tasks.Permanent(tasks.CodeInvalid, "The answer of "+c.title+" leads to an address that is not one of "+c.title+"; nothing was sent there.")
}

// send sends once. The verdict says whether the answer is one.
func (c *Caller) send(ctx context.Context, r *Request) (*Answer, Verdict) {
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, Verdict{Broken: "A request could not be made."}
	}
	maps.Copy(request.Header, r.Header)
	accept := r.Accept
	if accept == "" {
		accept = "application/json"
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("User-Agent", c.cfg.UserAgent)
	if r.ContentType != "" {
		request.Header.Set("Content-Type", r.ContentType)
	}
	response, err := c.cfg.HTTP.Do(request)
	if err != nil {
		return nil, Verdict{Broken: c.unsent(err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body, Now: c.cfg.Now()}
	switch {
	case err != nil:
		return a, Verdict{Broken: "Its answer broke off."}
	case len(body) > maxBody:
		return a, Verdict{Broken: fmt.Sprintf("Its answer is larger than %d MiB.", maxBody>>20)}
	}
	verdict := c.cfg.Judge(a)
	if verdict == (Verdict{}) && a.Status >= 200 && a.Status < 300 && len(body) > 0 && !hasType(a.Header, accept) {
		return a, Verdict{Broken: "Its answer is of another type than " + accept + "."}
	}
	return a, verdict
}

// unsent says why nothing came back. Errors of the HTTP client hold the address with
// all that is in it, so it tells them in its own words.
func (c *Caller) unsent(err error) string {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "It did not answer in time."
	}
	return "It cannot be reached, or the connection broke off."
}

func hasType(h http.Header, want string) bool {
	got, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return want == "*/*" || err == nil && (got == want || strings.HasSuffix(want, "/json") && strings.HasSuffix(got, "+json"))
}

// sleep waits for a time, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
