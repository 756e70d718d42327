package tasks

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store is the truth. Every method that takes a ClientID sees that client's
// rows only. Errors are *Error where the caller can do something about them;
// ErrLeaseLost where a fence or a claim does not hold any more.
type Store interface {
	IdentityStore
	OAuthStore
	AccountStore
	TaskStore
	ActivityStore
	ResultStore
	WorkStore
	DispatchStore
	RetentionStore
	LoadStore
	SubscriptionStore
}

// IdentityStore keeps clients and tokens.
type IdentityStore interface {
	// CreateClient makes a client; CodeUnique when the name is taken.
	CreateClient(ctx context.Context, name string) (Client, error)
	// ClientByName finds a client; CodeNotFound when there is none.
	ClientByName(ctx context.Context, name string) (Client, error)
	// CreateToken keeps a token under the SHA-256 of its secret and gives it
	// an id and, for aschannel, a stream where it names none. A stream of
	// another client is CodeNotPermitted.
	CreateToken(ctx context.Context, t Token, hash [32]byte) (Token, error)
	// Authenticate finds the token and its client by the secret's hash,
	// also when it is revoked or expired; CodeUnauthorized when unknown.
	Authenticate(ctx context.Context, hash [32]byte) (Caller, error)
	// Tokens lists the tokens of a client, of all clients for 0.
	Tokens(ctx context.Context, client ClientID) ([]Caller, error)
	// RevokeToken revokes a token by its id; CodeNotFound when there is none.
	// Revoking twice changes nothing.
	RevokeToken(ctx context.Context, id string) error
	// EndedTokens gives those of the tokens that are revoked or expired.
	EndedTokens(ctx context.Context, ids []string) ([]string, error)
	// StreamOwner gives the client that a stream belongs to; CodeNotFound.
	StreamOwner(ctx context.Context, stream string) (ClientID, error)
}

// AccountStore keeps accounts.
type AccountStore interface {
	// RegisterAccount makes an account or brings a deregistered one back;
	// CodeUnique when it is registered already.
	RegisterAccount(ctx context.Context, a Account) error
	// DeregisterAccount refuses new submissions from now on and ends the account's
	// subscriptions; CodeNoSuchAccount when it is not registered. With erase it
	// is marked for Erasing.
	DeregisterAccount(ctx context.Context, a Account, erase bool) error
	// Erasing lists accounts whose erasure is not done yet; until Erased they
	// cannot be registered again (CodeUnavailable).
	Erasing(ctx context.Context, limit int) ([]Account, error)
	// Erased forgets the account for good.
	Erased(ctx context.Context, a Account) error
	// FindAccount gives nil when the account is registered, else
	// CodeNoSuchAccount.
	FindAccount(ctx context.Context, a Account) error
	// Accounts lists a client's registered accounts, by service and name.
	Accounts(ctx context.Context, client ClientID) ([]Account, error)
}

// TaskStore keeps tasks as their client sees them.
type TaskStore interface {
	// Submit makes the task durable, or finds the one its key made before,
	// whatever stands against a new one. The account and the open-task limit
	// are checked in the same transaction: CodeNoSuchAccount, CodeLimit,
	// CodeIdempotency, and what Refused says.
	Submit(ctx context.Context, t NewTask) (Submitted, error)
	// Tasks gives those of ids that are the client's, or EveryClient's, in no
	// order.
	Tasks(ctx context.Context, client ClientID, ids []ID) ([]Task, error)
	// TaskByNumber finds a task by its decimal name, of EveryClient too;
	// CodeNotFound when there is none.
	TaskByNumber(ctx context.Context, client ClientID, number int64) (Task, error)
	// ListTasks pages through a client's tasks, newest first. What one page
	// costs does not grow with how many tasks there are, whatever the filter.
	ListTasks(ctx context.Context, client ClientID, f TaskFilter) (TaskPage, error)
	// Cancel ends waiting tasks at once and asks running ones to stop. It
	// gives the tasks found as they are after it. The client may be EveryClient.
	Cancel(ctx context.Context, client ClientID, ids []ID) ([]Task, error)
	// OpenTasksOf lists up to limit ids of tasks of the account that have not
	// ended and were not asked to stop.
	OpenTasksOf(ctx context.Context, a Account, limit int) ([]ID, error)
	// HasOpenTasks reports whether a task of the account has not ended.
	HasOpenTasks(ctx context.Context, a Account) (bool, error)
	// RetryTasks makes failed tasks wait again, with their attempts counted
	// from zero: those of ids, or all that failed since a time when ids is
	// empty. It gives how many.
	RetryTasks(ctx context.Context, client ClientID, ids []ID, since time.Time) (int64, error)
}

