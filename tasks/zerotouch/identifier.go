package zerotouch

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"asapi/tasks"
)

// DeviceType is the kind of a device.
type DeviceType string

// The kinds. NoType becomes Android, or ChromeOS where the identifier has a
// ChromeOS attested device id.
const (
	NoType   DeviceType = "DEVICE_TYPE_UNSPECIFIED"
	Android  DeviceType = "DEVICE_TYPE_ANDROID"
	ChromeOS DeviceType = "DEVICE_TYPE_CHROME_OS"
)

// Identifier is what tells one manufactured device from all others.
type Identifier struct {
	IMEI, IMEI2  string // 15 digits (3GPP TS 23.003)
	MEID, MEID2  string // 14 hexadecimal digits (3GPP2 S.R0048)
	Serial       string // as the manufacturer writes it; found in any case
	Manufacturer string
	Model        string
	Attested     string // the attested device id of a ChromeOS device
	Type         DeviceType
}

// maxText is the longest serial number, manufacturer, model or attested id, in
// bytes.
const maxText = 200

// normal gives the identifier with its numbers in their one form, or the faults of
// its values. What is empty stays empty.
func (i Identifier) normal() (Identifier, tasks.Faults) {
	var faults tasks.Faults
	number := func(value *string, field string, read func(string) (string, *tasks.Error)) {
		n, e := read(*value)
		if e != nil {
			e.Field = "deviceIdentifier." + field
			faults = append(faults, e)
		}
		*value = n
	}
	number(&i.IMEI, "imei", parseIMEI)
	number(&i.IMEI2, "imei2", parseIMEI)
	number(&i.MEID, "meid", parseMEID)
	number(&i.MEID2, "meid2", parseMEID)
	for _, text := range []struct {
		value, field string
		reason       Reason
	}{
		{i.Serial, "serialNumber", InvalidSerial},
		{i.Manufacturer, "manufacturer", InvalidManufacturer},
		{i.Model, "model", InvalidModel},
		{i.Attested, "chromeOsAttestedDeviceId", InvalidIdentifierSet},
	} {
		if !plain(text.value, maxText) {
			faults = append(faults, invalid(text.reason, "deviceIdentifier."+text.field, "%s must be text of at most %d bytes, without control characters.", text.field, maxText))
		}
	}
	switch {
	case i.Type != "" && i.Type != NoType && i.Type != Android && i.Type != ChromeOS:
		faults = append(faults, invalid(InvalidIdentifierSet, "deviceIdentifier.deviceType", "deviceType must be %s or %s.", Android, ChromeOS))
	case i.Type == Android || i.Type == ChromeOS:
	case i.Attested != "":
		i.Type = ChromeOS
	default:
		i.Type = Android
	}
	if len(faults) == 0 && (same(i.IMEI, i.IMEI2) || same(i.MEID, i.MEID2)) {
		faults = append(faults, invalid(InvalidIdentifierSet, "deviceIdentifier", "The second IMEI or MEID of a device is not the same as its first."))
	}
	return i, faults
}

// complete is normal for an identifier that names one device: an IMEI or a MEID,
// or serialNumber with manufacturer and model; for ChromeOS serialNumber, model
// and chromeOsAttestedDeviceId.
func (i Identifier) complete() (Identifier, tasks.Faults) {
	i, faults := i.normal()
	if len(faults) > 0 {
		return i, faults
	}
	lacks := func(reason Reason, field, message string) (Identifier, tasks.Faults) {
		return i, tasks.Faults{invalid(reason, "deviceIdentifier."+field, "%s", message)}
	}
	const wanted = "A device is named by its IMEI or MEID, or by serialNumber, manufacturer and model together"
	switch {
	case i.Type == ChromeOS && (i.Serial == "" || i.Model == "" || i.Attested == ""):
		return i, tasks.Faults{invalid(InvalidIdentifierSet, "deviceIdentifier", "A ChromeOS device is named by serialNumber, model and chromeOsAttestedDeviceId together.")}
	case i.Type == ChromeOS, i.cellular():
		return i, nil
	case i.Serial == "" && i.Manufacturer == "" && i.Model == "":
		return i, tasks.Faults{invalid(InvalidIdentifierSet, "deviceIdentifier", wanted+".")}
	case i.Serial == "":
		return lacks(InvalidSerial, "serialNumber", wanted+"; the serialNumber is missing.")
	case i.Manufacturer == "":
		return lacks(InvalidManufacturer, "manufacturer", wanted+"; the manufacturer is missing.")
	case i.Model == "":
		return lacks(InvalidModel, "model", wanted+"; the model is missing.")
	}
	return i, nil
}

func (i Identifier) cellular() bool { return i.IMEI+i.IMEI2+i.MEID+i.MEID2 != "" }

// Key is one thing that at most one device has: two devices with the same key are
// one. Keys are compared as they are.
type Key string

// Keys lists the keys of a normal identifier.
func (i Identifier) Keys() []Key {
	var keys []Key
	add := func(kind, value string) {
		if value != "" {
			keys = append(keys, Key(kind+":"+value))
		}
	}
	add("imei", i.IMEI)
	add("imei", i.IMEI2)
	add("meid", i.MEID)
	add("meid", i.MEID2)
	add("chromeos", Fold(i.Attested))
	if i.Serial != "" && i.Manufacturer != "" && i.Model != "" {
		add("serial", Fold(i.Serial)+"\n"+Fold(i.Manufacturer)+"\n"+Fold(i.Model))
	}
	return keys
}

// Fold gives the form in which texts are compared: neither case nor the white
// space around them counts.
func Fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Has reports whether the device with this identifier has all that asked says:
// the values and, unless that is NoType, the type.
func (i Identifier) Has(asked Identifier) bool {
	has := func(number, first, second string) bool { return number == "" || number == first || number == second }
	text := func(want, have string) bool { return want == "" || Fold(want) == Fold(have) }
	return has(asked.IMEI, i.IMEI, i.IMEI2) && has(asked.IMEI2, i.IMEI, i.IMEI2) && has(asked.MEID, i.MEID, i.MEID2) && has(asked.MEID2, i.MEID, i.MEID2) &&
		text(asked.Serial, i.Serial) && text(asked.Manufacturer, i.Manufacturer) && text(asked.Model, i.Model) && text(asked.Attested, i.Attested) &&
		(asked.Type == NoType || asked.Type == "" || asked.Type == i.Type)
}

// with adds what more says about the same device; ok is false where the two
// contradict each other. What i has stays as it is written.
func (i Identifier) with(more Identifier) (_ Identifier, ok bool) {
	ok = true
	number := func(first, second *string, value string) {
		switch {
		case value == "" || value == *first || value == *second:
		case *first == "":
			*first = value
		case *second == "":
			*second = value
		default:
			ok = false
		}
	}
	text := func(have *string, value string) {
		switch {
		case value == "":
		case *have == "":
			*have = value
		case Fold(*have) != Fold(value):
			ok = false
		}
	}
	number(&i.IMEI, &i.IMEI2, more.IMEI)
	number(&i.IMEI, &i.IMEI2, more.IMEI2)
	number(&i.MEID, &i.MEID2, more.MEID)
	number(&i.MEID, &i.MEID2, more.MEID2)
	text(&i.Serial, more.Serial)
	text(&i.Manufacturer, more.Manufacturer)
	text(&i.Model, more.Model)
	text(&i.Attested, more.Attested)
	return i, ok && i.Type == more.Type
}

func same(a, b string) bool { return a != "" && a == b }

// plain reports whether s is text that can be kept and shown.
func plain(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
