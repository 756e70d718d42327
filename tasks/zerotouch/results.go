package zerotouch

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"strconv"

	"asapi/tasks"
)

// Desk is what batches need of the use cases of tasks.
type Desk interface {
	Submit(ctx context.Context, c tasks.Caller, s tasks.Submission) (tasks.Receipt, error)
	// Items gives the items of a task that the caller sees, in their order.
	Items(ctx context.Context, c tasks.Caller, id tasks.ID) iter.Seq2[tasks.Item, error]
	// TaskByNumber finds a task that the caller sees; tasks.CodeNotFound.
	TaskByNumber(ctx context.Context, c tasks.Caller, number int64) (tasks.Task, error)
}

// Batches hands the requests of batches over to tasks, and reads what became of
// their entries.
type Batches struct {
	registry *Registry
	desk     Desk
}

// NewBatches makes Batches.
func NewBatches(r *Registry, desk Desk) *Batches { return &Batches{r, desk} }

// BatchAccount is the account that batches of the reseller API run for; it is
// registered with the first one.
const BatchAccount = "partner"

// Claim submits the body of a request to claim devices, {"claims": [...]}, which is
// read while it arrives. What is wrong with a single entry shows in its Result;
// what makes the body unreadable as a whole ends the task as failed.
func (b *Batches) Claim(ctx context.Context, c tasks.Caller, partner PartnerID, body io.Reader) (tasks.Task, error) {
	return b.submit(ctx, c, partner, claimKind, body)
}

// Unclaim submits the body of a request to unclaim devices, {"unclaims": [...]}.
func (b *Batches) Unclaim(ctx context.Context, c tasks.Caller, partner PartnerID, body io.Reader) (tasks.Task, error) {
	return b.submit(ctx, c, partner, unclaimKind, body)
}

// UpdateMetadata submits the body of a request to update metadata,
// {"updates": [...]}.
func (b *Batches) UpdateMetadata(ctx context.Context, c tasks.Caller, partner PartnerID, body io.Reader) (tasks.Task, error) {
	return b.submit(ctx, c, partner, metadataKind, body)
}

func (b *Batches) submit(ctx context.Context, c tasks.Caller, partner PartnerID, k *kind, body io.Reader) (tasks.Task, error) {
	if err := enter(c, partner, k.slug); err != nil {
		return tasks.Task{}, err
	}
	if err := b.registry.store.EnsureAccount(ctx, tasks.Account{Client: c.Client.ID, Service: Slug, Username: BatchAccount}); err != nil {
		return tasks.Task{}, err
	}
	done, err := b.desk.Submit(ctx, c, tasks.Submission{Fields: func(yield func(tasks.Field, error) bool) {
		_ = yield(tasks.Field{Name: "service", Value: Slug}, nil) &&
			yield(tasks.Field{Name: "account", Value: BatchAccount}, nil) &&
			yield(tasks.Field{Name: "action", Value: k.slug}, nil) &&
			yield(tasks.Field{Name: "file", File: &tasks.Incoming{Filename: k.member + ".json", ContentType: "application/json", Body: body}}, nil)
	}})
	return done.Task, err
}

// CheckEntries reads a body as the task of the action would and gives how many
// entries it has; an unreadable one is tasks.CodeUnsupportedFormat.
func CheckEntries(action string, body io.Reader) (n int64, err error) {
	k := kindOf(action)
	if k == nil {
		return 0, &tasks.Error{Code: tasks.CodeInvalidAction, Field: "action", Message: "This action has no entries."}
	}
	err = readEntries(body, k, func(entry) error {
		n++
		return nil
	})
	return n, err
}

// Result says what became of one entry of a batch.
type Result struct {
	Device  DeviceID // 0: none
	Status  Status
	Reason  Reason // empty: Success
	Message string
	Entry   json.RawMessage // the entry as it was asked for; nil: it was no entry
}

// IsBatch reports whether the task is one of the service's batches.
func IsBatch(t *tasks.Task) bool { return t.Service == Slug && kindOf(t.Action) != nil }

// EntryName gives the member of a per-device status that repeats the entries of the
// task: claim, unclaim or updateMetadata; empty where the task is no batch.
func EntryName(t *tasks.Task) string {
	if k := kindOf(t.Action); k != nil && t.Service == Slug {
		return k.told
	}
	return ""
}

// Results reads what became of a batch's entries so far, in their order. They are
// there as long as the task is, also after its result was consumed, and are not
// held in memory.
func (b *Batches) Results(ctx context.Context, c tasks.Caller, t *tasks.Task) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		for item, err := range b.desk.Items(ctx, c, t.ID) {
			if !yield(resultOf(item), err) || err != nil {
				return
			}
		}
	}
}

func resultOf(item tasks.Item) Result {
	r := Result{Status: Status(item.Refs[refStatus]), Reason: Reason(item.Refs[refReason]), Entry: json.RawMessage(item.Refs[refEntry])}
	if item.Outcome == tasks.ItemFailed {
		r.Message = item.Reason
	}
	if n, err := strconv.ParseInt(item.Refs[refID], 10, 64); err == nil {
		r.Device = DeviceID(n)
	}
	if r.Status == "" {
		r.Status = UnknownError
	}
	return r
}
