package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// nobody is what nothing here has for its number.
const nobody = "99999999"

// resellers are a reseller, two vendors of it, and a partner that has nothing to do
// with them.
func resellers(t *testing.T) (w *world, reseller, vendor, second, stranger *shop) {
	t.Helper()
	w, kept := newResellers(t, 0)
	reseller, vendor, second, stranger = w.shop("reseller", 0), w.shop("vendor", 1), w.shop("second", 2), w.shop("stranger", 3)
	for _, v := range []*shop{vendor, second} {
		w.must(kept.AddVendor(t.Context(), zerotouch.PartnerOf(reseller.client.ID), zerotouch.Vendor{ID: zerotouch.PartnerOf(v.client.ID), Company: "V"}))
	}
	return w, reseller, vendor, second, stranger
}

func TestNobodyActsAsAnotherPartner(t *testing.T) {
	w, reseller, vendor, second, stranger := resellers(t)
	all := []*shop{reseller, vendor, second, stranger}
	for _, who := range all {
		for _, other := range all {
			if who == other {
				continue
			}
			real := methods(other.partner(), other.customer, other.device, other.imei, fmt.Sprint(vendor.client.ID))
			none := methods("partners/"+nobody, other.customer, other.device, other.imei, fmt.Sprint(vendor.client.ID))
			for i, r := range real {
				got := w.is(who.v1(r.method, r.path, r.body), 403)
				want := w.is(who.v1(none[i].method, none[i].path, none[i].body), 403)
				if got.unnamed(other.partner()) != want.unnamed("partners/"+nobody) {
					t.Errorf("%s as another partner tells it from none:\n%s\n%s", r.name, got.text, want.text)
				}
				if !strings.Contains(got.text, "PERMISSION_DENIED") || !strings.Contains(got.text, "INVALID_RESELLER_ID") || strings.Contains(got.text, "Secret") {
					t.Errorf("%s as another partner: %s", r.name, got.text)
				}
			}
		}
	}
}

func TestWhatIsSomebodyElsesIsLikeWhatDoesNotExist(t *testing.T) {
	w, reseller, vendor, second, stranger := resellers(t)
	for _, c := range []struct {
		name  string
		who   *shop
		other *shop
	}{
		{"a vendor and its reseller", vendor, reseller},
		{"a vendor and another", vendor, second},
		{"a stranger and a reseller", stranger, reseller},
		{"a stranger and a vendor", stranger, vendor},
		{"a reseller and a stranger", reseller, stranger},
		{"a vendor and a stranger", second, stranger},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := fmt.Sprint(c.other.client.ID)
			real := methods(c.who.partner(), c.other.customer, c.other.device, c.other.imei, id)
			none := methods(c.who.partner(), nobody, nobody, "350000000000063", nobody)
			for i, r := range real {
				got, want := c.who.v1(r.method, r.path, r.body), c.who.v1(none[i].method, none[i].path, none[i].body)
				if strings.Contains(got.text, "Secret of "+c.other.client.Name) {
					t.Errorf("%s shows what is somebody else's: %s", r.name, got.text)
				}
				if r.name == "customers.create" || strings.HasSuffix(r.name, "Async") { // each makes something of its own
					continue
				}
				if got.unnamed(strconv.Quote(c.other.customer), " "+c.other.customer+".", id+".") != want.unnamed(strconv.Quote(nobody), " "+nobody+".", nobody+".") {
					t.Errorf("%s tells what is somebody else's from nothing:\n%s\n%s", r.name, got.text, want.text)
				}
			}
			if got, want := c.who.v1("GET", c.other.operation, ""), c.who.v1("GET", "operations/apibatchoperation/"+nobody, ""); got.status != 404 || got.text != want.text {
				t.Errorf("an operation: %s\n%s", got.text, want.text)
			}
			if got := c.who.v1("POST", c.who.partner()+"/devices:claim", c.who.claim(c.who.customer, c.other.imei)); got.status != 409 || !strings.Contains(got.text, "DEVICE_ALREADY_EXISTS") {
				t.Errorf("its device was claimed: %s", got.text)
			}
			mine := w.is(c.other.v1("GET", c.other.partner()+"/devices/"+c.other.device, ""), 200)
			if !strings.Contains(mine.text, `"ownerCompanyId": "`+c.other.customer+`"`) || strings.Contains(mine.text, "ordernumber") {
				t.Errorf("it was touched: %s", mine.text)
			}
		})
	}
}

