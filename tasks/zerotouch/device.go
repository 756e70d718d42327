package zerotouch

import "time"

// Section is the part of a device that a claim is for.
type Section string

// The sections. Claims are made for ZeroTouch only.
const (
	NoSection Section = "SECTION_TYPE_UNSPECIFIED"
	SIMLocked Section = "SECTION_TYPE_SIM_LOCK"
	ZeroTouch Section = "SECTION_TYPE_ZERO_TOUCH"
)

// Owner is who a device is claimed for: exactly one of the two is set.
type Owner struct {
	Customer  CustomerID
	Workspace string // the id of a Google Workspace customer, such as C012abcde
}

// Set reports whether there is an owner at all.
func (o Owner) Set() bool { return o != Owner{} }

// Claim says for whom a device is enrolled, and by whom.
type Claim struct {
	Owner         Owner
	Reseller      PartnerID // who claimed it
	Section       Section
	Configuration int64 // 0: none
	SIMProfile    int64 // the SIM-lock profile; 0: the device is not SIM-locked
	// Vacation is a time in which the claim rests; nil: it does not.
	Vacation *Vacation
}

// Vacation is a time in which a claim rests.
type Vacation struct{ Start, Expire time.Time }

// Device is a manufactured device.
type Device struct {
	ID         DeviceID
	Identifier Identifier
	Registrar  PartnerID         // who claimed it last; who sees it, also when it is unclaimed
	Claim      *Claim            // nil: it is not claimed
	Metadata   map[string]string // of the registrar; nil: none
}

// Name gives the device's resource name as a partner sees it.
func (d *Device) Name(p PartnerID) string { return DeviceName(p, d.ID) }

// rest ends a vacation that is over.
func (d *Device) rest(now time.Time) {
	if c := d.Claim; c != nil && c.Vacation != nil && !c.Vacation.Expire.After(now) {
		awake := *c
		awake.Vacation = nil
		d.Claim = &awake
	}
}

// SIMLock says whether a device is locked to the SIM cards of a partner.
type SIMLock string

// The states of the SIM lock.
const (
	Unlocked             SIMLock = "UNLOCKED"
	LockedToPartner      SIMLock = "LOCKED_TO_PARTNER"
	LockedToOtherPartner SIMLock = "LOCKED_TO_OTHER_PARTNER"
)
