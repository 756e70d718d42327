package zerotouchclient_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	provisioning "google.golang.org/api/androiddeviceprovisioning/v1"
)

func TestACustomerIsMadeAndListed(t *testing.T) {
	p := shared.reseller
	made := p.customer(t, "Müller & Söhne")
	if made.Name != p.name()+"/customers/"+strconv.FormatInt(made.CompanyId, 10) || made.CompanyName != "Müller & Söhne" || made.TermsStatus == "" || made.LanguageCode != "de" || len(made.AdminEmails) != 1 {
		t.Errorf("%+v", made)
	}
	if len(made.OwnerEmails) != 0 {
		t.Errorf("the owners are told: %v", made.OwnerEmails)
	}
	p.customer(t, "The Second")
	var pages int
	var found []string
	err := p.api.Partners.Customers.List(p.id).PageSize(1).Pages(t.Context(), func(page *provisioning.ListCustomersResponse) error {
		pages++
		for _, c := range page.Customers {
			found = append(found, c.CompanyName)
		}
		if page.TotalSize < 2 || len(page.Customers) != 1 {
			t.Errorf("a page of one of %d has %d", page.TotalSize, len(page.Customers))
		}
		return nil
	})
	if err != nil || pages < 2 || pages != len(found) {
		t.Errorf("%d pages: %v, %v", pages, found, err)
	}
}

func TestADeviceIsClaimedFoundNotedAndUnclaimed(t *testing.T) {
	p := shared.reseller
	customer := p.customer(t, "Devices Ltd")
	number := imei()
	claimed := p.claimed(t, customer.CompanyId, number)
	if claimed.DeviceId == 0 || claimed.DeviceName != fmt.Sprintf("%s/devices/%d", p.name(), claimed.DeviceId) {
		t.Errorf("%+v", claimed)
	}
	if again := p.claimed(t, customer.CompanyId, number); again.DeviceId != claimed.DeviceId {
		t.Errorf("claimed again it is %+v", again)
	}
	noted, err := p.api.Partners.Devices.Metadata(p.id, claimed.DeviceId, &provisioning.UpdateDeviceMetadataRequest{
		DeviceMetadata: &provisioning.DeviceMetadata{Entries: map[string]string{"ordernumber": "A 7", "phonenumber": "+49 1"}},
	}).Do()
	if err != nil || len(noted.Entries) != 2 || noted.Entries["ordernumber"] != "A 7" {
		t.Errorf("%+v, %v", noted, err)
	}
	got, err := p.api.Partners.Devices.Get(claimed.DeviceName).Do()
	if err != nil {
		t.Fatal(err)
	}
	if got.DeviceIdentifier.Imei != number || got.DeviceMetadata.Entries["ordernumber"] != "A 7" || len(got.Claims) != 1 ||
		got.Claims[0].OwnerCompanyId != customer.CompanyId || got.Claims[0].ResellerId != p.id || got.Claims[0].SectionType != zeroTouch {
		t.Errorf("%+v", got)
	}
	found, err := p.api.Partners.Devices.FindByIdentifier(p.id, &provisioning.FindDevicesByDeviceIdentifierRequest{
		DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: number}, Limit: 1,
	}).Do()
	if err != nil || len(found.Devices) != 1 || found.Devices[0].DeviceId != claimed.DeviceId || found.TotalSize != 1 || found.NextPageToken != "" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := p.api.Partners.Devices.Unclaim(p.id, &provisioning.UnclaimDeviceRequest{DeviceId: claimed.DeviceId, SectionType: zeroTouch, VacationModeDays: 3}).Do(); err != nil {
		t.Fatal(err)
	}
	got, err = p.api.Partners.Devices.Get(claimed.DeviceName).Do()
	if err != nil || len(got.Claims) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if expire, err := time.Parse(time.RFC3339, got.Claims[0].VacationModeExpireTime); err != nil || expire.Before(time.Now().Add(71*time.Hour)) {
		t.Errorf("the claim rests until %v, %v", got.Claims[0].VacationModeExpireTime, err)
	}
	if _, err := p.api.Partners.Devices.Unclaim(p.id, &provisioning.UnclaimDeviceRequest{
		DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: number}, SectionType: zeroTouch,
	}).Do(); err != nil {
		t.Fatal(err)
	}
	if got, err = p.api.Partners.Devices.Get(claimed.DeviceName).Do(); err != nil || len(got.Claims) != 0 {
		t.Errorf("unclaimed it is %+v, %v", got, err)
	}
}

