package zerotouchclient_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dialect is how the published clients of a language send requests. The listings of
// the public guides are in these two.
type dialect struct {
	query  string
	header http.Header
	packed bool                 // bodies are gzip'd
	number func(n int64) string // a 64-bit integer in a body
}

var dialects = map[string]dialect{
	"Python": {
		query: "alt=json", number: func(n int64) string { return fmt.Sprint(n) },
		header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Accept-Encoding": {"gzip, deflate"}, "User-Agent": {"(gzip)"}},
	},
	"Java": {
		packed: true, number: func(n int64) string { return fmt.Sprintf("%q", fmt.Sprint(n)) },
		header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"sample Google-API-Java-Client/2.0.0 Google-HTTP-Java-Client/1.43.3 (gzip)"}},
	},
}

// execute makes one request and gives the members of its answer.
func (d dialect) execute(t *testing.T, p *partner, method, path, body string) map[string]any {
	t.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	if d.packed && body != "" {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := io.WriteString(w, body)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		sent = &b
	}
	if d.query != "" {
		joint := "?"
		if strings.Contains(path, "?") {
			joint = "&"
		}
		path += joint + d.query
	}
	request, err := http.NewRequestWithContext(t.Context(), method, shared.url+"/v1/"+path, sent)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = d.header.Clone()
	request.Header.Set("Authorization", "Bearer "+p.token)
	if d.packed && body != "" {
		request.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := plain.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text := io.Reader(answer.Body)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		if text, err = gzip.NewReader(answer.Body); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s, %v", method, path, answer.StatusCode, b, err)
	}
	return members
}

// has looks a member up that a sample indexes, so that it must be there.
func has[T any](t *testing.T, in map[string]any, path ...string) T {
	t.Helper()
	at := any(in)
	for _, name := range path {
		members, _ := at.(map[string]any)
		var ok bool
		if at, ok = members[name]; !ok {
			t.Fatalf("there is no %s in %v", strings.Join(path, "."), in)
		}
	}
	found, ok := at.(T)
	if !ok {
		t.Fatalf("%s is %v, a %T", strings.Join(path, "."), at, at)
	}
	return found
}

func TestTheListingsOfTheGuidesDoWhatTheySay(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			p := shared.reseller
			customer := createACustomer(t, d, p, "Guide "+name)
			device := claimADevice(t, d, p, customer)
			listVendorsWithTheirCustomers(t, d, p)
			updateMetadataInABatch(t, d, p, device)
			pageThroughDevices(t, d, p, customer)
		})
	}
}

func createACustomer(t *testing.T, d dialect, p *partner, name string) (customer int64) {
	t.Helper()
	made := d.execute(t, p, "POST", p.name()+"/customers", fmt.Sprintf(`{"customer": {"companyName": %q, "ownerEmails": ["ann@example.com", "cem@example.com"], "adminEmails": ["dee@example.com"]}}`, name))
	if has[string](t, made, "companyName") != name || has[string](t, made, "termsStatus") == "" {
		t.Errorf("%v", made)
	}
	if _, err := fmt.Sscan(has[string](t, made, "companyId"), &customer); err != nil || has[string](t, made, "name") != fmt.Sprintf("%s/customers/%d", p.name(), customer) {
		t.Errorf("%v, %v", made, err)
	}
	var listed bool
	all := d.execute(t, p, "GET", p.name()+"/customers?pageSize=100", "")
	for _, one := range has[[]any](t, all, "customers") {
		c, _ := one.(map[string]any)
		listed = listed || has[string](t, c, "companyId") == fmt.Sprint(customer) && has[string](t, c, "companyName") == name && has[string](t, c, "termsStatus") != ""
	}
	if !listed {
		t.Errorf("%s is not in the list", name)
	}
	return customer
}

func claimADevice(t *testing.T, d dialect, p *partner, customer int64) (device string) {
	t.Helper()
	got := d.execute(t, p, "POST", p.name()+"/devices:claim", fmt.Sprintf(`{"deviceIdentifier": {"manufacturer": "Maker", "serialNumber": "W%s", "model": "Seven"},
		"customerId": %s, "sectionType": "SECTION_TYPE_ZERO_TOUCH"}`, imei(), d.number(customer)))
	device = has[string](t, got, "deviceId")
	if has[string](t, got, "deviceName") != p.name()+"/devices/"+device {
		t.Errorf("%v", got)
	}
	return device
}

