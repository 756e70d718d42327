package live

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// The limits of a line.
const (
	// answerTime is how long an answer is waited for where an adapter does not say it.
	answerTime = 8 * time.Second
	// resend is how long a datagram that had no answer rests, besides the pace; after
	// the second time twice that.
	resend = 4 * time.Second
	// firstSilence and longestSilence bound how long a server is left alone that does
	// not answer: each time as long again as it has been silent.
	firstSilence   = 30 * time.Second
	longestSilence = 2 * time.Hour
	// maxDatagram is what UDP carries at most.
	maxDatagram = 64 << 10
)

// LineConfig says how a provider is reached by datagrams. Of Config it takes what is not
// about HTTP.
type LineConfig struct {
	Config
	// Dial gives a socket that sends to the provider's host and port only, and
	// receives from nowhere else. It is asked again when the provider was silent.
	Dial func(ctx context.Context) (net.Conn, error)
	// AnswerTime is how long an answer is waited for; 0: eight seconds.
	AnswerTime time.Duration
	// Alarm calls ring after a time, if it is not stopped before; nil: by the real
	// clock. Tests have their own.
	Alarm func(d time.Duration, ring func()) (stop func() bool)
}

// Line sends datagrams to one provider and waits for their answers, one after the other
// from one socket. It may be used by several goroutines.
type Line struct {
	caller *Caller
	cfg    LineConfig
	place  chan struct{} // held by who uses what is below
	conn   net.Conn

	name string // what tags begin with, so that none is of an earlier process
	tags atomic.Uint64
}

// NewLine makes a line. Nothing is sent, and no socket opened, before it is used.
func NewLine(cfg LineConfig) (*Line, error) {
	caller, err := New(cfg.Config)
	if err != nil {
		return nil, err
	}
	if cfg.AnswerTime == 0 {
		cfg.AnswerTime = answerTime
	}
	if cfg.Alarm == nil {
		cfg.Alarm = func(d time.Duration, ring func()) func() bool { return time.AfterFunc(d, ring).Stop }
	}
	var name [4]byte
	_, _ = rand.Read(name[:]) // it never fails
	return &Line{caller: caller, cfg: cfg, place: make(chan struct{}, 1), name: "t" + hex.EncodeToString(name[:])}, nil
}

// Datagram is something that is sent and answered.
type Datagram struct {
	// Text gives what is sent, with a tag by which its answer is known.
	Text func(tag string) string
	// Answers reports whether a datagram is the answer to the one with the tag; those
	// that are not, such as late ones, are passed over.
	Answers func(answer []byte, tag string) bool
	// Judge tells what an answer says besides its content.
	Judge func(answer []byte) Verdict
	// Writes says that it changes something: when it ends without an answer the
	// error is tracker.Unsure. It is sent again all the same, so that it must leave
	// sent twice what it leaves sent once.
	Writes bool
}

// Exchange sends a datagram as soon as the provider's pace allows it, and gives its
// answer. One that is not answered is sent again, twice at most, with more time between;
// then the provider is left alone for a while. Waits that are long end with tasks.Later.
func (l *Line) Exchange(ctx context.Context, lane tasks.Lane, d Datagram) (answer []byte, err error) {
	select {
	case l.place <- struct{}{}:
		defer func() { <-l.place }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	tag := l.name + strconv.FormatUint(l.tags.Add(1), 36)
	silent := false
	how := manner{writes: d.Writes, sends: sends, pause: resend, rest: func(failing time.Duration) time.Duration {
		if !silent {
			return 0
		}
		return min(max(failing, firstSilence), longestSilence)
	}}
	err = l.caller.paced(ctx, lane, how, func() (verdict Verdict) {
		answer, verdict = l.send(ctx, d, tag)
		silent = answer == nil
		return verdict
	})
	if silent {
		l.hangUp() // the name may mean another address by now
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// hangUp closes the socket; the next use opens another.
func (l *Line) hangUp() {
	if l.conn != nil {
		_ = l.conn.Close() // nothing is on its way in it
		l.conn = nil
	}
}

// Close closes the socket, once nobody uses the line.
func (l *Line) Close() {
	l.place <- struct{}{}
	l.hangUp()
	<-l.place
}

// send sends once and waits for the answer; nil: there is none.
func (l *Line) send(ctx context.Context, d Datagram, tag string) ([]byte, Verdict) {
	if l.conn == nil {
		conn, err := l.cfg.Dial(ctx)
		if err != nil {
			return nil, Verdict{Broken: "Its name cannot be resolved, or no socket can be opened for it."}
		}
		l.conn = conn
	}
	_ = l.conn.SetReadDeadline(time.Time{}) // what an earlier alarm may have set late
	var over atomic.Bool
	conn := l.conn
	ring := func() {
		over.Store(true)
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // ends the read below
	}
	stopContext := context.AfterFunc(ctx, ring)
	defer stopContext()
	stopAlarm := l.cfg.Alarm(l.cfg.AnswerTime, ring)
	defer stopAlarm()
	if _, err := conn.Write([]byte(d.Text(tag))); err != nil {
		return nil, Verdict{Broken: l.caller.unsent(err)}
	}
	buf := make([]byte, maxDatagram)
	for !over.Load() {
		n, err := conn.Read(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !over.Load() { // the alarm of an earlier exchange
				_ = conn.SetReadDeadline(time.Time{})
			}
		case err != nil:
			return nil, Verdict{Broken: l.caller.unsent(err)}
		case d.Answers(buf[:n], tag):
			return buf[:n:n], d.Judge(buf[:n])
		}
	}
	return nil, Verdict{Broken: "It did not answer in time."}
}

// Lane gives the lane of a line's datagrams: what a provider allows of them, and whether
// they are answered, is another matter than its requests.
func Lane(p tracker.Provider, lane tasks.Lane) tasks.Lane {
	return tasks.Lane{Provider: string(p) + " udp", Credential: lane.Credential}
}