// ActivityStore is what watchers are told from. The client may be EveryClient.
type ActivityStore interface {
	// Activities gives up to limit tasks: first those that run, then those
	// that wait to run, most urgent first, then those that ended less than
	// ended ago, newest first. total is how many there are of all three; of
	// the ended ones it counts a hundred thousand at most.
	Activities(ctx context.Context, client ClientID, ended time.Duration, limit int) (list []Task, total int64, err error)
	// Changes gives the tasks that were submitted or ended less than age ago,
	// and those that run. A task may come twice.
	Changes(ctx context.Context, client ClientID, age time.Duration) iter.Seq2[Task, error]
}

// ResultStore keeps results until they are consumed or expire.
type ResultStore interface {
	// Consume marks the results of ids as retrieved and deletes their bytes.
	// It gives those of ids that are ended tasks of the client; consuming
	// again changes nothing.
	Consume(ctx context.Context, client ClientID, ids []ID) ([]ID, error)
	// Hold renews the holder's lease for ttl.
	Hold(ctx context.Context, holder string, ttl time.Duration) error
	// DropEnded ends the claims of all holders whose lease ended.
	DropEnded(ctx context.Context) error
	// Drop ends the holder's lease and all its claims.
	Drop(ctx context.Context, holder string) error
	// ClaimStream claims the oldest unclaimed messages of a stream with a
	// number above after, at most limit, and stops once the bytes that come
	// with it exceed maxBytes; of a result in the blob store these count as
	// InlineLimit. No message: a Claim with no Results and ID 0.
	ClaimStream(ctx context.Context, holder, stream string, after int64, limit int, maxBytes int64) (Claim, error)
	// WaitingStreams gives those of streams that have messages which nobody
	// has claimed.
	WaitingStreams(ctx context.Context, streams []string) ([]string, error)
	// ClaimResult claims the stored result of one task: CodeResultNotFound,
	// CodeResultNotReady, or CodeBusy while another holder has it.
	ClaimResult(ctx context.Context, holder string, client ClientID, id ID) (Claim, error)
	// PeekResult describes a stored result without claiming it.
	PeekResult(ctx context.Context, client ClientID, id ID) (Result, error)
	// ConsumeClaimed consumes results of a claim (all: the claim ends with
	// them). ErrLeaseLost when the claim is not held any more.
	ConsumeClaimed(ctx context.Context, claim int64, results []Result) error
	// ReleaseClaims gives back what claims did not consume, all at the same
	// time: who claims next finds it in its order.
	ReleaseClaims(ctx context.Context, claims ...int64) error
}

// WorkStore is what a worker writes. All times are by the store's clock.
type WorkStore interface {
	// Start makes the task running for one lease; CodeNotFound when it is
	// not to be started (ended, taken, cancelled, gone): drop it silently.
	Start(ctx context.Context, id ID, lease time.Duration) (Assignment, error)
	// Renew extends the leases and says which runs may not go on.
	Renew(ctx context.Context, runs []Fence, lease time.Duration) ([]Stop, error)
	// SaveProgress keeps a run's progress.
	SaveProgress(ctx context.Context, run Fence, progress int, items Tally) error
	// Advance tells that a run came as far as WorkComplete or Publishing.
	Advance(ctx context.Context, run Fence, s State) error
	// RecordItems keeps items of a run, in one fenced transaction.
	RecordItems(ctx context.Context, run Fence, items []Item) error
	// Items reads a task's recorded items in their order.
	Items(ctx context.Context, id ID) iter.Seq2[Item, error]
	// Recorded counts the recorded items and gives the index after the last.
	Recorded(ctx context.Context, id ID) (Tally, int64, error)
	// KeepNotes keeps notes of a run, in one fenced transaction.
	KeepNotes(ctx context.Context, run Fence, notes Notes) error
	// KeptNotes gives those of the named notes of a task that were kept.
	KeptNotes(ctx context.Context, id ID, names []string) (Notes, error)
	// Finish ends a run, or puts its task back, in one transaction with its
	// result. ErrLeaseLost when the run is not current; CodeCancelled when a
	// cancellation won: nothing was written, end it as cancelled.
	Finish(ctx context.Context, e Ending) (Task, error)
}

