package zerotouch_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// family is a reseller with two vendors, and a stranger; each has a device.
type family struct {
	reseller, vendor, sister, stranger *partner
	of                                 map[*partner]zerotouch.Device
}

func (b *bench) family() *family {
	b.tb.Helper()
	f := &family{b.partner("reseller"), b.partner("vendor"), b.partner("sister"), b.partner("stranger"), map[*partner]zerotouch.Device{}}
	f.reseller.vendor(f.vendor)
	f.reseller.vendor(f.sister)
	for i, p := range f.all() {
		f.of[p] = p.claims(zerotouch.Identifier{IMEI: imei(i + 1), Serial: "SAME"})
	}
	return f
}

func (f *family) all() []*partner { return []*partner{f.reseller, f.vendor, f.sister, f.stranger} }

// sees reports whether one partner sees what another has.
func (f *family) sees(who, whose *partner) bool {
	return who == whose || (who == f.reseller && whose != f.stranger)
}

func TestWhoSeesAndTouchesWhatAmongPartners(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		f := b.family()
		ctx := t.Context()
		for _, who := range f.all() {
			for _, whose := range f.all() {
				d := f.of[whose]
				pair := who.caller.Client.Name + " and " + whose.caller.Client.Name + "'s device"
				check := func(use string, err error, code tasks.Code, reason zerotouch.Reason) {
					t.Helper()
					if err != nil && code == "" || err == nil && code != "" || err != nil && (tasks.CodeOf(err) != code || zerotouch.ReasonOf(err) != reason) {
						t.Errorf("%s, %s: %v, want %s %s", pair, use, err, code, reason)
					}
				}
				absent, missing := tasks.CodeNotFound, zerotouch.InvalidDevice
				if f.sees(who, whose) {
					absent, missing = "", ""
				}
				_, err := who.get(d.ID)
				check("GetDevice", err, absent, missing)
				if n := len(who.found(phone(int(d.ID)))); (n == 1) != f.sees(who, whose) {
					t.Errorf("%s: FindByIdentifier finds %d", pair, n)
				}
				_, err = who.registry.FindByOwner(ctx, who.caller, who.id, zerotouch.OwnerQuery{Customers: []zerotouch.CustomerID{whose.customer}, Section: zerotouch.ZeroTouch, Limit: 1})
				if f.sees(who, whose) {
					check("FindByOwner", err, "", "")
				} else {
					check("FindByOwner", err, tasks.CodeInvalid, zerotouch.InvalidCustomer)
				}
				// Nobody claims for another's customer, nor what another has.
				if who != whose {
					claim := who.request(phone(1000))
					claim.Owner.Customer = whose.customer
					_, err = who.registry.Claim(ctx, who.caller, who.id, claim)
					if f.sees(who, whose) {
						check("Claim for the customer", err, tasks.CodeNotPermitted, zerotouch.NotAuthorized)
					} else {
						check("Claim for the customer", err, tasks.CodeInvalid, zerotouch.InvalidCustomer)
					}
					_, err = who.registry.Claim(ctx, who.caller, who.id, who.request(phone(int(d.ID))))
					check("Claim", err, tasks.CodeUnique, zerotouch.AlreadyExists)
				}
				_, err = who.registry.SetMetadata(ctx, who.caller, who.id, d.ID, map[string]string{"ordernumber": who.caller.Client.Name})
				switch {
				case who == whose:
					check("SetMetadata", err, "", "")
				case f.sees(who, whose):
					check("SetMetadata", err, tasks.CodeNotPermitted, zerotouch.NotAuthorized)
				default:
					check("SetMetadata", err, tasks.CodeNotFound, zerotouch.InvalidDevice)
				}
				if !f.sees(who, whose) {
					check("Unclaim", who.unclaim(d.ID), tasks.CodeNotFound, zerotouch.InvalidDevice)
				}
				_, err = who.registry.VendorCustomers(ctx, who.caller, who.id, whose.id, zerotouch.PageQuery{})
				if who != whose && f.sees(who, whose) {
					check("VendorCustomers", err, "", "")
				} else {
					check("VendorCustomers", err, tasks.CodeNotFound, zerotouch.InvalidReseller)
				}
				for use, err := range f.as(ctx, who, whose) { // with a token of who, in the name of whose
					if who != whose {
						check(use, err, tasks.CodeNotPermitted, zerotouch.InvalidReseller)
					}
				}
			}
		}
		if n := len(f.reseller.found(zerotouch.Identifier{Serial: "same"})); n != 3 {
			t.Errorf("the reseller finds %d devices by a serial number that four have", n)
		}
		if page := f.reseller.owned(f.vendor.customer, f.reseller.customer); page.Total != 2 || len(page.List) != 2 {
			t.Errorf("the reseller sees %d of two devices", page.Total)
		}

		// The reseller may unclaim its vendor's device, and then claim it.
		must(t, f.reseller.unclaim(f.of[f.vendor].ID))
		if d := f.reseller.claims(phone(2)); d.Metadata != nil || d.Registrar != f.reseller.id {
			t.Errorf("the reseller got %+v", d)
		}
		_, err := f.vendor.get(f.of[f.vendor].ID)
		wantFault(t, err, tasks.CodeNotFound, zerotouch.InvalidDevice)
		must(t, b.devices.RemoveVendor(ctx, f.reseller.id, f.sister.id))
		_, err = f.reseller.get(f.of[f.sister].ID)
		wantFault(t, err, tasks.CodeNotFound, zerotouch.InvalidDevice)
	})
}

