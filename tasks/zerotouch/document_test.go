package zerotouch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

func TestADocumentTakesIntegersQuotedAndBare(t *testing.T) {
	want := zerotouch.ClaimRequest{
		Identifier: zerotouch.Identifier{IMEI: "1", Serial: "S"}, Section: zerotouch.ZeroTouch, Owner: zerotouch.Owner{Customer: 9007199254740993},
		Configuration: 7, Metadata: map[string]string{"ordernumber": "1"},
	}
	for _, raw := range []string{
		`{"deviceIdentifier":{"imei":"1","serialNumber":"S"},"sectionType":"SECTION_TYPE_ZERO_TOUCH","customerId":"9007199254740993","configurationId":7,"deviceMetadata":{"entries":{"ordernumber":"1"}},"unknown":[1]}`,
		`{"customerId":9007199254740993,"configurationId":"7","sectionType":"SECTION_TYPE_ZERO_TOUCH","deviceIdentifier":{"serialNumber":"S","imei":"1","meid":null},"deviceMetadata":{"entries":{"ordernumber":"1"}},"simlockProfileId":null}`,
	} {
		got, err := zerotouch.ParseClaim([]byte(raw))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	// As protocol buffers read them: what is a whole number, however it is written.
	for raw, want := range map[string]zerotouch.CustomerID{`12.0`: 12, `"12.0"`: 12, `1.2e3`: 1200, `-0`: 0} {
		if got, err := zerotouch.ParseClaim([]byte(`{"customerId":` + raw + `}`)); err != nil || got.Owner.Customer != want {
			t.Errorf("%s is %d, %v", raw, got.Owner.Customer, err)
		}
	}
	unclaim, err := zerotouch.ParseUnclaim([]byte(`{"deviceId":"5","sectionType":"X","vacationModeDays":3,"vacationModeExpireTime":"2026-11-22T10:00:00+01:00"}`))
	if err != nil || unclaim.Device != 5 || unclaim.VacationDays != 3 || !unclaim.VacationExpire.Equal(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v, %v", unclaim, err)
	}
	for raw, field := range map[string]string{
		`7`:                                     "",
		`null`:                                  "",
		`{"customerId":"1.5"}`:                  "",
		`{"customerId":99999999999999999999}`:   "",
		`{"customerId":1e16}`:                   "",
		`{"customerId":1.5}`:                    "",
		`{"customerId":"0x1p4"}`:                "",
		`{"deviceIdentifier":{"imei":1}}`:       "deviceIdentifier.imei",
		`{"deviceMetadata":{"entries":["a"]}}`:  "deviceMetadata.entries",
		`{"deviceMetadata":{"entries":{"a":1}}`: "",
	} {
		_, err := zerotouch.ParseClaim([]byte(raw))
		if e := tasks.FaultsOf(err); len(e) != 1 || zerotouch.ReasonOf(err) != zerotouch.InvalidArgument || e[0].Field != field {
			t.Errorf("%s: %v of the field %q", raw, err, e[0].Field)
		}
	}
	if _, err := zerotouch.ParseUnclaim([]byte(`{"vacationModeExpireTime":"soon"}`)); zerotouch.ReasonOf(err) != zerotouch.InvalidVacation {
		t.Errorf("no time: %v", err)
	}
}

// FuzzFiles: a file of any bytes is read to its end or refused with a sentence.
func FuzzFiles(f *testing.F) {
	for _, seed := range []string{
		`{"claims":[{"deviceIdentifier":{"imei":"490154203237518"},"customerId":"1"},7]}`,
		`{"deviceIdentifier":{"serialNumber":"S"}}` + "\n\nnonsense\n",
		"\xef\xbb\xbfIMEI;Serial;customer;vacation mode days\n490154203237518;S;1;x\n;;;;;y\n",
		"imei,model\n\"4\"\"9\",\"a\nb\"\n", `[{},[],{"a":{"b":[1,2]}}]`, "\xff\xfe", "\x1f\x8b", "deviceid\n1", `{"updates":{}}`,
	} {
		for _, action := range []string{"claim-devices", "unclaim-devices", "update-device-metadata"} {
			f.Add(action, seed)
		}
	}
	f.Fuzz(func(t *testing.T, action, file string) {
		n, err := zerotouch.CheckEntries(action, strings.NewReader(file))
		if err == nil && n > int64(len(file)) {
			t.Errorf("%d entries in %d bytes", n, len(file))
		}
		if code := tasks.CodeOf(err); err != nil && code != tasks.CodeUnsupportedFormat && code != tasks.CodeInvalidAction {
			t.Errorf("%v", err)
		}
	})
}
