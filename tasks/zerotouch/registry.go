package zerotouch

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// Registry holds the use cases of the service. Doors and actions make one call to
// it. Every call names who asks and as which partner, which must be the caller's
// own: CodeNotPermitted with InvalidReseller for any other, whether it exists or
// not. What is neither the partner's nor one of its vendors' is like what does not
// exist: CodeNotFound, or CodeInvalid where a body names it. What a partner sees of
// its vendors but may not change is CodeNotPermitted with NotAuthorized. Every
// fault has a Reason (ReasonOf) and names its field as the API does; all faults of
// a request are told at once.
//
// The caller's token must allow the action that does the same in a batch:
// claim-devices for CreateCustomer and Claim, unclaim-devices, or
// update-device-metadata; for what changes nothing any action of the service. A
// token that is narrowed to some customers claims for these, and makes none.
type Registry struct {
	store  Store
	sealer tasks.Sealer
}

// NewRegistry makes a Registry. The sealer binds page tokens to what they were
// made for.
func NewRegistry(store Store, sealer tasks.Sealer) *Registry {
	return &Registry{store: store, sealer: sealer}
}

// now is the time as it is kept.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// anyAction stands for the permission to look.
const anyAction = ""

// enter checks that the caller may act as the partner.
func enter(c tasks.Caller, partner PartnerID, action string) error {
	if partner != PartnerOf(c.Client.ID) {
		return fault(tasks.CodeNotPermitted, InvalidReseller, "partnerId", "This token may not act as %v; its own partner is %v.", partner, PartnerOf(c.Client.ID))
	}
	for _, a := range actionSlugs {
		if (action == anyAction || action == a) && c.Token.May(Slug, a) {
			return nil
		}
	}
	return fault(tasks.CodeNotPermitted, NotAuthorized, "", "This token may not do this.")
}

// enterFor checks that the caller may claim as the partner, for the owner: a token
// may be narrowed to some values of the parameter customer of claim-devices. The
// zero Owner is for customers that are yet to be made.
func enterFor(c tasks.Caller, partner PartnerID, o Owner) error {
	if err := enter(c, partner, claimSlug); err != nil {
		return err
	}
	allowed, narrowed := c.Token.Narrowed(Slug, claimSlug)[customerParameter]
	if narrowed && (o.Customer == 0 || !slices.Contains(allowed, strconv.FormatInt(int64(o.Customer), 10))) {
		return fault(tasks.CodeNotPermitted, NotAuthorized, "customerId", "This token may claim devices for these customers only: %s.", strings.Join(allowed, ", "))
	}
	return nil
}

// CreateCustomer makes a customer of the partner. It needs a Company and at least
// one of Owners, whose addresses must not be of a personal mail service; ID and
// Partner of the draft are not looked at.
func (r *Registry) CreateCustomer(ctx context.Context, c tasks.Caller, partner PartnerID, draft Customer) (Customer, error) {
	if err := enterFor(c, partner, Owner{}); err != nil {
		return Customer{}, err
	}
	draft, faults := draft.check()
	if len(faults) > 0 {
		return Customer{}, faults.Err()
	}
	draft.Partner = partner
	return r.store.AddCustomer(ctx, draft)
}

// Claim enrolls a device for a customer of the partner and gives the device. A new
// device is made. Claiming again for the same customer changes nothing but the
// metadata that is given; a device that is claimed for anybody else is CodeUnique
// with AlreadyExists, until it is unclaimed.
func (r *Registry) Claim(ctx context.Context, c tasks.Caller, partner PartnerID, req ClaimRequest) (Device, error) {
	if err := enterFor(c, partner, req.Owner); err != nil {
		return Device{}, err
	}
	return r.one(ctx, partner, req)
}

// Unclaim takes a device of the partner, or of a vendor of it, back from its
// customer, or lets the claim rest for a time. Unclaiming what is not claimed
// changes nothing.
func (r *Registry) Unclaim(ctx context.Context, c tasks.Caller, partner PartnerID, req UnclaimRequest) error {
	if err := enter(c, partner, unclaimSlug); err != nil {
		return err
	}
	_, err := r.one(ctx, partner, req)
	return err
}

// SetMetadata sets keys of the metadata of a device that the partner claimed, and
// gives all of it. See MetadataRequest.Entries.
func (r *Registry) SetMetadata(ctx context.Context, c tasks.Caller, partner PartnerID, device DeviceID, entries map[string]string) (map[string]string, error) {
	if err := enter(c, partner, metadataSlug); err != nil {
		return nil, err
	}
	if device <= 0 {
		return nil, errNoDevice("deviceId")
	}
	d, err := r.one(ctx, partner, MetadataRequest{Device: device, Entries: entries})
	return d.Metadata, err
}

// one does one request in a transaction of its own.
func (r *Registry) one(ctx context.Context, partner PartnerID, req request) (Device, error) {
	now := now()
	checked, faults := req.checked(now)
	if len(faults) > 0 {
		return Device{}, faults.Err()
	}
	var d *Device
	err := r.store.Change(ctx, tasks.Fence{}, partner, checked.wants(), func(h *Held) ([]Settled, error) {
		var err error
		d, _, err = checked.apply(h, now)
		return nil, err
	})
	if err != nil {
		return Device{}, err
	}
	return *d, nil
}

// GetDevice finds a device that the partner, or a vendor of it, claimed last;
// CodeNotFound with InvalidDevice.
func (r *Registry) GetDevice(ctx context.Context, c tasks.Caller, partner PartnerID, id DeviceID) (Device, error) {
	if err := enter(c, partner, anyAction); err != nil {
		return Device{}, err
	}
	if id <= 0 {
		return Device{}, errNoDevice("deviceId")
	}
	d, err := r.store.Device(ctx, partner, id)
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return Device{}, errNoDevice("deviceId")
	}
	d.rest(now())
	return d, err
}

// SIMLock says whether a device is locked to SIM cards of the partner or of another
// one. The identifier must name one device; one that is unknown is unlocked.
func (r *Registry) SIMLock(ctx context.Context, c tasks.Caller, partner PartnerID, i Identifier) (SIMLock, error) {
	if err := enter(c, partner, anyAction); err != nil {
		return "", err
	}
	i, faults := i.complete()
	if len(faults) > 0 {
		return "", faults.Err()
	}
	claims, err := r.store.Claims(ctx, i.Keys())
	if err != nil {
		return "", err
	}
	state := Unlocked
	for _, claim := range claims {
		d := Device{Claim: &claim}
		d.rest(now())
		switch {
		case claim.SIMProfile == 0 || d.Claim.Vacation != nil:
		case claim.Reseller == partner:
			return LockedToPartner, nil
		default:
			state = LockedToOtherPartner
		}
	}
	return state, nil
}
