package zerotouch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEmptyCellsStandWhereTheyAreWhateverPartsThem(t *testing.T) {
	table := "imei,serial number,manufacturer,model,order number\n" +
		"490154203237518,,,,A-7\n" + // empty cells within
		", S1,Acme ,One,\n" // and at both ends, and spaces around others
	want := []ClaimRequest{
		{Identifier: Identifier{IMEI: "490154203237518"}, Section: ZeroTouch, Metadata: map[string]string{"ordernumber": "A-7"}},
		{Identifier: Identifier{Serial: "S1", Manufacturer: "Acme", Model: "One"}, Section: ZeroTouch},
	}
	for name, comma := range map[string]string{"commas": ",", "semicolons": ";", "tabs": "\t"} {
		var got []ClaimRequest
		err := readEntries(strings.NewReader(strings.ReplaceAll(table, ",", comma)), claimKind, func(e entry) error {
			if e.fault != nil {
				t.Errorf("%s: %v", name, e.fault)
			}
			r, _ := e.request.(ClaimRequest)
			got = append(got, r)
			return nil
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}
