package zerotouch

import (
	"context"

	"asapi/tasks"
)

// Store keeps what the service knows. A method that takes a partner sees what is
// that partner's and what is its vendors'.
type Store interface {
	// Change reads what is known of want, locks it, lets fn change it, and keeps
	// the changes and the items of what fn settled in one transaction of the run;
	// tasks.ErrLeaseLost when the run is not the current one. The zero Fence is no
	// run: no items are kept. fn may be called again with everything read anew, so
	// it must not keep what an earlier call made. Two changes of one device come
	// one after the other; two that make the same new device as well: keys that fn
	// adds and that another device has meanwhile are wanted, too, in the next call.
	Change(ctx context.Context, run tasks.Fence, partner PartnerID, want Want, fn func(*Held) ([]Settled, error)) error

	// AddCustomer keeps a customer and gives it an id.
	AddCustomer(ctx context.Context, c Customer) (Customer, error)
	// Customers gives the partner's own customers with an id above after, at most
	// limit, by id, and how many it has.
	Customers(ctx context.Context, partner PartnerID, after CustomerID, limit int) ([]Customer, int64, error)

	// Vendors gives the partner's vendors with an id above after, at most limit, by
	// id, and how many it has.
	Vendors(ctx context.Context, partner, after PartnerID, limit int) ([]Vendor, int64, error)
	// FindVendor gives nil when the one is a vendor of the partner, else
	// ErrNoVendor.
	FindVendor(ctx context.Context, partner, vendor PartnerID) error
	// AddVendor makes a client a vendor of a partner, or changes its company's
	// name. A client is a vendor of one partner, and a vendor has none itself:
	// tasks.CodeUnique.
	AddVendor(ctx context.Context, partner PartnerID, v Vendor) error
	// RemoveVendor ends that; ErrNoVendor. What the vendor has stays its own.
	RemoveVendor(ctx context.Context, partner, vendor PartnerID) error

	// Device finds a device; tasks.CodeNotFound.
	Device(ctx context.Context, partner PartnerID, id DeviceID) (Device, error)
	// Claims gives the claims of the devices, of whatever partner, that have one of
	// the keys.
	Claims(ctx context.Context, keys []Key) ([]Claim, error)
	// ByIdentifier gives the devices with an id above after that have all that the
	// identifier says, at most limit, by id, and counts up to 10,000 of all.
	// NoType: of any type.
	ByIdentifier(ctx context.Context, partner PartnerID, i Identifier, after DeviceID, limit int) ([]Device, int64, error)
	// CheckOwners gives ErrNoCustomer for the first customer that is neither the
	// partner's nor one of its vendors'.
	CheckOwners(ctx context.Context, partner PartnerID, owners []Owner) error
	// ByOwner is CheckOwners, and gives the devices with an id above after that are
	// claimed for one of the owners, at most limit, by id, and how many there are.
	ByOwner(ctx context.Context, partner PartnerID, owners []Owner, after DeviceID, limit int) ([]Device, int64, error)

	// EnsureAccount registers an account of the service where it does not exist.
	EnsureAccount(ctx context.Context, a tasks.Account) error
}

// ErrNoVendor is the error of a vendor that a partner does not have.
func ErrNoVendor(vendor PartnerID) error {
	return fault(tasks.CodeNotFound, InvalidReseller, "vendor", "There is no vendor %d.", int64(vendor))
}

// ErrNoCustomer is the error of a customer that a partner does not see.
func ErrNoCustomer(c CustomerID) error { return errNoCustomer(c) }

// Want names what a change needs to see.
type Want struct {
	Keys      []Key
	Devices   []DeviceID
	Customers []CustomerID
}

// add wants what another wants, too.
func (w *Want) add(more Want) {
	w.Keys = append(w.Keys, more.Keys...)
	w.Devices = append(w.Devices, more.Devices...)
	w.Customers = append(w.Customers, more.Customers...)
}

// Settled is an entry of a batch with its outcome, and the device that it concerns.
type Settled struct {
	Item   tasks.Item
	Device *Device // nil: none; it has its ID once it is kept
}