// as uses every use case with who's token in the name of whose.
func (f *family) as(ctx context.Context, who, whose *partner) map[string]error {
	r, c, p, d := who.registry, who.caller, whose.id, f.of[whose]
	errs := map[string]error{}
	if who == whose {
		return errs
	}
	_, errs["CreateCustomer"] = r.CreateCustomer(ctx, c, p, zerotouch.Customer{Company: "x", Owners: []string{"a@company.example"}})
	_, errs["Customers"] = r.Customers(ctx, c, p, zerotouch.PageQuery{})
	_, errs["Vendors"] = r.Vendors(ctx, c, p, zerotouch.PageQuery{})
	_, errs["VendorCustomers"] = r.VendorCustomers(ctx, c, p, f.vendor.id, zerotouch.PageQuery{})
	_, errs["Claim"] = r.Claim(ctx, c, p, whose.request(phone(2000)))
	errs["Unclaim"] = r.Unclaim(ctx, c, p, zerotouch.UnclaimRequest{Device: d.ID, Section: zerotouch.ZeroTouch})
	_, errs["SetMetadata"] = r.SetMetadata(ctx, c, p, d.ID, map[string]string{})
	_, errs["GetDevice"] = r.GetDevice(ctx, c, p, d.ID)
	_, errs["SIMLock"] = r.SIMLock(ctx, c, p, d.Identifier)
	_, errs["FindByIdentifier"] = r.FindByIdentifier(ctx, c, p, zerotouch.IdentifierQuery{Identifier: d.Identifier, Limit: 1})
	_, errs["FindByOwner"] = r.FindByOwner(ctx, c, p, zerotouch.OwnerQuery{Customers: []zerotouch.CustomerID{whose.customer}, Section: zerotouch.ZeroTouch, Limit: 1})
	_, errs["a batch"] = zerotouch.NewBatches(r, nil).Claim(ctx, c, p, nil)
	return errs
}

func TestATokenNeedsTheActionThatDoesTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		d := p.claims(phone(1))
		p.caller.Token.Allow = []tasks.Permission{{Service: zerotouch.Slug, Action: "update-device-metadata"}}
		if _, err := p.registry.SetMetadata(t.Context(), p.caller, p.id, d.ID, map[string]string{"ordernumber": "1"}); err != nil {
			t.Error(err)
		}
		if _, err := p.get(d.ID); err != nil {
			t.Error(err)
		}
		_, err := p.registry.Claim(t.Context(), p.caller, p.id, p.request(phone(2)))
		wantFault(t, err, tasks.CodeNotPermitted, zerotouch.NotAuthorized)
		wantFault(t, p.unclaim(d.ID), tasks.CodeNotPermitted, zerotouch.NotAuthorized)
		p.caller.Token.Allow = []tasks.Permission{{Service: "tracker", Action: "*"}}
		_, err = p.get(d.ID)
		wantFault(t, err, tasks.CodeNotPermitted, zerotouch.NotAuthorized)
	})
}

func TestATokenForSomeCustomersClaimsForThemOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		other := p.newCustomer("other")
		p.caller.Token.Allow = []tasks.Permission{{Service: zerotouch.Slug, Action: "claim-devices", Parameter: "customer", Value: fmt.Sprint(int64(p.customer))}}
		d := p.claims(phone(1))
		for name, owner := range map[string]zerotouch.Owner{"another customer": {Customer: other}, "a workspace": {Workspace: "C012abc"}, "nobody": {}} {
			request := p.request(phone(2))
			request.Owner = owner
			_, err := p.registry.Claim(t.Context(), p.caller, p.id, request)
			wantFault(t, err, tasks.CodeNotPermitted, zerotouch.NotAuthorized)
			if t.Failed() {
				t.Fatalf("it claimed for %s", name)
			}
		}
		_, err := p.registry.CreateCustomer(t.Context(), p.caller, p.id, zerotouch.Customer{Company: "third", Owners: []string{"owner@company.example"}})
		wantFault(t, err, tasks.CodeNotPermitted, zerotouch.NotAuthorized)
		if _, err := p.get(d.ID); err != nil {
			t.Errorf("it may not look: %v", err)
		}
	})
}

func TestVendorsAreOneLevelDeep(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		f := b.family()
		for name, pair := range map[string][2]*partner{
			"of two":          {f.stranger, f.vendor},
			"itself":          {f.stranger, f.stranger},
			"a reseller":      {f.stranger, f.reseller},
			"of a vendor":     {f.vendor, f.stranger},
			"in both ways":    {f.vendor, f.reseller},
			"of one's sister": {f.vendor, f.sister},
		} {
			if err := b.devices.AddVendor(t.Context(), pair[0].id, zerotouch.Vendor{ID: pair[1].id}); tasks.CodeOf(err) != tasks.CodeUnique {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(t, b.devices.AddVendor(t.Context(), f.reseller.id, zerotouch.Vendor{ID: f.vendor.id, Company: "New name"}))
		page, err := b.registry.Vendors(t.Context(), f.reseller.caller, f.reseller.id, zerotouch.PageQuery{Size: 1})
		must(t, err)
		if diff := cmp.Diff([]zerotouch.Vendor{{ID: f.vendor.id, Company: "New name"}}, page.List); diff != "" || page.Total != 2 {
			t.Error(diff, page.Total)
		}
		page, err = b.registry.Vendors(t.Context(), f.reseller.caller, f.reseller.id, zerotouch.PageQuery{Size: 1, Token: page.Next})
		if err != nil || len(page.List) != 1 || page.List[0].ID != f.sister.id || page.Next != "" {
			t.Errorf("the second page is %+v, %v", page, err)
		}
	})
}