func listVendorsWithTheirCustomers(t *testing.T, d dialect, p *partner) {
	t.Helper()
	vendors := d.execute(t, p, "GET", p.name()+"/vendors?pageSize=100", "")
	if has[float64](t, vendors, "totalSize") < 1 {
		t.Errorf("%v", vendors)
	}
	if _, ok := vendors["nextPageToken"]; ok {
		t.Error("the last page names a next one")
	}
	for _, one := range has[[]any](t, vendors, "vendors") {
		v, _ := one.(map[string]any)
		has[string](t, v, "companyName")
		has[string](t, v, "companyId")
		customers := d.execute(t, p, "GET", has[string](t, v, "name")+"/customers?pageSize=100", "")
		has[float64](t, customers, "totalSize")
		if list, ok := customers["customers"]; ok && len(list.([]any)) == 0 {
			t.Error("an empty list of customers is there")
		}
	}
}

func updateMetadataInABatch(t *testing.T, d dialect, p *partner, device string) {
	t.Helper()
	started := d.execute(t, p, "POST", p.name()+"/devices:updateMetadataAsync", fmt.Sprintf(`{"updates": [
		{"deviceId": %[1]q, "deviceMetadata": {"entries": {"ordernumber": "1"}}}, {"deviceId": %[1]q, "deviceMetadata": {"entries": {"ordernumber": "2", "phonenumber": ""}}}]}`, device))
	name := has[string](t, started, "name")
	if len(started) != 1 {
		t.Errorf("started it is %v", started)
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		o := d.execute(t, p, "GET", name, "")
		percent := has[float64](t, o, "metadata", "progress")
		has[float64](t, o, "metadata", "devicesCount")
		has[string](t, o, "metadata", "processingStatus")
		if has[bool](t, o, "done") {
			if has[float64](t, o, "metadata", "devicesCount") != 2 || has[float64](t, o, "response", "successCount") != 2 || len(has[[]any](t, o, "response", "perDeviceStatus")) != 2 {
				t.Errorf("%v", o)
			}
			break
		}
		select {
		case <-time.After(time.Duration(100-percent)*time.Millisecond + 10*time.Millisecond):
		case <-deadline.C:
			t.Fatalf("%s does not end", name)
		}
	}
	got := d.execute(t, p, "GET", p.name()+"/devices/"+device, "")
	if has[string](t, got, "deviceMetadata", "entries", "ordernumber") != "2" {
		t.Errorf("%v", got)
	}
}

func pageThroughDevices(t *testing.T, d dialect, p *partner, customer int64) {
	t.Helper()
	claimADevice(t, d, p, customer)
	token, found := "null", map[string]bool{}
	for {
		page := d.execute(t, p, "POST", p.name()+"/devices:findByOwner", fmt.Sprintf(`{"limit": %s, "pageToken": %s, "customerId": [%s], "sectionType": "SECTION_TYPE_ZERO_TOUCH"}`,
			d.number(1), token, d.number(customer)))
		if has[float64](t, page, "totalSize") != 2 {
			t.Errorf("%v", page)
		}
		for _, one := range has[[]any](t, page, "devices") {
			device, _ := one.(map[string]any)
			found[has[string](t, device, "deviceId")] = true
			claims := has[[]any](t, device, "claims")
			claim, _ := claims[0].(map[string]any)
			has[map[string]any](t, device, "deviceIdentifier")
			if has[string](t, claim, "ownerCompanyId") != fmt.Sprint(customer) || has[string](t, claim, "sectionType") != zeroTouch {
				t.Errorf("%v", device)
			}
		}
		next, more := page["nextPageToken"]
		if !more {
			break
		}
		token = fmt.Sprintf("%q", next)
	}
	if len(found) != 2 {
		t.Errorf("found %v", found)
	}
	none := d.execute(t, p, "POST", p.name()+"/devices:findByIdentifier", `{"deviceIdentifier": {"imei": "`+imei()+`"}, "limit": 10}`)
	if len(has[[]any](t, none, "devices")) != 0 || has[float64](t, none, "totalSize") != 0 {
		t.Errorf("%v", none)
	}
}