func TestTheDevicesOfACustomerArePagedThrough(t *testing.T) {
	p := shared.reseller
	customer := p.customer(t, "Pages Ltd")
	want := map[int64]bool{}
	for range 5 {
		want[p.claimed(t, customer.CompanyId, imei()).DeviceId] = true
	}
	var pages int
	request := &provisioning.FindDevicesByOwnerRequest{CustomerId: []int64{customer.CompanyId}, SectionType: zeroTouch, Limit: 3}
	err := p.api.Partners.Devices.FindByOwner(p.id, request).Pages(t.Context(), func(page *provisioning.FindDevicesByOwnerResponse) error {
		pages++
		if page.TotalSize != 5 {
			t.Errorf("of 5 it counts %d", page.TotalSize)
		}
		for _, d := range page.Devices {
			delete(want, d.DeviceId)
		}
		return nil
	})
	if err != nil || pages != 2 || len(want) != 0 {
		t.Errorf("%d pages leave %v, %v", pages, want, err)
	}
	var found int
	byNumber := &provisioning.FindDevicesByDeviceIdentifierRequest{DeviceIdentifier: &provisioning.DeviceIdentifier{SerialNumber: "S-" + imei()}, Limit: 1}
	for i := range 2 {
		if _, err := p.api.Partners.Devices.Claim(p.id, &provisioning.ClaimDeviceRequest{CustomerId: customer.CompanyId, SectionType: zeroTouch, DeviceIdentifier: &provisioning.DeviceIdentifier{
			SerialNumber: byNumber.DeviceIdentifier.SerialNumber, Manufacturer: "Maker", Model: fmt.Sprint("Model ", i),
		}}).Do(); err != nil {
			t.Fatal(err)
		}
	}
	err = p.api.Partners.Devices.FindByIdentifier(p.id, byNumber).Pages(t.Context(), func(page *provisioning.FindDevicesByDeviceIdentifierResponse) error {
		found += len(page.Devices)
		return nil
	})
	if err != nil || found != 2 {
		t.Errorf("found %d, %v", found, err)
	}
}

func TestAResellerSeesItsVendorsAndTheirCustomers(t *testing.T) {
	p := shared.reseller
	theirs := shared.vendor.customer(t, "Of the Vendor")
	vendors, err := p.api.Partners.Vendors.List(p.name()).Do()
	if err != nil || len(vendors.Vendors) != 1 || vendors.TotalSize != 1 || vendors.NextPageToken != "" {
		t.Fatalf("%+v, %v", vendors, err)
	}
	vendor := vendors.Vendors[0]
	if vendor.Name != fmt.Sprintf("%s/vendors/%d", p.name(), shared.vendor.id) || vendor.CompanyId != shared.vendor.id || vendor.CompanyName != "Vendor Ltd" {
		t.Errorf("%+v", vendor)
	}
	var found []int64
	err = p.api.Partners.Vendors.Customers.List(vendor.Name).PageSize(1).Pages(t.Context(), func(page *provisioning.ListVendorCustomersResponse) error {
		for _, c := range page.Customers {
			found = append(found, c.CompanyId)
			if c.Name != fmt.Sprintf("%s/customers/%d", vendor.Name, c.CompanyId) {
				t.Errorf("%+v", c)
			}
		}
		return nil
	})
	if err != nil || len(found) == 0 || found[len(found)-1] != theirs.CompanyId {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestTheSIMLockOfADeviceIsTold(t *testing.T) {
	p := shared.reseller
	customer := p.customer(t, "Locks Ltd")
	open, locked := imei(), imei()
	p.claimed(t, customer.CompanyId, open)
	if _, err := p.api.Partners.Devices.Claim(p.id, &provisioning.ClaimDeviceRequest{
		CustomerId: customer.CompanyId, SectionType: zeroTouch, SimlockProfileId: 9, DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: locked},
	}).Do(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who          *partner
		number, want string
	}{{p, open, "UNLOCKED"}, {p, locked, "LOCKED_TO_PARTNER"}, {shared.another, locked, "LOCKED_TO_OTHER_PARTNER"}} {
		got, err := c.who.api.Partners.Devices.GetSimLockState(c.who.id, &provisioning.GetDeviceSimLockStateRequest{DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: c.number}}).Do()
		if err != nil || got.SimLockState != c.want {
			t.Errorf("%+v, %v; want %s", got, err, c.want)
		}
	}
}
