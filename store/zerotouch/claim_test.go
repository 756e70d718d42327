package zerotouch_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

func TestADeviceIsClaimedForOneCustomerAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		request := p.request(zerotouch.Identifier{IMEI: "35-000000-000001-" + imei(1)[14:], Serial: "Ab 12", Manufacturer: "Acme", Model: "One"})
		request.Metadata = map[string]string{"ordernumber": "7", "PhoneNumber": "+1 555"}
		d, err := p.registry.Claim(t.Context(), p.caller, p.id, request)
		must(t, err)
		want := zerotouch.Device{
			ID: d.ID, Registrar: p.id, Identifier: zerotouch.Identifier{IMEI: imei(1), Serial: "Ab 12", Manufacturer: "Acme", Model: "One", Type: zerotouch.Android},
			Claim:    &zerotouch.Claim{Owner: zerotouch.Owner{Customer: p.customer}, Reseller: p.id, Section: zerotouch.ZeroTouch},
			Metadata: map[string]string{"ordernumber": "7", "phonenumber": "+1 555"},
		}
		if diff := cmp.Diff(want, d); diff != "" {
			t.Error(diff)
		}
		again := p.claims(phone(1))
		if diff := cmp.Diff(want, again); diff != "" || d.ID == 0 {
			t.Error("claiming again changes something: " + diff)
		}
		other := p.request(phone(1))
		other.Owner.Customer = p.newCustomer("other")
		_, err = p.registry.Claim(t.Context(), p.caller, p.id, other)
		wantFault(t, err, tasks.CodeUnique, zerotouch.AlreadyExists)
		must(t, p.unclaim(d.ID))
		must(t, p.unclaim(d.ID)) // once more changes nothing
		if kept, err := p.get(d.ID); err != nil || kept.Claim != nil {
			t.Errorf("the unclaimed device is %+v, %v", kept, err)
		}
		moved, err := p.registry.Claim(t.Context(), p.caller, p.id, other)
		if err != nil || moved.ID != d.ID || moved.Claim.Owner != other.Owner {
			t.Errorf("the device went to %+v, %v", moved, err)
		}
		if n := p.owned(p.customer).Total; n != 0 {
			t.Errorf("the first customer has %d devices", n)
		}
	})
}

func TestAClaimLearnsMoreOfADeviceAndRefusesWhatContradicts(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		first := p.claims(zerotouch.Identifier{IMEI: imei(1), Serial: "S1"})
		more := p.claims(zerotouch.Identifier{IMEI: imei(2), IMEI2: imei(1), Manufacturer: "Acme", Model: "One"})
		want := zerotouch.Identifier{IMEI: imei(1), IMEI2: imei(2), Serial: "S1", Manufacturer: "Acme", Model: "One", Type: zerotouch.Android}
		if diff := cmp.Diff(want, more.Identifier); diff != "" || more.ID != first.ID {
			t.Errorf("device %d, then %d: %s", first.ID, more.ID, diff)
		}
		for _, asked := range []zerotouch.Identifier{
			phone(2),
			{Serial: "s1", Manufacturer: "ACME", Model: "one"}, // not in the case it was given
		} {
			if d := p.claims(asked); d.ID != first.ID {
				t.Errorf("%+v made another device", asked)
			}
		}
		third := p.claims(zerotouch.Identifier{IMEI: imei(3), Serial: "S3"})
		for name, wrong := range map[string]zerotouch.Identifier{
			"of two devices":         {IMEI: imei(1), IMEI2: imei(3)},
			"a third number":         {IMEI: imei(1), IMEI2: imei(4)},
			"another serial number":  {IMEI: imei(1), Serial: "S2"},
			"the keys of another":    {IMEI: imei(3), Serial: "S1", Manufacturer: "Acme", Model: "One"},
			"another kind of device": {IMEI: imei(1), Serial: "S1", Model: "One", Attested: "x", Type: zerotouch.ChromeOS},
		} {
			_, err := p.registry.Claim(t.Context(), p.caller, p.id, p.request(wrong))
			if zerotouch.ReasonOf(err) != zerotouch.InvalidIdentifierSet {
				t.Errorf("%s: %v", name, err)
			}
		}
		// That a device has these keys is known only when they are kept.
		p.claims(zerotouch.Identifier{IMEI: imei(5), Manufacturer: "Acme", Model: "One"})
		_, err := p.registry.Claim(t.Context(), p.caller, p.id, p.request(zerotouch.Identifier{IMEI: imei(5), Serial: "S1"}))
		wantFault(t, err, tasks.CodeInvalid, zerotouch.InvalidIdentifierSet)
		if d, err := p.get(third.ID); err != nil || d.Identifier.Serial != "S3" {
			t.Errorf("a refused claim changed the device: %+v, %v", d, err)
		}
	})
}