func TestAResellerSeesWhatItsVendorsHaveAndChangesNoMoreThanItMay(t *testing.T) {
	w, reseller, vendor, second, stranger := resellers(t)
	p := reseller.partner()
	listed := w.is(reseller.v1("GET", p+"/vendors", ""), 200)
	if strings.Contains(listed.text, fmt.Sprintf("/vendors/%d\"", stranger.client.ID)) || !strings.Contains(listed.text, fmt.Sprintf("/vendors/%d\"", second.client.ID)) {
		t.Errorf("the vendors are %s", listed.text)
	}
	want := map[string]int{"claim": 403, "metadata": 403}
	for _, r := range methods(p, vendor.customer, vendor.device, vendor.imei, fmt.Sprint(vendor.client.ID)) {
		if strings.HasPrefix(r.name, "unclaim") {
			continue // at the end
		}
		got, status := reseller.v1(r.method, r.path, r.body), want[r.name]
		if status == 0 {
			status = 200
		}
		if got.status != status || status == 403 && !strings.Contains(got.text, "AUTHORIZATION_FAIL") {
			t.Errorf("%s: %d %s", r.name, got.status, got.text)
		}
	}
	for _, name := range []string{"vendors.customers.list", "findByOwner", "findByIdentifier", "get"} {
		all := methods(p, vendor.customer, vendor.device, vendor.imei, fmt.Sprint(vendor.client.ID))
		r := all[slices.IndexFunc(all, func(r request) bool { return r.name == name })]
		if got := reseller.v1(r.method, r.path, r.body); !strings.Contains(got.text, `"`+vendor.customer+`"`) {
			t.Errorf("%s does not show the vendor's: %s", name, got.text)
		}
	}
	w.is(reseller.v1("POST", p+"/devices:unclaim", `{"deviceId":`+vendor.device+`,"sectionType":"SECTION_TYPE_ZERO_TOUCH"}`), 200)
	if got := w.is(vendor.v1("GET", vendor.partner()+"/devices/"+vendor.device, ""), 200); strings.Contains(got.text, "ownerCompanyId") {
		t.Errorf("it is still claimed: %s", got.text)
	}
}

func TestEveryMethodWantsATokenThatAllowsIt(t *testing.T) {
	w, _ := newResellers(t, 0)
	s := w.shop("ada", 0)
	none := w.member("bob", func(t *tasks.Token) {
		t.Allow = []tasks.Permission{{Service: "ledger", Action: "*"}}
	})
	requests := append(methods(none.partner(), s.customer, s.device, s.imei, nobody), request{"operations.get", "GET", s.operation, ""})
	for _, r := range requests {
		if got := none.v1(r.method, r.path, r.body); got.status != 403 || !strings.Contains(got.text, "AUTHORIZATION_FAIL") {
			t.Errorf("%s without permission: %d %s", r.name, got.status, got.text)
		}
		got := w.is(w.send("", r.method, "/v1/"+r.path, "application/json", strings.NewReader(r.body)), 401)
		if !strings.Contains(got.text, `"UNAUTHENTICATED"`) || got.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s without a token: %s", r.name, got.text)
		}
	}
}

func TestAClientHasAQuotaOfRequestsWhateverItsToken(t *testing.T) {
	w, _ := newResellers(t, 4)
	s := w.shop("ada", 0) // three requests
	other := w.member("bob")
	w.is(s.v1("GET", s.partner()+"/customers", ""), 200)
	for _, p := range []tasks.Protocol{tasks.ASStore, tasks.ASChannel} {
		got := w.is(s.send(p, "GET", "/v1/"+s.partner()+"/customers?quotaUser=me", "", ""), 429)
		if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 1 || wait > 100 || !strings.Contains(got.text, `"RESOURCE_EXHAUSTED"`) {
			t.Errorf("%v %s", got.header, got.text)
		}
	}
	w.is(s.send(tasks.ASStore, "GET", "/account/", "", ""), 200)
	w.is(other.v1("GET", other.partner()+"/customers", ""), 200)
}