// Stop tells a worker that a run may not go on.
type Stop struct {
	Fence
	Cause error // ErrLeaseLost or ErrCancelled
}

// DispatchStore is what the dispatcher reads and writes. No cost here grows
// with the backlog.
type DispatchStore interface {
	// Lead takes or renews the one leadership of that name for ttl, and says
	// whether this holder has it.
	Lead(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Resign gives a leadership up.
	Resign(ctx context.Context, name, holder string) error
	// Backlog lists the clients that have tasks of a priority waiting
	// undispatched, with when the first of each is or was due.
	Backlog(ctx context.Context, p Priority) ([]Waiting, error)
	// TakeBacklog marks up to n due tasks of a waiting client as dispatched,
	// oldest first.
	TakeBacklog(ctx context.Context, p Priority, w Waiting, n int) ([]Dispatch, error)
	// Inflight counts per client what is dispatched or running.
	Inflight(ctx context.Context) (map[ClientID]int, error)
	// LostDispatches gives tasks that were dispatched longer ago than age and
	// never started.
	LostDispatches(ctx context.Context, age time.Duration, limit int) ([]Dispatch, error)
	// Redispatch makes what was dispatched and never started wait again:
	// the given ones, or all when none are given.
	Redispatch(ctx context.Context, ds []Dispatch) (int64, error)
	// Epoch gives the queue's epoch as the store knows it, SetEpoch keeps a new one.
	Epoch(ctx context.Context) (string, error)
	SetEpoch(ctx context.Context, epoch string) error
	// Sweep ends or frees what nobody else will: expired leases, passed
	// deadlines, cancelled runs whose worker is gone, dead holders' claims,
	// old keys. It gives the tasks it ended or made to wait again.
	Sweep(ctx context.Context, limit int) ([]Task, error)
	// BlobsInUse gives those of the blobs' keys that an input or a result names.
	BlobsInUse(ctx context.Context, keys []string) (map[string]bool, error)
	// OldestDispatch gives, per client and priority, for how long the oldest
	// dispatched task waits to be started; those without one are absent.
	OldestDispatch(ctx context.Context) ([]Unstarted, error)
}

// RetentionStore deletes what was kept long enough.
type RetentionStore interface {
	// Expire deletes results that nobody consumed in time (their tasks are
	// Expired from then on), inputs of failed tasks, and tasks that ended long
	// ago. It takes at most limit of each kind, of results per client, and says
	// whether there is more.
	Expire(ctx context.Context, keep Retention, limit int) (more bool, err error)
}

// Retention says how long things are kept.
type Retention struct {
	Results time.Duration // unconsumed results, where the client has no time of its own
	Tasks   time.Duration // tasks, after their end
}

// The times where nothing else is configured.
const (
	KeepResults = 7 * 24 * time.Hour
	KeepTasks   = 30 * 24 * time.Hour
)

// Unstarted says for how long a client's oldest dispatched task of a priority
// waits to be started, by the store's clock.
type Unstarted struct {
	Client   ClientID
	Priority Priority
	For      time.Duration
}

// Waiting is a client with a backlog.
type Waiting struct {
	Client ClientID
	Due    time.Time     // of its first task
	In     time.Duration // until then by the store's clock; below 0: it waits since
}

// Blobs keeps bytes that are too large for a row. Keys are made by the store of
// blobs, never from a client's input.
type Blobs interface {
	// Create starts a blob; prefix is "inputs" or "results".
	Create(ctx context.Context, prefix string) (BlobWriter, error)
	// Open reads length bytes from offset; length below 0: to the end.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Delete deletes blobs; one that is not there is no error.
	Delete(ctx context.Context, keys ...string) error
	// Sweep deletes the blobs of a prefix that were written longer ago than
	// olderThan and that inUse does not name; it gives how many.
	Sweep(ctx context.Context, prefix string, olderThan time.Duration, inUse func(keys []string) (map[string]bool, error)) (int, error)
}

// BlobWriter writes one blob. Exactly one of Commit and Abort ends it.
type BlobWriter interface {
	io.Writer
	// Commit makes the blob durable and gives its key.
	Commit() (key string, err error)
	// Abort leaves nothing behind.
	Abort()
}