func TestAClaimRestsDuringAVacation(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		locked := p.request(phone(1))
		locked.SIMProfile = 9
		d, err := p.registry.Claim(t.Context(), p.caller, p.id, locked)
		must(t, err)
		state := func() zerotouch.SIMLock {
			s, err := p.registry.SIMLock(t.Context(), p.caller, p.id, phone(1))
			must(t, err)
			return s
		}
		if s := state(); s != zerotouch.LockedToPartner {
			t.Errorf("the device is %s", s)
		}
		unclaim := zerotouch.UnclaimRequest{Identifier: phone(1), Section: zerotouch.ZeroTouch, VacationDays: 2}
		must(t, p.registry.Unclaim(t.Context(), p.caller, p.id, unclaim))
		resting, err := p.get(d.ID)
		must(t, err)
		if v := resting.Claim.Vacation; v == nil || v.Expire.Sub(v.Start) != 48*time.Hour {
			t.Errorf("the claim rests %+v", v)
		}
		if s := state(); s != zerotouch.Unlocked {
			t.Errorf("the device is %s during its vacation", s)
		}
		other := p.request(phone(1))
		other.Owner = zerotouch.Owner{Workspace: "C012abc"}
		_, err = p.registry.Claim(t.Context(), p.caller, p.id, other)
		wantFault(t, err, tasks.CodeUnique, zerotouch.AlreadyExists)
		unclaim.VacationExpire = time.Now().Add(time.Hour)
		wantFault(t, p.registry.Unclaim(t.Context(), p.caller, p.id, unclaim), tasks.CodeInvalid, zerotouch.InvalidVacation)
		unclaim.VacationDays, unclaim.VacationExpire = 0, time.Now().Add(-time.Hour)
		wantFault(t, p.registry.Unclaim(t.Context(), p.caller, p.id, unclaim), tasks.CodeInvalid, zerotouch.InvalidVacation)
		b.sql("UPDATE devices SET vacation_expire = 2, vacation_start = 1")
		if awake, err := p.get(d.ID); err != nil || awake.Claim == nil || awake.Claim.Vacation != nil {
			t.Errorf("after the vacation the device is %+v, %v", awake.Claim, err)
		}
		if s := state(); s != zerotouch.LockedToPartner {
			t.Errorf("after the vacation the device is %s", s)
		}
		if s, err := b.partner("other").lock(phone(1)); s != zerotouch.LockedToOtherPartner || err != nil {
			t.Errorf("for others the device is %s, %v", s, err)
		}
		if s, err := p.lock(phone(2)); s != zerotouch.Unlocked || err != nil {
			t.Errorf("a device that nobody has is %s, %v", s, err)
		}
	})
}

func (p *partner) lock(i zerotouch.Identifier) (zerotouch.SIMLock, error) {
	return p.registry.SIMLock(p.tb.Context(), p.caller, p.id, i)
}

func TestMetadataIsSetKeyByKey(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		d := p.claims(phone(1))
		set := func(id zerotouch.DeviceID, entries map[string]string) (map[string]string, error) {
			return p.registry.SetMetadata(t.Context(), p.caller, p.id, id, entries)
		}
		_, err := set(d.ID, map[string]string{"ordernumber": "7", "phonenumber": "1"})
		must(t, err)
		all, err := set(d.ID, map[string]string{"phonenumber": "", "ordernumber": "Größe 8\n"})
		if diff := cmp.Diff(map[string]string{"ordernumber": "Größe 8\n"}, all); diff != "" || err != nil {
			t.Error(diff, err)
		}
		_, err = set(d.ID, map[string]string{"annotateduser": "x"})
		wantFault(t, err, tasks.CodeInvalid, zerotouch.InvalidMetadata)
		_, err = set(d.ID, nil)
		wantFault(t, err, tasks.CodeInvalid, zerotouch.InvalidMetadata)
		_, err = set(d.ID, map[string]string{"ordernumber": "a\x00"})
		wantFault(t, err, tasks.CodeInvalid, zerotouch.InvalidMetadata)
		_, err = set(d.ID+1, map[string]string{})
		wantFault(t, err, tasks.CodeNotFound, zerotouch.InvalidDevice)
		book := p.claims(zerotouch.Identifier{Serial: "C1", Model: "Book", Attested: "A-1"})
		if _, err := set(book.ID, map[string]string{"annotateduser": "ann", "annotatedlocation": "here"}); err != nil {
			t.Error(err)
		}
		// Who gets the device next does not see it.
		must(t, p.unclaim(d.ID))
		if next := b.partner("next").claims(phone(1)); next.ID != d.ID || next.Metadata != nil {
			t.Errorf("the next partner gets %+v", next)
		}
	})
}

func TestCustomersAreCompaniesWithCorporateOwners(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		draft := zerotouch.Customer{Company: " Größe & Co ", Owners: []string{"ann@company.example", "bob@company.example"}, Admins: []string{"cy@gmail.com"}, Language: "de"}
		c, err := p.registry.CreateCustomer(t.Context(), p.caller, p.id, draft)
		must(t, err)
		page, err := p.registry.Customers(t.Context(), p.caller, p.id, zerotouch.PageQuery{})
		must(t, err)
		want := draft
		want.ID, want.Partner, want.Company = c.ID, p.id, "Größe & Co"
		if diff := cmp.Diff(want, page.List[1]); diff != "" || page.Total != 2 {
			t.Error(diff, page.Total)
		}
		for name, wrong := range map[string]zerotouch.Customer{
			"no name":            {Owners: draft.Owners},
			"no owner":           {Company: "x"},
			"a personal address": {Company: "x", Owners: []string{"ann@company.example", "bob@GMail.com"}},
			"another one":        {Company: "x", Owners: []string{"bob@yahoo.co.uk"}},
			"no address":         {Company: "x", Owners: []string{"bob"}},
			"a name with it":     {Company: "x", Owners: []string{"Bob <bob@company.example>"}},
			"a control byte":     {Company: "x\x00", Owners: draft.Owners},
		} {
			_, err := p.registry.CreateCustomer(t.Context(), p.caller, p.id, wrong)
			if zerotouch.ReasonOf(err) != zerotouch.InvalidArgument {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
