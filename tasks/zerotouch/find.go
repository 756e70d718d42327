package zerotouch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"asapi/tasks"
)

// The sizes of pages.
const (
	DefaultPage = 100
	LargestPage = 100
)

// PageQuery asks for one page of a listing.
type PageQuery struct {
	Size  int64  // 0: DefaultPage; above LargestPage: LargestPage
	Token string // of the page before; empty: the first page
}

// Page is one page of a listing, oldest first.
type Page[T any] struct {
	List  []T
	Next  string // the token of the page that follows; empty: this was the last
	Total int64  // how many all pages have; devices found by identifier are counted up to 10,000
}

// IdentifierQuery asks for devices by what tells them apart.
type IdentifierQuery struct {
	// Identifier has at least one of the numbers, the serial number or the attested
	// id. Devices have all that is given.
	Identifier Identifier
	Limit      int64 // 1 to LargestPage
	Token      string
}

// OwnerQuery asks for devices by their customers.
type OwnerQuery struct {
	Customers  []CustomerID // of the partner or of its vendors
	Workspaces []string
	Section    Section // must be set; devices are claimed for ZeroTouch only
	Limit      int64   // 1 to LargestPage
	Token      string
}

// maxOwners is the most customers that one query may name.
const maxOwners = 1000

// Customers lists the partner's own customers.
func (r *Registry) Customers(ctx context.Context, c tasks.Caller, partner PartnerID, q PageQuery) (Page[Customer], error) {
	if err := enter(c, partner, anyAction); err != nil {
		return Page[Customer]{}, err
	}
	return r.customers(ctx, partner, fmt.Sprintf("customers of %d", partner), q)
}

// VendorCustomers lists the customers of a vendor of the partner; CodeNotFound with
// InvalidReseller where it has no such vendor.
func (r *Registry) VendorCustomers(ctx context.Context, c tasks.Caller, partner, vendor PartnerID, q PageQuery) (Page[Customer], error) {
	if err := enter(c, partner, anyAction); err != nil {
		return Page[Customer]{}, err
	}
	if err := r.store.FindVendor(ctx, partner, vendor); err != nil {
		return Page[Customer]{}, err
	}
	return r.customers(ctx, vendor, fmt.Sprintf("customers of %d for %d", vendor, partner), q)
}

func (r *Registry) customers(ctx context.Context, of PartnerID, bound string, q PageQuery) (Page[Customer], error) {
	return list(r, bound, q, func(after int64, limit int) ([]Customer, int64, error) {
		return r.store.Customers(ctx, of, CustomerID(after), limit)
	}, func(c Customer) int64 { return int64(c.ID) })
}

// Vendors lists the partner's vendors.
func (r *Registry) Vendors(ctx context.Context, c tasks.Caller, partner PartnerID, q PageQuery) (Page[Vendor], error) {
	if err := enter(c, partner, anyAction); err != nil {
		return Page[Vendor]{}, err
	}
	return list(r, fmt.Sprintf("vendors of %d", partner), q, func(after int64, limit int) ([]Vendor, int64, error) {
		return r.store.Vendors(ctx, partner, PartnerID(after), limit)
	}, func(v Vendor) int64 { return int64(v.ID) })
}

// FindByIdentifier finds devices that the partner, or a vendor of it, claimed last.
func (r *Registry) FindByIdentifier(ctx context.Context, c tasks.Caller, partner PartnerID, q IdentifierQuery) (Page[Device], error) {
	if err := enter(c, partner, anyAction); err != nil {
		return Page[Device]{}, err
	}
	i, faults := q.Identifier.normal()
	if len(faults) == 0 && !i.cellular() && i.Serial == "" && i.Attested == "" {
		faults = append(faults, invalid(InvalidIdentifierSet, "deviceIdentifier", "Devices are found by imei, imei2, meid, meid2, serialNumber or chromeOsAttestedDeviceId; manufacturer, model and deviceType only narrow the search."))
	}
	if q.Identifier.Type == "" || q.Identifier.Type == NoType {
		i.Type = NoType
	}
	faults = append(faults, checkLimit(q.Limit)...)
	if len(faults) > 0 {
		return Page[Device]{}, faults.Err()
	}
	page, err := list(r, fmt.Sprintf("identifier %d %+v", partner, i), PageQuery{q.Limit, q.Token}, func(after int64, limit int) ([]Device, int64, error) {
		return r.store.ByIdentifier(ctx, partner, i, DeviceID(after), limit)
	}, func(d Device) int64 { return int64(d.ID) })
	awake(page.List)
	return page, err
}

// FindByOwner finds the devices that are claimed for customers. A customer that is
// neither the partner's nor one of its vendors' is CodeInvalid with
// InvalidCustomer.
func (r *Registry) FindByOwner(ctx context.Context, c tasks.Caller, partner PartnerID, q OwnerQuery) (Page[Device], error) {
	if err := enter(c, partner, anyAction); err != nil {
		return Page[Device]{}, err
	}
	faults := checkLimit(q.Limit)
	if q.Section != ZeroTouch && q.Section != SIMLocked {
		faults = append(faults, invalid(InvalidSection, "sectionType", "sectionType must be %s or %s.", ZeroTouch, SIMLocked))
	}
	if n := len(q.Customers) + len(q.Workspaces); n == 0 || n > maxOwners {
		faults = append(faults, invalid(InvalidCustomer, "customerId", "Give customerId or googleWorkspaceCustomerId, at most %d together.", maxOwners))
	}
	if len(faults) > 0 {
		return Page[Device]{}, faults.Err()
	}
	owners := q.owners()
	page, err := list(r, fmt.Sprintf("owners %d %v %v", partner, q.Section, owners), PageQuery{q.Limit, q.Token}, func(after int64, limit int) ([]Device, int64, error) {
		if q.Section != ZeroTouch {
			return nil, 0, r.store.CheckOwners(ctx, partner, owners)
		}
		return r.store.ByOwner(ctx, partner, owners, DeviceID(after), limit)
	}, func(d Device) int64 { return int64(d.ID) })
	awake(page.List)
	return page, err
}

// owners lists each owner once, in one order.
func (q *OwnerQuery) owners() []Owner {
	var owners []Owner
	for _, c := range q.Customers {
		owners = append(owners, Owner{Customer: c})
	}
	for _, w := range q.Workspaces {
		owners = append(owners, Owner{Workspace: w})
	}
	slices.SortFunc(owners, func(a, b Owner) int {
		if a.Customer != b.Customer {
			return int(min(max(a.Customer-b.Customer, -1), 1))
		}
		return strings.Compare(a.Workspace, b.Workspace)
	})
	return slices.Compact(owners)
}

func awake(devices []Device) {
	for i := range devices {
		devices[i].rest(now())
	}
}

func checkLimit(n int64) tasks.Faults {
	if n >= 1 && n <= LargestPage {
		return nil
	}
	return tasks.Faults{invalid(InvalidArgument, "limit", "limit must be a number from 1 to %d.", LargestPage)}
}
