package tasks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"time"
)

// InlineLimit is the greatest size of bytes that live in a database row; what is
// larger goes to the blob store.
const InlineLimit = 64 << 10

// Result is the bytes a task left, and what describes them.
type Result struct {
	Seq         int64 // the store's number: the order on a stream
	Task        ID
	Client      ClientID
	Stream      string // empty for the result store
	Service     string
	Action      string
	Account     string
	Success     bool
	ContentType string
	Filename    string
	Size        int64
	SHA256      [32]byte
	Inline      []byte
	Blob        string // key in the blob store; empty: inline
	CreatedAt   time.Time
}

// Claim is the right of one holder to deliver some results. Consuming is
// refused once the claim is lost.
type Claim struct {
	ID      int64
	Stream  string
	Results []Result
}

// Event tells watchers that a task changed; the store stays the truth, events
// may be lost.
type Event struct {
	Task     ID       `json:"t"`
	Client   ClientID `json:"c"`
	Stream   string   `json:"s,omitempty"` // set when a message waits there
	State    State    `json:"e"`
	Progress int      `json:"p,omitempty"`
	Cancel   bool     `json:"x,omitempty"` // the client asked for a cancellation
	New      bool     `json:"n,omitempty"` // the task was just submitted
}

// FailureResult is the message that tells a stream that a task failed or was
// cancelled; nil for the result store, where the status says it.
func FailureResult(t *Task) *Result {
	if t.Protocol != ASChannel {
		return nil
	}
	payload, err := json.Marshal(map[string]any{
		"success": false, "error": Failed.Sentence(),
		"error_code": t.ErrorCode, "error_detail": t.ErrorDetail, "progress": t.Progress,
		"items": map[string]int64{"total": t.Items.Total, "succeeded": t.Items.Succeeded(), "failed": t.Items.Failed},
	})
	if err != nil { // strings and numbers always marshal
		payload = []byte(`{"success":false}`)
	}
	r := ResultFor(t, Result{ContentType: "application/json", Inline: payload, Size: int64(len(payload)), SHA256: sha256.Sum256(payload)})
	return &r
}

// ResultFor completes the bytes' description r with what task they belong to.
func ResultFor(t *Task, r Result) Result {
	r.Task, r.Client, r.Stream = t.ID, t.Client, t.Stream
	r.Service, r.Action, r.Account = t.Service, t.Action, t.Account
	return r
}

// OpenResult reads length bytes of a result from offset; length below 0: to the
// end. Both must lie inside the result.
func OpenResult(ctx context.Context, blobs Blobs, r Result, offset, length int64) (io.ReadCloser, error) {
	if length < 0 {
		length = r.Size - offset
	}
	if r.Blob == "" {
		return io.NopCloser(bytes.NewReader(r.Inline[offset : offset+length])), nil
	}
	return blobs.Open(ctx, r.Blob, offset, length)
}
