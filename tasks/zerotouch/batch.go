package zerotouch

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"asapi/tasks"
)

// batchSize is how many entries share a transaction.
const batchSize = 500

// kind is one of the three batches.
type kind struct {
	slug   string
	member string // of the API's request that holds the entries
	told   string // the member that repeats an entry in the API's answer
	entry  func(raw []byte) entry
	row    func(row) entry
}

var (
	claimKind    = &kind{claimSlug, "claims", "claim", entryOf[claimDoc], claimRow}
	unclaimKind  = &kind{unclaimSlug, "unclaims", "unclaim", entryOf[unclaimDoc], unclaimRow}
	metadataKind = &kind{metadataSlug, "updates", "updateMetadata", entryOf[updateDoc], updateRow}
)

// kindOf finds a kind by its action; nil: there is none.
func kindOf(action string) *kind {
	for _, k := range []*kind{claimKind, unclaimKind, metadataKind} {
		if k.slug == action {
			return k
		}
	}
	return nil
}

// entry is one entry of a file as it was read.
type entry struct {
	request request
	told    json.RawMessage // the entry as reports repeat it
	fault   *tasks.Error    // it is no request
}

// entryOf reads an entry of JSON.
func entryOf[D document](raw []byte) entry {
	d, e := parseDocument[D](raw)
	if e != nil {
		return entry{fault: e}
	}
	return entryFrom(d)
}

// entryFrom makes an entry of its document.
func entryFrom(d document) entry {
	told, err := json.Marshal(d.told())
	if err != nil {
		return entry{fault: invalid(InvalidArgument, "", "The entry cannot be repeated: %v.", err)}
	}
	r, e := d.request()
	return entry{request: r, told: told, fault: e}
}

// forCustomer gives a claim that names no customer the one that all are for.
func (e entry) forCustomer(c CustomerID) entry {
	claim, ok := e.request.(ClaimRequest)
	if ok && c != 0 && !claim.Owner.Set() {
		claim.Owner.Customer = c
		e.request = claim
	}
	return e
}

// batch takes over entries, so many at a time.
type batch struct {
	store   Store
	partner PartnerID
	run     tasks.Fence // zero: none
	settled func(context.Context, []Settled) error
	next    int64 // the index of the first entry that is not settled yet
	index   int64 // of the entry that comes
	entries []entry
}

func (b *batch) add(ctx context.Context, e entry) error {
	b.index++
	if b.index <= b.next {
		return nil
	}
	if b.entries = append(b.entries, e); len(b.entries) < batchSize {
		return nil
	}
	return b.flush(ctx)
}

// flush settles the entries at hand in one transaction, in their order.
func (b *batch) flush(ctx context.Context) error {
	if len(b.entries) == 0 {
		return nil
	}
	now := now()
	var want Want
	for i := range b.entries {
		e := &b.entries[i]
		if e.fault != nil {
			continue
		}
		checked, faults := e.request.checked(now)
		if len(faults) > 0 {
			e.fault = faults[0]
			continue
		}
		e.request = checked
		want.add(checked.wants())
	}
	first := b.index - int64(len(b.entries))
	var settled []Settled
	err := b.store.Change(ctx, b.run, b.partner, want, func(h *Held) ([]Settled, error) {
		settled = make([]Settled, len(b.entries))
		for i := range b.entries {
			settled[i] = b.entries[i].settle(h, first+int64(i), now)
		}
		return settled, nil
	})
	if err != nil {
		return err
	}
	clear(b.entries)
	b.entries = b.entries[:0]
	return b.settled(ctx, settled)
}

// What an item says besides its outcome.
const (
	refDevice = "device"    // the resource name
	refID     = "device_id" // its number
	refStatus = "status"
	refReason = "error"
	refEntry  = "entry" // the entry itself, as JSON
)

// item adds to the item which device it became, once that is kept.
func (s Settled) item(p PartnerID) tasks.Item {
	if s.Device != nil {
		s.Item.Refs[refDevice] = s.Device.Name(p)
		s.Item.Refs[refID] = strconv.FormatInt(int64(s.Device.ID), 10)
	}
	return s.Item
}

// settle does what one entry asks for. A fault concerns this entry only.
func (e *entry) settle(h *Held, index int64, now time.Time) Settled {
	s := Settled{Item: tasks.Item{Index: index, Refs: map[string]string{}}}
	if len(e.told) > 0 {
		s.Item.Refs[refEntry] = string(e.told)
	}
	var err error
	if e.request != nil {
		s.Item.Key = e.request.label()
	}
	if e.fault != nil {
		err = e.fault
	} else {
		s.Device, s.Item.Outcome, err = e.request.apply(h, now)
	}
	if s.Item.Refs[refStatus] = string(StatusOf(err)); err != nil {
		told := tasks.FaultsOf(err)[0]
		s.Item.Outcome, s.Item.Reason, s.Item.Refs[refReason] = tasks.ItemFailed, told.Message, string(ReasonOf(told))
	}
	return s
}

// Items are the items of what was settled, once its devices have their ids.
func (h *Held) Items(settled []Settled) []tasks.Item {
	items := make([]tasks.Item, len(settled))
	for i, s := range settled {
		items[i] = s.item(h.Partner)
	}
	return items
}
