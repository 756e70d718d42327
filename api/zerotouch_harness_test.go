package api_test

import (
	"fmt"
	"strings"
	"testing"

	"asapi/api"
	"asapi/channel"
	"asapi/store"
	devices "asapi/store/zerotouch"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// shop is a partner with a customer and a device that is claimed for it.
type shop struct {
	*member
	customer, device, imei string
	operation              string // a batch that waits
}

// newResellers is a server with the door for resellers; queries is their quota.
func newResellers(t *testing.T, queries int64) (*world, *devices.Store) {
	t.Helper()
	var kept *devices.Store
	var registry *zerotouch.Registry
	w := newWorldWith(t, settings{
		desk: func(c *tasks.DeskConfig) {
			s, ok := c.Store.(*store.Store)
			if !ok {
				t.Fatalf("the store is a %T", c.Store)
			}
			kept = devices.New(s)
			registry = zerotouch.NewRegistry(kept, c.Sealer)
			c.Catalog = tasks.NewCatalog(append(catalog().Services(), zerotouch.NewService(registry))...)
		},
		api: func(c *api.Config) {
			c.Zerotouch = &api.Zerotouch{Registry: registry, BatchBytes: 1 << 20, Quota: channel.NewQuota(nil), Queries: queries}
		},
	})
	return w, kept
}

// v1 makes a request of the API; partner is the path below partners.
func (m *member) v1(method, path, body string) answer {
	m.w.t.Helper()
	contentType := ""
	if body != "" {
		contentType = "application/json"
	}
	return m.send(tasks.ASStore, method, "/v1/"+path, contentType, body)
}

func (m *member) partner() string { return fmt.Sprintf("partners/%d", m.client.ID) }

// shop makes a partner; n numbers its device.
func (w *world) shop(name string, n int) *shop {
	w.t.Helper()
	s := &shop{member: w.member(name), imei: []string{"350000000000014", "350000000000022", "350000000000030", "350000000000048"}[n]}
	text := func(a answer, name string) string {
		v, ok := a.json[name].(string)
		if !ok {
			w.t.Fatalf("there is no %s in %s", name, a.text)
		}
		return v
	}
	s.customer = text(w.is(s.v1("POST", s.partner()+"/customers", `{"customer":{"companyName":"Secret of `+name+`","ownerEmails":["a@example.com"]}}`), 200), "companyId")
	s.device = text(w.is(s.v1("POST", s.partner()+"/devices:claim", s.claim(s.customer, s.imei)), 200), "deviceId")
	s.operation = text(w.is(s.v1("POST", s.partner()+"/devices:claimAsync", `{"claims":[`+s.claim(s.customer, s.imei)+`]}`), 200), "name")
	return s
}

func (s *shop) claim(customer, imei string) string {
	return fmt.Sprintf(`{"customerId":%q,"sectionType":"SECTION_TYPE_ZERO_TOUCH","deviceIdentifier":{"imei":%q}}`, customer, imei)
}

// request is one call of the API.
type request struct{ name, method, path, body string }

// methods are all methods, as a partner's on the things that are named.
func methods(partner, customer, device, imei, vendor string) []request {
	identifier := `"deviceIdentifier":{"imei":"` + imei + `"}`
	const section = `"sectionType":"SECTION_TYPE_ZERO_TOUCH"`
	return []request{
		{"customers.create", "POST", partner + "/customers", `{"customer":{"companyName":"New","ownerEmails":["a@example.com"]}}`},
		{"customers.list", "GET", partner + "/customers", ""},
		{"claim", "POST", partner + "/devices:claim", `{"customerId":"` + customer + `",` + section + `,"deviceIdentifier":{"imei":"350000000000055"}}`},
		{"claimAsync", "POST", partner + "/devices:claimAsync", `{"claims":[{"customerId":"` + customer + `",` + section + `,` + identifier + `}]}`},
		{"unclaim", "POST", partner + "/devices:unclaim", `{"deviceId":"` + device + `",` + section + `}`},
		{"unclaim by identifier", "POST", partner + "/devices:unclaim", `{` + identifier + `,` + section + `}`},
		{"unclaimAsync", "POST", partner + "/devices:unclaimAsync", `{"unclaims":[{` + identifier + `,` + section + `}]}`},
		{"updateMetadataAsync", "POST", partner + "/devices:updateMetadataAsync", `{"updates":[{` + identifier + `,"deviceMetadata":{"entries":{"ordernumber":"1"}}}]}`},
		{"metadata", "POST", partner + "/devices/" + device + "/metadata", `{"deviceMetadata":{"entries":{"ordernumber":"1"}}}`},
		{"findByIdentifier", "POST", partner + "/devices:findByIdentifier", `{` + identifier + `,"limit":"10"}`},
		{"findByOwner", "POST", partner + "/devices:findByOwner", `{"customerId":["` + customer + `"],` + section + `,"limit":10}`},
		{"get", "GET", partner + "/devices/" + device, ""},
		{"getSimLockState", "POST", partner + "/devices:getSimLockState", `{` + identifier + `}`},
		{"vendors.list", "GET", partner + "/vendors", ""},
		{"vendors.customers.list", "GET", partner + "/vendors/" + vendor + "/customers", ""},
	}
}

// unnamed is an answer without the names of what was asked for.
func (a answer) unnamed(names ...string) string {
	text := a.text
	for _, name := range names {
		text = strings.ReplaceAll(text, name, "X")
	}
	return fmt.Sprint(a.status, " ", text)
}
