package zerotouch

import (
	"fmt"
	"maps"
	"time"

	"asapi/tasks"
)

// request is one thing that is to be done with one device.
type request interface {
	// checked gives the request in its normal form, or all faults that can be seen
	// without the device.
	checked(now time.Time) (request, tasks.Faults)
	// wants names what apply has to see.
	wants() Want
	// apply does it and gives the device; on an error nothing was changed.
	apply(h *Held, now time.Time) (*Device, tasks.Outcome, error)
	// label names the device for people.
	label() string
}

func (r ClaimRequest) checked(time.Time) (request, tasks.Faults) {
	r, faults := r.check()
	return r, faults
}

func (r ClaimRequest) wants() Want {
	w := Want{Keys: r.Identifier.Keys()}
	if r.Owner.Customer != 0 {
		w.Customers = []CustomerID{r.Owner.Customer}
	}
	return w
}

func (r ClaimRequest) label() string { return r.Identifier.label(0) }

// mayOwn checks that the partner may claim for the customer.
func (r ClaimRequest) mayOwn(h *Held) *tasks.Error {
	if r.Owner.Customer == 0 {
		return nil
	}
	switch whose, ok := h.customers[r.Owner.Customer]; {
	case !ok || !h.sees(whose):
		return errNoCustomer(r.Owner.Customer)
	case whose != h.Partner:
		return fault(tasks.CodeNotPermitted, NotAuthorized, "customerId", "The customer %d is one of your vendor's; only the vendor claims devices for it.", int64(r.Owner.Customer))
	}
	return nil
}

func (r ClaimRequest) apply(h *Held, _ time.Time) (*Device, tasks.Outcome, error) {
	if e := r.mayOwn(h); e != nil {
		return nil, "", e
	}
	d, e := h.find(r.Identifier.Keys())
	if e != nil {
		return nil, "", e
	}
	made := d == nil
	if made {
		d = &Device{Identifier: r.Identifier}
	}
	mine := d.Claim != nil && d.Claim.Owner == r.Owner && d.Claim.Reseller == h.Partner
	if d.Claim != nil && !mine {
		return nil, "", fault(tasks.CodeUnique, AlreadyExists, "deviceIdentifier", "The device is claimed for another customer; it must be unclaimed before it can be claimed for this one.")
	}
	identifier, ok := d.Identifier.with(r.Identifier)
	if !ok {
		return nil, "", errContradiction()
	}
	keys, e := h.fresh(d, identifier)
	if e != nil {
		return nil, "", e
	}
	entries := d.Metadata
	if d.Registrar != h.Partner {
		entries = nil // what another partner noted is not for this one
	}
	noted, e := metadata(entries, r.Metadata, identifier.Type)
	if e != nil {
		return nil, "", e
	}
	if mine && identifier == d.Identifier && maps.Equal(noted, d.Metadata) {
		return d, tasks.Unchanged, nil
	}
	d.Identifier, d.Metadata = identifier, noted
	if !mine {
		d.Registrar = h.Partner
		d.Claim = &Claim{Owner: r.Owner, Reseller: h.Partner, Section: r.Section, Configuration: r.Configuration, SIMProfile: r.SIMProfile}
	}
	if made {
		h.add(d)
		return d, tasks.Created, nil
	}
	h.learn(d, keys)
	h.touch(d)
	return d, tasks.Updated, nil
}

func (r UnclaimRequest) checked(now time.Time) (request, tasks.Faults) {
	r, faults := r.check(now)
	return r, faults
}

func (r UnclaimRequest) wants() Want   { return wantsNamed(r.Device, r.Identifier) }
func (r UnclaimRequest) label() string { return r.Identifier.label(r.Device) }

func (r UnclaimRequest) apply(h *Held, now time.Time) (*Device, tasks.Outcome, error) {
	d, e := h.named(r.Device, r.Identifier)
	if e != nil {
		return nil, "", e
	}
	rests := !r.VacationExpire.IsZero()
	switch {
	case d.Claim == nil && rests:
		return nil, "", invalid(InvalidVacation, "vacationModeDays", "The device is not claimed, so its claim cannot rest.")
	case d.Claim == nil:
		return d, tasks.Unchanged, nil
	case rests:
		claim := *d.Claim
		claim.Vacation = &Vacation{Start: now, Expire: r.VacationExpire.UTC().Truncate(time.Microsecond)}
		d.Claim = &claim
	default:
		d.Claim = nil
	}
	h.touch(d)
	return d, tasks.Updated, nil
}

func (r MetadataRequest) checked(time.Time) (request, tasks.Faults) {
	r, faults := r.check()
	return r, faults
}

func (r MetadataRequest) wants() Want   { return wantsNamed(r.Device, r.Identifier) }
func (r MetadataRequest) label() string { return r.Identifier.label(r.Device) }

func (r MetadataRequest) apply(h *Held, _ time.Time) (*Device, tasks.Outcome, error) {
	d, e := h.named(r.Device, r.Identifier)
	if e != nil {
		return nil, "", e
	}
	if d.Registrar != h.Partner {
		return nil, "", fault(tasks.CodeNotPermitted, NotAuthorized, "deviceId", "The device was claimed by one of your vendors; only the vendor sets its metadata.")
	}
	noted, e := metadata(d.Metadata, r.Entries, d.Identifier.Type)
	if e != nil {
		return nil, "", e
	}
	if maps.Equal(noted, d.Metadata) {
		return d, tasks.Unchanged, nil
	}
	d.Metadata = noted
	h.touch(d)
	return d, tasks.Updated, nil
}

func wantsNamed(d DeviceID, i Identifier) Want {
	w := Want{Keys: i.Keys()}
	if d != 0 {
		w.Devices = []DeviceID{d}
	}
	return w
}

// named finds a device that the partner sees by its id, or else by its identifier.
func (h *Held) named(id DeviceID, i Identifier) (*Device, *tasks.Error) {
	d, field := h.devices[id], "deviceId"
	if id == 0 {
		var e *tasks.Error
		field = "deviceIdentifier"
		if d, e = h.find(i.Keys()); e != nil {
			return nil, e
		}
	}
	switch {
	case d == nil || !h.sees(d.Registrar):
		return nil, errNoDevice(field)
	case !d.Identifier.Has(i):
		return nil, errContradiction()
	}
	return d, nil
}

// label names a device for people: by its number where it has one.
func (i Identifier) label(id DeviceID) string {
	for _, n := range []string{i.IMEI, i.MEID, i.IMEI2, i.MEID2, i.Serial, i.Attested} {
		if n != "" {
			return n
		}
	}
	if id != 0 {
		return fmt.Sprintf("device %d", int64(id))
	}
	return ""
}
