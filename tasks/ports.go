package tasks

import (
	"context"
	"errors"
	"time"
)

// Queue carries dispatched tasks to the workers. It is only fast: what it loses
// is dispatched again.
type Queue interface {
	// Reserve reports whether a task of the client may go to the queue right
	// after its commit: the client has no backlog and its share of the window
	// is free.
	Reserve(client ClientID, p Priority) bool
	// Enqueue hands over tasks that are marked as dispatched. It does not
	// wait for the queue.
	Enqueue(ds ...Dispatch)
	// Nudge tells the dispatcher that something waits.
	Nudge()
}

// Publisher tells every process of events; it does not wait and may drop.
type Publisher interface {
	Publish(events ...Event)
}

// Channel is what goes out live.
type Channel interface {
	Publisher
	// Open attaches a connection to a stream.
	Open(stream string, ack Ack) Delivery
	// Await returns nil when one of the tasks may have changed for good, or
	// when ctx ends. ready is called once watching has begun.
	Await(ctx context.Context, ids []ID, ready func() (done bool, err error)) error
	// Watch opens a watcher of what becomes of tasks; Close ends it.
	Watch(ctx context.Context, w WatchRequest) (Watching, error)
	// Fetch claims the stored result of one task for one download.
	Fetch(ctx context.Context, client ClientID, id ID) (Download, error)
}

// Delivery is one connection's part in a stream.
type Delivery interface {
	// Run delivers messages until ctx ends, the peer is gone or a write
	// fails, and gives back what was not consumed.
	Run(ctx context.Context, sink Sink) error
}

// Message is a result, or a chunk of it, on a stream.
type Message struct {
	ID          string
	Result      *Result // nil: a system message
	Chunk       int     // from 1
	TotalChunks int
	ChunkSize   int64  // bytes of a full chunk
	Payload     []byte // valid until the next call
}

// Sink is the wire side of a Delivery; a door gives it.
type Sink interface {
	Write(m *Message) error
	Heartbeat() error
	Flush() error
	Peer() Peer
}

// Peer is what is known of the other end of a connection.
type Peer interface {
	// Written counts the bytes handed to the kernel on this connection so far.
	Written() int64
	// Unacked counts the bytes the peer's kernel has not acknowledged;
	// ErrPeerUnknown where this cannot be asked.
	Unacked() (int64, error)
	// Status says whether the connection is open, was closed in order or reset.
	Status() PeerStatus
}

// PeerStatus is the state of the other end.
type PeerStatus int

// The states of a peer.
const (
	PeerOpen PeerStatus = iota
	PeerClosed
	PeerReset
)

// Download is a claimed result on its way to one client.
type Download interface {
	Result() Result
	// Held fails once the claim may be another's: then no more may be written.
	Held() error
	// Done tells that the bytes [from, to) were written to the peer; it
	// waits for their acknowledgement and consumes the result when the
	// acknowledged ranges cover the whole. The claim ends in any case.
	Done(ctx context.Context, peer Peer, from, to int64) error
	// Broke tells that the download broke off after the peer had acknowledged
	// the bytes [from, to): they count for a later, resumed download, and
	// consume nothing by themselves. The claim ends.
	Broke(ctx context.Context, from, to int64)
	// Abort gives the claim back.
	Abort(ctx context.Context)
}

// Sealer encrypts what must not be readable in the database.
type Sealer interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
	// Sum is a keyed hash.
	Sum(data []byte) []byte
}

// Throttle limits how often something may happen, per key.
type Throttle interface {
	// Take takes one token of the key's bucket, which refills at perSecond,
	// or says how long to wait for one.
	Take(key string, perSecond float64) (wait time.Duration)
}

// Quota counts how often something happens within a span of time, per key, in all
// processes together.
type Quota interface {
	// Spend counts one more, or says how long to wait where most are counted
	// already. A span begins with the first that is counted in it and ends after
	// per; then nothing is counted any more.
	Spend(ctx context.Context, key string, most int64, per time.Duration) (wait time.Duration)
}

// ErrPeerUnknown says that the connection cannot tell what was acknowledged.
var ErrPeerUnknown = errors.New("this connection cannot tell what its peer acknowledged")
