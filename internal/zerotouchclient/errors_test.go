package zerotouchclient_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	provisioning "google.golang.org/api/androiddeviceprovisioning/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
)

// detail is an ErrorInfo or a BadRequest in the details of a failure.
type detail struct {
	Type       string `json:"@type"`
	Reason     string
	Domain     string
	Violations []struct{ Field, Description string } `json:"fieldViolations"`
}

// failure is what the published client makes of an answer that failed.
func failure(t *testing.T, err error) (code int, status, reason, field string) {
	t.Helper()
	failed, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		t.Fatalf("%v is no failure of the API", err)
	}
	var told struct {
		Error struct {
			Status  string
			Details []detail
		}
	}
	if err := json.Unmarshal([]byte(failed.Body), &told); err != nil {
		t.Fatal(err)
	}
	if failed.Message == "" || len(failed.Details) != len(told.Error.Details) || len(failed.Details) == 0 {
		t.Errorf("%+v", failed)
	}
	for _, d := range told.Error.Details {
		switch d.Type {
		case "type.googleapis.com/google.rpc.ErrorInfo":
			reason = d.Reason
		case "type.googleapis.com/google.rpc.BadRequest":
			field = d.Violations[0].Field
		default:
			t.Errorf("a detail is a %s", d.Type)
		}
	}
	return failed.Code, told.Error.Status, reason, field
}

func TestEachFailureIsTypedAndHasItsReason(t *testing.T) {
	p, api := shared.reseller, shared.reseller.api
	customer := p.customer(t, "Errors Ltd").CompanyId
	theirs := imei()
	shared.another.claimed(t, shared.another.customer(t, "Theirs").CompanyId, theirs)
	vendors := imei()
	ofVendor := shared.vendor.claimed(t, shared.vendor.customer(t, "The Vendor's").CompanyId, vendors).DeviceId
	claim := func(change func(*provisioning.ClaimDeviceRequest)) error {
		r := &provisioning.ClaimDeviceRequest{CustomerId: customer, SectionType: zeroTouch, DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: imei()}}
		change(r)
		_, err := api.Partners.Devices.Claim(p.id, r).Do()
		return err
	}
	device := func(d provisioning.DeviceIdentifier) error {
		return claim(func(r *provisioning.ClaimDeviceRequest) { r.DeviceIdentifier = &d })
	}
	create := func(c provisioning.Company) error {
		_, err := api.Partners.Customers.Create(p.name(), &provisioning.CreateCustomerRequest{Customer: &c}).Do()
		return err
	}
	find := func(r provisioning.FindDevicesByOwnerRequest) error {
		_, err := api.Partners.Devices.FindByOwner(p.id, &r).Do()
		return err
	}
	for name, c := range map[string]struct {
		err                   error
		code                  int
		status, reason, field string
	}{
		"IMEI":            {device(provisioning.DeviceIdentifier{Imei: "350000000000001"}), 400, "INVALID_ARGUMENT", "INVALID_IMEI", "deviceIdentifier.imei"},
		"MEID":            {device(provisioning.DeviceIdentifier{Meid: "xyz"}), 400, "INVALID_ARGUMENT", "INVALID_MEID", "deviceIdentifier.meid"},
		"no identifier":   {claim(func(r *provisioning.ClaimDeviceRequest) { r.DeviceIdentifier = nil }), 400, "INVALID_ARGUMENT", "INVALID_IDENTIFIER_SET", "deviceIdentifier"},
		"no manufacturer": {device(provisioning.DeviceIdentifier{SerialNumber: "1", Model: "2"}), 400, "INVALID_ARGUMENT", "INVALID_MANUFACTURER", "deviceIdentifier.manufacturer"},
		"no model":        {device(provisioning.DeviceIdentifier{SerialNumber: "1", Manufacturer: "2"}), 400, "INVALID_ARGUMENT", "INVALID_MODEL", "deviceIdentifier.model"},
		"no serial":       {device(provisioning.DeviceIdentifier{Model: "1", Manufacturer: "2"}), 400, "INVALID_ARGUMENT", "INVALID_SERIAL", "deviceIdentifier.serialNumber"},
		"section":         {claim(func(r *provisioning.ClaimDeviceRequest) { r.SectionType = "SECTION_TYPE_SIM_LOCK" }), 400, "INVALID_ARGUMENT", "INVALID_SECTION_TYPE", "sectionType"},
		"customer":        {claim(func(r *provisioning.ClaimDeviceRequest) { r.CustomerId = 1 << 40 }), 400, "INVALID_ARGUMENT", "INVALID_CUSTOMER_ID", "customerId"},
		"claimed":         {device(provisioning.DeviceIdentifier{Imei: theirs}), 409, "ALREADY_EXISTS", "DEVICE_ALREADY_EXISTS", ""},
		"company":         {create(provisioning.Company{OwnerEmails: []string{"ann@example.com"}}), 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "customer.companyName"},
		"no owner":        {create(provisioning.Company{CompanyName: "A"}), 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "customer.ownerEmails"},
		"personal mail":   {create(provisioning.Company{CompanyName: "A", OwnerEmails: []string{"a@gmail.com"}}), 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "customer.ownerEmails"},
		"limit":           {find(provisioning.FindDevicesByOwnerRequest{CustomerId: []int64{customer}, SectionType: zeroTouch, Limit: 101}), 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "limit"},
		"page token":      {find(provisioning.FindDevicesByOwnerRequest{CustomerId: []int64{customer}, SectionType: zeroTouch, Limit: 1, PageToken: "x"}), 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "pageToken"},
		"unknown device":  {call(api.Partners.Devices.Get(p.name() + "/devices/999999999").Do()), 404, "NOT_FOUND", "INVALID_DEVICE_ID", ""},
		"another partner": {call(api.Partners.Customers.List(shared.another.id).Do()), 403, "PERMISSION_DENIED", "INVALID_RESELLER_ID", ""},
		"no partner":      {call(api.Partners.Customers.List(999999999).Do()), 403, "PERMISSION_DENIED", "INVALID_RESELLER_ID", ""},
		"unknown vendor":  {call(api.Partners.Vendors.Customers.List(p.name() + "/vendors/999999999").Do()), 404, "NOT_FOUND", "INVALID_RESELLER_ID", ""},
		"vendor's device": {
			call(api.Partners.Devices.Metadata(p.id, ofVendor, &provisioning.UpdateDeviceMetadataRequest{DeviceMetadata: &provisioning.DeviceMetadata{Entries: map[string]string{"ordernumber": "1"}}}).Do()),
			403, "PERMISSION_DENIED", "AUTHORIZATION_FAIL", "",
		},
		"metadata": {
			claim(func(r *provisioning.ClaimDeviceRequest) {
				r.DeviceMetadata = &provisioning.DeviceMetadata{Entries: map[string]string{"colour": "red"}}
			}), 400, "INVALID_ARGUMENT", "INVALID_METADATA", "deviceMetadata.entries",
		},
		"operation":   {call(api.Operations.Get("operations/apibatchoperation/999999999").Do()), 404, "NOT_FOUND", "NOT_FOUND", ""},
		"other name":  {call(api.Operations.Get("operations/7").Do()), 404, "NOT_FOUND", "NOT_FOUND", ""},
		"empty batch": {call(api.Partners.Devices.ClaimAsync(p.id, &provisioning.ClaimDevicesRequest{}).Do()), 400, "INVALID_ARGUMENT", "INVALID", "claims"},
	} {
		t.Run(name, func(t *testing.T) {
			code, status, reason, field := failure(t, c.err)
			if code != c.code || status != c.status || reason != c.reason || field != c.field {
				t.Errorf("%d %s %s %q, want %d %s %s %q: %v", code, status, reason, field, c.code, c.status, c.reason, c.field, c.err)
			}
		})
	}
}

