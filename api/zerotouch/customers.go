package zerotouch

import (
	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks/zerotouch"
)

// newCustomer is a Company as a request brings it. What only the server says is
// taken and not looked at.
type newCustomer struct {
	Name      string            `json:"name"`
	ID        googleapi.Int64   `json:"companyId"`
	Company   string            `json:"companyName"`
	Owners    []string          `json:"ownerEmails"`
	Admins    []string          `json:"adminEmails"`
	Terms     string            `json:"termsStatus"`
	Language  string            `json:"languageCode"`
	Workspace *workspaceAccount `json:"googleWorkspaceAccount"`
	NoWelcome bool              `json:"skipWelcomeEmail"`
}

// workspaceAccount is a GoogleWorkspaceAccount; only the server sets it.
type workspaceAccount struct {
	Customer string   `json:"customerId"`
	Tokens   []string `json:"preProvisioningTokens"`
}

// company is a Company as an answer tells it. Owners' addresses are never told.
type company struct {
	Name     string          `json:"name"`
	ID       googleapi.Int64 `json:"companyId"`
	Company  string          `json:"companyName"`
	Admins   []string        `json:"adminEmails,omitempty"`
	Terms    string          `json:"termsStatus"`
	Language string          `json:"languageCode,omitempty"`
}

// notAccepted is the status of terms that nobody was asked to accept here. It
// always is told, since a public sample relies on that.
const notAccepted = "TERMS_STATUS_NOT_ACCEPTED"

func companyOf(name string, c zerotouch.Customer) company {
	return company{Name: name, ID: googleapi.Int64(c.ID), Company: c.Company, Admins: c.Admins, Terms: notAccepted, Language: c.Language}
}

// customerList is a ListCustomersResponse or a ListVendorCustomersResponse.
type customerList struct {
	Customers []company `json:"customers,omitempty"`
	Next      string    `json:"nextPageToken,omitempty"`
	Total     int64     `json:"totalSize"`
}

// vendorList is a ListVendorsResponse.
type vendorList struct {
	Vendors []company `json:"vendors,omitempty"`
	Next    string    `json:"nextPageToken,omitempty"`
	Total   int64     `json:"totalSize"`
}

// createCustomer is partners.customers.create.
func (d *door) createCustomer(c echo.Context) error {
	var request struct {
		Customer newCustomer `json:"customer"`
	}
	partner, err := d.asked(c, &request)
	if err != nil {
		return err
	}
	n := request.Customer
	made, err := d.registry.CreateCustomer(c.Request().Context(), web.Caller(c), partner, zerotouch.Customer{
		Company: n.Company, Owners: n.Owners, Admins: n.Admins, Language: n.Language,
	})
	if err != nil {
		return err
	}
	return googleapi.Answer(c, companyOf(zerotouch.CustomerName(partner, made.ID), made))
}

// customers is partners.customers.list.
func (d *door) customers(c echo.Context) error {
	partner, q, err := listingOf(c)
	if err != nil {
		return err
	}
	page, err := d.registry.Customers(c.Request().Context(), web.Caller(c), partner, q)
	if err != nil {
		return err
	}
	return googleapi.Answer(c, customersOf(page, func(id zerotouch.CustomerID) string { return zerotouch.CustomerName(partner, id) }))
}

func customersOf(page zerotouch.Page[zerotouch.Customer], name func(zerotouch.CustomerID) string) customerList {
	out := customerList{Next: page.Next, Total: page.Total}
	for _, one := range page.List {
		out.Customers = append(out.Customers, companyOf(name(one.ID), one))
	}
	return out
}

// vendors is partners.vendors.list.
func (d *door) vendors(c echo.Context) error {
	partner, q, err := listingOf(c)
	if err != nil {
		return err
	}
	page, err := d.registry.Vendors(c.Request().Context(), web.Caller(c), partner, q)
	if err != nil {
		return err
	}
	out := vendorList{Next: page.Next, Total: page.Total}
	for _, v := range page.List {
		out.Vendors = append(out.Vendors, company{
			Name: zerotouch.VendorName(partner, v.ID), ID: googleapi.Int64(v.ID), Company: v.Company, Terms: notAccepted,
		})
	}
	return googleapi.Answer(c, out)
}

// vendorCustomers is partners.vendors.customers.list.
func (d *door) vendorCustomers(c echo.Context) error {
	partner, err := partnerOf(c)
	if err != nil {
		return err
	}
	id, err := number(c, "vendor", "vendorId", zerotouch.InvalidReseller)
	if err != nil {
		return err
	}
	q, err := pageOf(c)
	if err != nil {
		return err
	}
	vendor := zerotouch.PartnerID(id)
	page, err := d.registry.VendorCustomers(c.Request().Context(), web.Caller(c), partner, vendor, q)
	if err != nil {
		return err
	}
	return googleapi.Answer(c, customersOf(page, func(id zerotouch.CustomerID) string { return zerotouch.VendorCustomerName(partner, vendor, id) }))
}
