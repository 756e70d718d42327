package zerotouchclient_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	provisioning "google.golang.org/api/androiddeviceprovisioning/v1"
)

const zeroTouch = "SECTION_TYPE_ZERO_TOUCH"

// lastIMEI numbers the devices of all tests.
var lastIMEI atomic.Int64

// imei gives a number that no other test has: 14 digits and their Luhn check digit.
func imei() string {
	digits := fmt.Sprintf("35%012d", lastIMEI.Add(1))
	sum := 0
	for i := range len(digits) {
		d := int(digits[i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return fmt.Sprintf("%s%d", digits, (10-sum%10)%10)
}

// customer makes a customer of the partner.
func (p *partner) customer(t *testing.T, name string) *provisioning.Company {
	t.Helper()
	made, err := p.api.Partners.Customers.Create(p.name(), &provisioning.CreateCustomerRequest{Customer: &provisioning.Company{
		CompanyName: name, OwnerEmails: []string{"ann@" + "example.com"}, AdminEmails: []string{"bo@example.org"}, LanguageCode: "de",
	}}).Context(t.Context()).Do()
	return must[*provisioning.Company](t)(made, err)
}

// claimed claims a device for a customer of the partner.
func (p *partner) claimed(t *testing.T, customer int64, number string) *provisioning.ClaimDeviceResponse {
	t.Helper()
	made, err := p.api.Partners.Devices.Claim(p.id, &provisioning.ClaimDeviceRequest{
		CustomerId: customer, SectionType: zeroTouch, DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: number},
	}).Context(t.Context()).Do()
	return must[*provisioning.ClaimDeviceResponse](t)(made, err)
}
