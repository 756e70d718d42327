package zerotouch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNumbersAreReadInTheFormsPeopleWriteThem(t *testing.T) {
	for _, one := range []struct {
		name   string
		read   func(string) (string, Reason)
		in     string
		want   string
		reason Reason
	}{
		{"IMEI", imeiOf, "490154203237518", "490154203237518", ""},
		{"IMEI with separators", imeiOf, " 49-015420-323751-8 ", "490154203237518", ""},
		{"no IMEI", imeiOf, "", "", ""},
		{"a wrong check digit", imeiOf, "490154203237517", "", InvalidIMEI},
		{"without the check digit", imeiOf, "49015420323751", "", InvalidIMEI},
		{"with the software version", imeiOf, "4901542032375101", "", InvalidIMEI},
		{"letters", imeiOf, "49015420323751X", "", InvalidIMEI},
		{"other digits", imeiOf, "٤90154203237518", "", InvalidIMEI},
		{"separators only", imeiOf, " - ", "", InvalidIMEI},
		{"MEID", meidOf, "a0000000002329", "A0000000002329", ""},
		{"MEID with separators", meidOf, "A0 000000 002329", "A0000000002329", ""},
		{"MEID with its check digit", meidOf, "AF0123450ABCDEC", "AF0123450ABCDE", ""},
		{"decimal digits with theirs", meidOf, "990000862471853", "99000086247185", ""},
		{"MEID in its decimal form", meidOf, "293608736500703710", "AF0123450ABCDE", ""},
		{"a wrong check digit", meidOf, "AF0123450ABCDE0", "", InvalidMEID},
		{"a decimal form of none", meidOf, "999999999999999999", "", InvalidMEID},
		{"a pseudo ESN", meidOf, "8075B71F", "", InvalidMEID},
		{"a decimal pseudo ESN", meidOf, "12807714591", "", InvalidMEID},
		{"other letters", meidOf, "G0000000002329", "", InvalidMEID},
	} {
		if got, reason := one.read(one.in); got != one.want || reason != one.reason {
			t.Errorf("%s %q gives %q %s, want %q %s", one.name, one.in, got, reason, one.want, one.reason)
		}
	}
}

func imeiOf(s string) (string, Reason) {
	n, e := parseIMEI(s)
	if e == nil {
		return n, ""
	}
	return n, ReasonOf(e)
}

func meidOf(s string) (string, Reason) {
	n, e := parseMEID(s)
	if e == nil {
		return n, ""
	}
	return n, ReasonOf(e)
}

func TestAnIdentifierNamesOneDevice(t *testing.T) {
	const imei = "490154203237518"
	for name, one := range map[string]struct {
		in   Identifier
		want []Reason
	}{
		"IMEI":                        {Identifier{IMEI: imei}, nil},
		"MEID":                        {Identifier{MEID2: "A0000000002329"}, nil},
		"serial and more":             {Identifier{Serial: "S", Manufacturer: "A", Model: "M"}, nil},
		"ChromeOS":                    {Identifier{Serial: "S", Model: "M", Attested: "x"}, nil},
		"nothing":                     {Identifier{}, []Reason{InvalidIdentifierSet}},
		"a model":                     {Identifier{Model: "M"}, []Reason{InvalidSerial}},
		"no manufacturer":             {Identifier{Serial: "S", Model: "M"}, []Reason{InvalidManufacturer}},
		"no model":                    {Identifier{Serial: "S", Manufacturer: "A"}, []Reason{InvalidModel}},
		"ChromeOS without its serial": {Identifier{Model: "M", Attested: "x"}, []Reason{InvalidIdentifierSet}},
		"the same twice":              {Identifier{IMEI: imei, IMEI2: imei}, []Reason{InvalidIdentifierSet}},
		"an unknown type":             {Identifier{IMEI: imei, Type: "PHONE"}, []Reason{InvalidIdentifierSet}},
		"all at once":                 {Identifier{IMEI: "1", MEID: "2", Serial: "a\x00", Model: strings.Repeat("x", 201)}, []Reason{InvalidIMEI, InvalidMEID, InvalidSerial, InvalidModel}},
	} {
		_, faults := one.in.complete()
		var got []Reason
		for _, e := range faults {
			got = append(got, ReasonOf(e))
		}
		if diff := cmp.Diff(one.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEveryReasonHasAStatus(t *testing.T) {
	for _, r := range []Reason{
		InvalidCustomer, InvalidReseller, InvalidIdentifierSet, InvalidDevice, InvalidIMEI, InvalidMEID, InvalidSerial, InvalidManufacturer, InvalidModel,
		InvalidSection, InvalidMetadata, InvalidToken, InvalidVacation, InvalidArgument, NotAuthorized, AlreadyExists,
	} {
		if s := StatusOf(invalid(r, "", "x")); s == UnknownError {
			t.Errorf("%s has no status", r)
		}
	}
	if s := StatusOf(nil); s != Success {
		t.Errorf("no fault is %s", s)
	}
}

// FuzzIdentifiers: what is taken is in its one form, names the same device when it
// is read again, and adds nothing to itself.
func FuzzIdentifiers(f *testing.F) {
	f.Add("49-015420-323751-8", "", "a0000000002329", "S 1", "Acme", "One", "")
	f.Add("", "", "293608736500703710", "", "", "", "")
	f.Add("", "", "", "ſerial", "İ", "ẞ", "x")
	f.Fuzz(func(t *testing.T, imei, imei2, meid, serial, manufacturer, model, attested string) {
		i, faults := Identifier{IMEI: imei, IMEI2: imei2, MEID: meid, Serial: serial, Manufacturer: manufacturer, Model: model, Attested: attested}.complete()
		if len(faults) > 0 {
			for _, e := range faults {
				if ReasonOf(e) == "" || e.Message == "" {
					t.Errorf("a fault without a reason: %v", e)
				}
			}
			return
		}
		if len(i.Keys()) == 0 {
			t.Error("it names no device")
		}
		again, faults := i.complete()
		if len(faults) > 0 || again != i {
			t.Errorf("%+v is read again as %+v, %v", i, again, faults)
		}
		if !i.Has(i) {
			t.Errorf("%+v has not what it has", i)
		}
		if both, ok := i.with(i); !ok || both != i {
			t.Errorf("with itself it is %+v, %v", both, ok)
		}
	})
}
