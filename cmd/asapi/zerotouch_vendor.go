package main

import (
	"context"

	"asapi/store"
	devices "asapi/store/zerotouch"
	"asapi/tasks/zerotouch"
)

type zerotouchVendorCmd struct {
	Add    zerotouchVendorAddCmd    `cmd:"" help:"Make a client a vendor of a partner, who then sees its customers and devices."`
	List   zerotouchVendorListCmd   `cmd:"" help:"List the vendors of a partner."`
	Remove zerotouchVendorRemoveCmd `cmd:"" help:"Make a vendor independent; what it has stays its own."`
}

// vendored is a command for one vendor of a partner.
type vendored struct {
	partnered
	Vendor string `arg:"" help:"Client who is the vendor."`
}

func (c *vendored) withVendor(ctx context.Context, work func(kept *devices.Store, p, vendor zerotouch.PartnerID) error) error {
	return c.withPartner(ctx, func(s *store.Store, kept *devices.Store, p zerotouch.PartnerID) error {
		client, err := s.ClientByName(ctx, c.Vendor)
		if err != nil {
			return err
		}
		return work(kept, p, zerotouch.PartnerOf(client.ID))
	})
}

type zerotouchVendorAddCmd struct {
	vendored
	Company string `help:"Name of the vendor's company; default: that of the client."`
}

func (c *zerotouchVendorAddCmd) Run(ctx context.Context, t *terminal) error {
	return c.withVendor(ctx, func(kept *devices.Store, p, vendor zerotouch.PartnerID) error {
		company := c.Company
		if company == "" {
			company = c.Vendor
		}
		if err := kept.AddVendor(ctx, p, zerotouch.Vendor{ID: vendor, Company: company}); err != nil {
			return err
		}
		return tellVendor(t, p, zerotouch.Vendor{ID: vendor, Company: company})
	})
}

// vendorLine is a vendor as scripts see it.
type vendorLine struct {
	ID      zerotouch.PartnerID `json:"id"`
	Name    string              `json:"name"`
	Company string              `json:"company"`
}

func tellVendor(t *terminal, p zerotouch.PartnerID, v zerotouch.Vendor) error {
	if t.interactive() {
		return t.printf("%d  %s\n", int64(v.ID), v.Company)
	}
	return t.json(vendorLine{v.ID, zerotouch.VendorName(p, v.ID), v.Company})
}

type zerotouchVendorListCmd struct{ partnered }

func (c *zerotouchVendorListCmd) Run(ctx context.Context, t *terminal) error {
	return c.withPartner(ctx, func(_ *store.Store, kept *devices.Store, p zerotouch.PartnerID) error {
		for after := zerotouch.PartnerID(0); ; {
			list, _, err := kept.Vendors(ctx, p, after, listedAtOnce)
			if err != nil {
				return err
			}
			for _, v := range list {
				after = v.ID
				if err := tellVendor(t, p, v); err != nil {
					return err
				}
			}
			if len(list) < listedAtOnce {
				return nil
			}
		}
	})
}

type zerotouchVendorRemoveCmd struct{ vendored }

func (c *zerotouchVendorRemoveCmd) Run(ctx context.Context, _ *terminal) error {
	return c.withVendor(ctx, func(kept *devices.Store, p, vendor zerotouch.PartnerID) error {
		return kept.RemoveVendor(ctx, p, vendor)
	})
}
