package zerotouch

import (
	"context"

	"asapi/tasks"
)

// The actions.
const (
	claimSlug    = "claim-devices"
	unclaimSlug  = "unclaim-devices"
	metadataSlug = "update-device-metadata"
)

var actionSlugs = []string{claimSlug, unclaimSlug, metadataSlug}

// NewService describes the service over a registry.
func NewService(r *Registry) tasks.Service {
	return tasks.Service{Slug: Slug, Name: "Zero-touch", Actions: []tasks.Action{
		tasks.NewAction(tasks.Action{
			Slug: claimSlug, Name: "Claim Devices", KeepItems: true,
			Description: "Enrolls the devices of a file for customers. Each entry gets an outcome of its own, in the order of the file; a file that cannot be read to its end changes nothing.",
		}, func(ctx context.Context, run *tasks.Run, p claimParams) error {
			return process(ctx, r, run, p.File, claimKind, CustomerID(p.Customer))
		}),
		tasks.NewAction(tasks.Action{
			Slug: unclaimSlug, Name: "Unclaim Devices", KeepItems: true,
			Description: "Takes the devices of a file back from their customers, or lets their claims rest for a time. Each entry gets an outcome of its own.",
		}, func(ctx context.Context, run *tasks.Run, p unclaimParams) error {
			return process(ctx, r, run, p.File, unclaimKind, 0)
		}),
		tasks.NewAction(tasks.Action{
			Slug: metadataSlug, Name: "Update Device Metadata", KeepItems: true,
			Description: "Sets metadata of the devices of a file. Each entry gets an outcome of its own.",
		}, func(ctx context.Context, run *tasks.Run, p metadataParams) error {
			return process(ctx, r, run, p.File, metadataKind, 0)
		}),
	}}
}

// customerParameter names the parameter customer of claim-devices.
const customerParameter = "customer"

type claimParams struct {
	File     tasks.File `param:"file" doc:"The devices: {\"claims\": [...]} as the reseller API has it, one such claim a line (NDJSON), or CSV with a heading such as imei,serial,manufacturer,model,ordernumber."`
	Customer int64      `param:"customer" optional:"true" doc:"The id of the customer, for entries that name none."`
}

// Check implements tasks.Checker.
func (p claimParams) Check() tasks.Faults {
	if p.Customer < 0 {
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: customerParameter, Message: "customer must be the id of a customer, a number above 0."}}
	}
	return nil
}

type unclaimParams struct {
	File tasks.File `param:"file" doc:"The devices: {\"unclaims\": [...]} as the reseller API has it, one such entry a line (NDJSON), or CSV with a heading such as deviceid or imei,serial,manufacturer,model."`
}

type metadataParams struct {
	File tasks.File `param:"file" doc:"The devices: {\"updates\": [...]} as the reseller API has it, one such entry a line (NDJSON), or CSV with a heading such as deviceid,ordernumber or imei,phonenumber."`
}

// process does a batch: it reads the file through once, and takes its entries over
// when it could be read to its end, from the first one on that no earlier attempt
// settled.
func process(ctx context.Context, r *Registry, run *tasks.Run, f tasks.File, k *kind, customer CustomerID) error {
	next, err := run.Resume(ctx)
	if err != nil {
		return err
	}
	known := run.Task.Items.Total // 0 unless an earlier attempt read the file through
	run.Expect(known)
	var total int64
	err = readFile(ctx, f, k, func(entry) error {
		if total++; total%1000 == 0 {
			return run.Progress(ctx, next, known)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if total == 0 {
		return unreadable("The file has no devices.")
	}
	run.Expect(total)
	b := &batch{
		store: r.store, partner: PartnerOf(run.Task.Client), run: run.Fence(), next: next,
		settled: func(ctx context.Context, settled []Settled) error {
			items := make([]tasks.Item, len(settled))
			for i := range settled {
				items[i] = settled[i].Item
			}
			return run.Recorded(ctx, items...)
		},
	}
	err = readFile(ctx, f, k, func(e entry) error { return b.add(ctx, e.forCustomer(customer)) })
	if err != nil {
		return err
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	return run.Report(ctx, nil)
}