func TestAPathMayBeWrittenAsClientsWriteIt(t *testing.T) {
	w, _ := newResellers(t, 0)
	s := w.shop("ada", 0)
	find := `{"deviceIdentifier":{"imei":"` + s.imei + `"},"limit":1}`
	for _, path := range []string{"/devices:findByIdentifier", "/devices%3AfindByIdentifier", "/devices%3afindByIdentifier?alt=json&prettyPrint=false&fields=devices&quotaUser=x&$.xgafv=1"} {
		if got := w.is(s.v1("POST", s.partner()+path, find), 200); !strings.Contains(got.text, s.imei) {
			t.Errorf("%s: %s", path, got.text)
		}
	}
	for _, name := range []string{s.operation, s.operation + "?alt=json", strings.ReplaceAll(s.operation, "/", "%2F")} {
		if got := s.v1("GET", strings.Replace(name, "operations%2F", "operations/", 1), ""); got.status != 200 || !strings.Contains(got.text, "BATCH_PROCESS_PENDING") {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	for _, r := range []request{
		{"method", "PUT", s.partner() + "/customers", "{}"},
		{"verb", "POST", s.partner() + "/devices:destroy", "{}"},
		{"nothing", "GET", "partners", ""},
		{"name", "GET", "operations/7", ""},
		{"names", "GET", "operations", ""},
		{"a method that operations do not have", "POST", s.operation + ":cancel", "{}"},
		{"another", "DELETE", s.operation, ""},
	} {
		if got := s.v1(r.method, r.path, r.body); got.status != 404 || !strings.Contains(got.text, `"NOT_FOUND"`) {
			t.Errorf("%s: %d %s", r.name, got.status, got.text)
		}
	}
	for _, id := range []string{"x", "1.5", "%20", "9999999999999999999"} {
		if got := s.v1("GET", "partners/"+id+"/customers", ""); got.status != 400 || !strings.Contains(got.text, "INVALID_RESELLER_ID") {
			t.Errorf("the partner %s: %d %s", id, got.status, got.text)
		}
	}
}

func TestAnAPIKeyIsATokenAndIsNeverLogged(t *testing.T) {
	w, _ := newResellers(t, 0)
	s := w.shop("ada", 0)
	secret := s.secrets[tasks.ASStore]
	w.is(w.send("", "GET", "/v1/"+s.partner()+"/customers?key="+url.QueryEscape(secret), "", nil), 200)
	w.is(w.send("", "GET", "/v1/"+s.partner()+"/customers", "", nil, "X-Goog-Api-Key", secret), 200)
	w.is(w.send("", "GET", "/v1/"+s.partner()+"/nothing?key="+url.QueryEscape(secret), "", nil), 404)
	w.is(w.send("", "GET", "/v1/"+s.partner()+"/customers?key=nonsense", "", nil), 401)
	if strings.Contains(w.log.String(), secret) {
		t.Error("the key is in the log")
	}
}

func TestABatchThatIsTooLargeOrMalformedLeavesNothingBehind(t *testing.T) {
	w, _ := newResellers(t, 0)
	s := w.shop("ada", 0)
	before := len(w.is(s.v1("GET", s.operation, ""), 200).text)
	claim := s.claim(s.customer, s.imei)
	for name, body := range map[string]string{
		"too large": `{"claims":[` + strings.Repeat(claim+",", 20_000) + claim + `]}`, "no list": `{}`, "cut off": `{"claims":[` + claim,
		"a number": `{"claims":[` + claim + `,7]}`, "a wrong member": `{"claims":[` + claim + `,{"imei":"1"}]}`,
	} {
		got := w.is(s.v1("POST", s.partner()+"/devices:claimAsync", body), 400)
		if !strings.Contains(got.text, `"INVALID_ARGUMENT"`) {
			t.Errorf("%s: %s", name, tasks.Clip(got.text, 300))
		}
	}
	if _, total := s.activities(); total != 1 {
		t.Errorf("there are %d batches, not the one of before (%d)", total, before)
	}
}
