package tasks

import "time"

// Task is one run of an action for an account, as the store keeps it.
type Task struct {
	ID       ID
	Number   int64 // a decimal name, unique in the store; above 0
	Client   ClientID
	Service  string
	Action   string
	Account  string
	Protocol Protocol
	Stream   string // of an aschannel task

	State       State
	Priority    Priority
	Progress    int   // 0 to 100
	Items       Tally // of a batch action
	Attempt     int   // the fencing number: grows with every run that is started
	Tries       int   // how many runs were started and count
	CancelAsked bool
	CreatedAt   time.Time
	RunAt       time.Time
	StartedAt   time.Time // zero: never
	EndedAt     time.Time // zero: not yet
	Deadline    time.Time // zero: none
	ErrorCode   Code
	ErrorDetail string
	// Subscription is the one whose occurrence the task is; zero: of none.
	Subscription ID
	Retrieved    bool // the result was consumed
	Expired      bool // the result was deleted unconsumed
}

// Fetchable reports whether the store holds a result of this task that can be
// fetched.
func (t *Task) Fetchable() bool {
	return t.Protocol == ASStore && t.State == Published && !t.Retrieved && !t.Expired
}

// Tally counts the items of a batch by outcome.
type Tally struct {
	Total     int64 // entries found in the input; 0 while unknown
	Created   int64
	Updated   int64
	Unchanged int64
	Skipped   int64
	Failed    int64
}

// Done counts the items that have an outcome.
func (t Tally) Done() int64 { return t.Succeeded() + t.Skipped + t.Failed }

// Succeeded counts the items that are as the client wanted them.
func (t Tally) Succeeded() int64 { return t.Created + t.Updated + t.Unchanged }

// Add counts one more outcome.
func (t *Tally) Add(o Outcome) { t.AddN(o, 1) }

// AddN counts n more of an outcome.
func (t *Tally) AddN(o Outcome, n int64) {
	switch o {
	case Created:
		t.Created += n
	case Updated:
		t.Updated += n
	case Unchanged:
		t.Unchanged += n
	case Skipped:
		t.Skipped += n
	case ItemFailed:
		t.Failed += n
	}
}

// Outcome is what became of one item.
type Outcome string

// The outcomes of items.
const (
	Created    Outcome = "created"
	Updated    Outcome = "updated"
	Unchanged  Outcome = "unchanged"
	Skipped    Outcome = "skipped"
	ItemFailed Outcome = "failed"
)

// Item is one row of a batch task with its own outcome.
type Item struct {
	Index   int64  // the row's place in the input, from 0
	Key     string // names the row for the client
	Outcome Outcome
	Reason  string            // why, where it was skipped, failed or changed in a way worth saying
	Refs    map[string]string // what it became, such as "tracker": its name
}

// NewTask is a validated submission on its way to the store.
type NewTask struct {
	Client   ClientID
	Service  string
	Action   string
	Account  string
	Protocol Protocol
	Stream   string
	Priority Priority
	RunAt    time.Time // zero: now
	Deadline time.Time // zero: none
	Values   map[string][]string
	Sealed   []byte // the encrypted secret parameters
	Inputs   []Input
	// MaxAttempts is how often the task may be started before it fails.
	MaxAttempts int
	// OpenTasks is the greatest number of open tasks the client may have.
	OpenTasks int64
	// Key makes the submission idempotent; nil: it is not.
	Key *SubmitKey
	// Refused is why the submission makes no task; it is answered only where its
	// Key names an earlier one. nil: it is not refused.
	Refused *Error
	// Webhook is the token whose webhook is told of the end; empty: none.
	Webhook string
	// KeepItems says that the items stay after the end, see Action.
	KeepItems bool
	// Subscription is the one whose occurrence this is; zero: of none.
	Subscription ID
	// Dispatched says that a place in the queue was reserved and the caller
	// enqueues the task right after the commit.
	Dispatched bool
}

// SubmitKey makes submissions that share it one task, for a time.
type SubmitKey struct {
	Kind  string // "key" (Idempotency-Key) or "unique" (_unique_for)
	Key   string
	Body  []byte        // keyed hash of the submission
	Keeps time.Duration // how long the key is remembered
}

// Input is an uploaded file that is durable before its task: inline when it is
// small, else in the blob store.
type Input struct {
	Parameter   string
	Filename    string
	ContentType string
	Size        int64
	Inline      []byte
	Blob        string // key in the blob store; empty: inline
	SHA256      [32]byte
}

// Submitted answers a submission.
type Submitted struct {
	Task     Task
	Replayed bool // an earlier submission with the same key made it
}

// Dispatch names one passage of a task through the queue. Its number grows with
// every passage, so that a retry never collides with its forerunner.
type Dispatch struct {
	Task     ID
	Number   int
	Priority Priority
}

// Fence names one run of a task. Every write of a run carries it; a run that
// lost its lease can write nothing any more.
type Fence struct {
	Task    ID
	Attempt int
}

// Assignment is what a worker gets when it starts a task.
type Assignment struct {
	Task        Task
	MaxAttempts int
	Values      map[string][]string
	Sealed      []byte
	Inputs      []Input
}

// Fence gives the fence of the run that was assigned.
func (a Assignment) Fence() Fence { return Fence{a.Task.ID, a.Task.Attempt} }

// Ending is how a run ended.
type Ending struct {
	Fence
	State       State // Published, PublishFailed, Failed or Cancelled; Pending: again at RetryAt
	RetryAt     time.Time
	Uncounted   bool // with Pending: the attempt does not count (the worker shuts down)
	Progress    int
	Items       Tally
	ErrorCode   Code
	ErrorDetail string
	Result      *Result // what is published with the ending; nil: nothing
}

// TaskFilter selects tasks of one client for a listing.
type TaskFilter struct {
	States  []State
	Service string
	Actions []string // one of these
	Account string
	Since   time.Time // created at or after
	Until   time.Time // created before
	First   ID        // ids at or after; zero: from the oldest
	Last    ID        // ids at or before; zero: to the newest
	Limit   int
	After   ID // the Next of the page before; zero: from the newest
}

// TaskPage is a page of a listing.
type TaskPage struct {
	Tasks []Task
	// Next is the After of the next page; zero: this was the last one. A
	// filter that matches few tasks makes pages that are short, or empty, and
	// not the last: one page looks at a bounded number of tasks.
	Next ID
}
