package zerotouch

import (
	"context"
	"fmt"

	"asapi/tasks"
)

// Imported is a row of a file with what became of it.
type Imported struct {
	Row     int64 // from 1; the heading is not counted
	Key     string
	Outcome tasks.Outcome
	Result
}

// Import claims the devices of a file outside of any task, for those who have the
// database at hand. customer is for rows that name none; 0: there is no such one.
// A file that cannot be read to its end changes nothing. each is called with every
// row in order, once it is kept; interrupted, the import can be repeated.
func Import(ctx context.Context, store Store, partner PartnerID, customer CustomerID, f tasks.File, each func(Imported) error) (tasks.Tally, error) {
	var tally tasks.Tally
	err := readFile(ctx, f, claimKind, func(entry) error {
		tally.Total++
		return ctx.Err()
	})
	if err != nil {
		return tally, err
	}
	b := &batch{store: store, partner: partner, settled: func(_ context.Context, settled []Settled) error {
		for _, s := range settled {
			item := s.item(partner)
			tally.Add(item.Outcome)
			if err := each(Imported{item.Index + 1, item.Key, item.Outcome, resultOf(item)}); err != nil {
				return fmt.Errorf("tell row %d: %w", item.Index+1, err)
			}
		}
		return nil
	}}
	err = readFile(ctx, f, claimKind, func(e entry) error { return b.add(ctx, e.forCustomer(customer)) })
	if err != nil {
		return tally, err
	}
	return tally, b.flush(ctx)
}

// NewCustomer makes a customer for those who have the database at hand, by the
// rules of Registry.CreateCustomer.
func NewCustomer(ctx context.Context, store Store, partner PartnerID, draft Customer) (Customer, error) {
	draft, faults := draft.check()
	if len(faults) > 0 {
		return Customer{}, faults.Err()
	}
	draft.Partner = partner
	return store.AddCustomer(ctx, draft)
}