// call drops what a call that fails gives.
func call[T any](_ *T, err error) error { return err }

func TestACallerHasToSignIn(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{"without a token": http.DefaultTransport, "with one that is none": bearer("nonsense")} {
		api, err := provisioning.NewService(t.Context(), option.WithEndpoint(shared.url+"/"), option.WithHTTPClient(&http.Client{Transport: transport, Timeout: patience}))
		if err != nil {
			t.Fatal(err)
		}
		if code, status, _, _ := failure(t, call(api.Partners.Customers.List(shared.reseller.id).Do())); code != 401 || status != "UNAUTHENTICATED" {
			t.Errorf("%s: %d %s", name, code, status)
		}
	}
	api, err := provisioning.NewService(t.Context(), option.WithEndpoint(shared.url+"/"), option.WithAPIKey(shared.reseller.token))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Partners.Customers.List(shared.reseller.id).Do(); err != nil {
		t.Errorf("with an API key: %v", err)
	}
}

func TestATokenDoesOnlyWhatItMay(t *testing.T) {
	secret, err := shared.token(t.Context(), "reseller", "--allow", "zerotouch/unclaim-devices")
	if err != nil {
		t.Fatal(err)
	}
	api, err := provisioning.NewService(t.Context(), option.WithEndpoint(shared.url+"/"), option.WithHTTPClient(&http.Client{Transport: bearer(secret), Timeout: patience}))
	if err != nil {
		t.Fatal(err)
	}
	p := shared.reseller
	if _, err := api.Partners.Customers.List(p.id).Do(); err != nil {
		t.Errorf("it may not look: %v", err)
	}
	for name, err := range map[string]error{
		"claim": call(api.Partners.Devices.Claim(p.id, &provisioning.ClaimDeviceRequest{}).Do()),
		"batch": call(api.Partners.Devices.ClaimAsync(p.id, &provisioning.ClaimDevicesRequest{Claims: []*provisioning.PartnerClaim{{SectionType: zeroTouch}}}).Do()),
		"notes": call(api.Partners.Devices.Metadata(p.id, 1, &provisioning.UpdateDeviceMetadataRequest{}).Do()),
	} {
		if code, status, reason, _ := failure(t, err); code != 403 || status != "PERMISSION_DENIED" || reason != "AUTHORIZATION_FAIL" {
			t.Errorf("%s: %d %s %s", name, code, status, reason)
		}
	}
}
