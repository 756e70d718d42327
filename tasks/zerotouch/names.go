package zerotouch

import (
	"fmt"

	"asapi/tasks"
)

// Slug names the service.
const Slug = "zerotouch"

// PartnerID identifies a partner: it is the number of the client.
type PartnerID int64

// PartnerOf gives the partner that a client is.
func PartnerOf(c tasks.ClientID) PartnerID { return PartnerID(c) }

// Client gives the client that the partner is.
func (p PartnerID) Client() tasks.ClientID { return tasks.ClientID(p) }

// String gives the partner's resource name.
func (p PartnerID) String() string { return fmt.Sprintf("partners/%d", int64(p)) }

// CustomerID identifies a customer, whoever made it; above 0.
type CustomerID int64

// DeviceID identifies a device, whoever claimed it; above 0.
type DeviceID int64

// CustomerName gives the resource name of a customer as its partner sees it.
func CustomerName(p PartnerID, c CustomerID) string {
	return fmt.Sprintf("%v/customers/%d", p, int64(c))
}

// VendorName gives the resource name of a vendor as its reseller sees it.
func VendorName(p, vendor PartnerID) string { return fmt.Sprintf("%v/vendors/%d", p, int64(vendor)) }

// VendorCustomerName gives the resource name of a vendor's customer as the
// vendor's reseller sees it.
func VendorCustomerName(p, vendor PartnerID, c CustomerID) string {
	return fmt.Sprintf("%s/customers/%d", VendorName(p, vendor), int64(c))
}

// DeviceName gives the resource name of a device as a partner sees it.
func DeviceName(p PartnerID, d DeviceID) string { return fmt.Sprintf("%v/devices/%d", p, int64(d)) }
