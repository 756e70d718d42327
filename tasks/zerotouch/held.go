package zerotouch

import (
	"maps"
	"slices"

	"asapi/tasks"
)

// Held is what is known of what a change wanted.
type Held struct {
	Partner   PartnerID
	vendors   map[PartnerID]bool
	customers map[CustomerID]PartnerID
	devices   map[DeviceID]*Device
	keys      map[Key]*Device

	made    []*Device
	changed map[*Device]bool
	newKeys map[Key]*Device
}

// NewHeld makes a Held; a Store makes it of what it found: the partner's vendors,
// and which of the wanted customers there are, and whose.
func NewHeld(partner PartnerID, vendors []PartnerID, customers map[CustomerID]PartnerID) *Held {
	h := &Held{
		Partner: partner, vendors: map[PartnerID]bool{}, customers: customers,
		devices: map[DeviceID]*Device{}, keys: map[Key]*Device{}, changed: map[*Device]bool{}, newKeys: map[Key]*Device{},
	}
	for _, v := range vendors {
		h.vendors[v] = true
	}
	return h
}

// Found adds a device that is known, with those of its keys that are kept.
func (h *Held) Found(d *Device, keys ...Key) {
	h.devices[d.ID] = d
	for _, k := range keys {
		h.keys[k] = d
	}
}

// Made lists the devices that were made, in the order of the entries.
func (h *Held) Made() []*Device { return h.made }

// Changed lists the known devices that were changed, by id.
func (h *Held) Changed() []*Device {
	return slices.SortedFunc(maps.Keys(h.changed), func(a, b *Device) int { return int(min(max(a.ID-b.ID, -1), 1)) })
}

// NewKeys gives the keys that are to be kept, and of which devices.
func (h *Held) NewKeys() map[Key]*Device { return h.newKeys }

// sees reports whether the partner sees what that one has.
func (h *Held) sees(of PartnerID) bool { return of == h.Partner || h.vendors[of] }

// find gives the device that has the keys; nil: there is none. Several are a
// fault.
func (h *Held) find(keys []Key) (*Device, *tasks.Error) {
	var found *Device
	for _, k := range keys {
		d := h.keys[k]
		if d != nil && found != nil && d != found {
			return nil, errContradiction()
		}
		if d != nil {
			found = d
		}
	}
	return found, nil
}

// add makes a device.
func (h *Held) add(d *Device) {
	h.made = append(h.made, d)
	h.learn(d, d.Identifier.Keys())
}

// touch notes that a device was changed. One that was made here is not kept yet.
func (h *Held) touch(d *Device) {
	if d.ID != 0 {
		h.changed[d] = true
	}
}

// fresh gives the keys that a device gets with a fuller identifier; a fault where
// another device has one of them.
func (h *Held) fresh(d *Device, fuller Identifier) ([]Key, *tasks.Error) {
	has := d.Identifier.Keys()
	var keys []Key
	for _, k := range fuller.Keys() {
		switch {
		case slices.Contains(has, k):
		case h.keys[k] != nil && h.keys[k] != d:
			return nil, errContradiction()
		default:
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// learn keeps keys that a device did not have before.
func (h *Held) learn(d *Device, keys []Key) {
	for _, k := range keys {
		h.keys[k], h.newKeys[k] = d, d
	}
}

func errContradiction() *tasks.Error {
	return invalid(InvalidIdentifierSet, "deviceIdentifier", "The identifiers are not those of one device.")
}
