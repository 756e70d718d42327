package zerotouch_test

import (
	"fmt"
	"slices"
	"testing"

	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

func TestDevicesAreFoundByWhateverIdentifiesThem(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		a := p.claims(zerotouch.Identifier{IMEI: imei(1), IMEI2: imei(2), Serial: "Sér 1", Manufacturer: "Acme", Model: "One"})
		c := p.claims(zerotouch.Identifier{MEID: "A1000015C6D4E2", Serial: "sér 1", Manufacturer: "Other"})
		book := p.claims(zerotouch.Identifier{Serial: "sér 1", Model: "Book", Attested: "At-1"})
		for name, one := range map[string]struct {
			asked zerotouch.Identifier
			want  []zerotouch.DeviceID
		}{
			"IMEI":                     {zerotouch.Identifier{IMEI: imei(1)}, []zerotouch.DeviceID{a.ID}},
			"the second IMEI":          {zerotouch.Identifier{IMEI: imei(2)[:8] + " " + imei(2)[8:]}, []zerotouch.DeviceID{a.ID}},
			"both":                     {zerotouch.Identifier{IMEI: imei(2), IMEI2: imei(1)}, []zerotouch.DeviceID{a.ID}},
			"one that has not both":    {zerotouch.Identifier{IMEI: imei(2), IMEI2: imei(3)}, nil},
			"MEID":                     {zerotouch.Identifier{MEID: "a1000015c6d4e2"}, []zerotouch.DeviceID{c.ID}},
			"MEID in its decimal form": {zerotouch.Identifier{MEID: "270113179713030626"}, []zerotouch.DeviceID{c.ID}},
			"the attested id":          {zerotouch.Identifier{Attested: "AT-1", Type: zerotouch.ChromeOS}, []zerotouch.DeviceID{book.ID}},
			"serial in another case":   {zerotouch.Identifier{Serial: "SÉR 1"}, []zerotouch.DeviceID{a.ID, c.ID, book.ID}},
			"serial and type":          {zerotouch.Identifier{Serial: "SÉR 1", Type: zerotouch.Android}, []zerotouch.DeviceID{a.ID, c.ID}},
			"serial and manufacturer":  {zerotouch.Identifier{Serial: "SÉR 1", Manufacturer: "other"}, []zerotouch.DeviceID{c.ID}},
			"serial and model":         {zerotouch.Identifier{Serial: "SÉR 1", Model: "ONE"}, []zerotouch.DeviceID{a.ID}},
			"all three":                {zerotouch.Identifier{Serial: "SÉR 1", Manufacturer: "ACME", Model: "ONE"}, []zerotouch.DeviceID{a.ID}},
			"IMEI of another serial":   {zerotouch.Identifier{IMEI: imei(1), Serial: "x"}, nil},
		} {
			var got []zerotouch.DeviceID
			for _, d := range p.found(one.asked) {
				got = append(got, d.ID)
			}
			if !slices.Equal(got, one.want) {
				t.Errorf("%s finds %v, want %v", name, got, one.want)
			}
		}
		for name, q := range map[string]zerotouch.IdentifierQuery{
			"no limit":      {Identifier: phone(1)},
			"a great limit": {Identifier: phone(1), Limit: 101},
			"a model only":  {Identifier: zerotouch.Identifier{Model: "One", Manufacturer: "Acme"}, Limit: 1},
			"nothing":       {Limit: 1},
			"a wrong token": {Identifier: phone(1), Limit: 1, Token: "x"},
		} {
			if _, err := p.registry.FindByIdentifier(t.Context(), p.caller, p.id, q); tasks.CodeOf(err) != tasks.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestPagesOfDevicesGiveEachOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		owners := []zerotouch.Owner{{Customer: p.customer}, {Customer: p.newCustomer("second")}, {Workspace: "C0abc"}}
		empty := p.newCustomer("third")
		for i := range 31 {
			r := p.request(zerotouch.Identifier{IMEI: imei(i), Serial: "batch"})
			r.Owner = owners[i%3]
			_, err := p.registry.Claim(t.Context(), p.caller, p.id, r)
			must(t, err)
		}
		query := zerotouch.OwnerQuery{
			Customers: []zerotouch.CustomerID{empty, owners[1].Customer, owners[0].Customer, owners[0].Customer}, Workspaces: []string{"C0abc", "C0none"},
			Section: zerotouch.ZeroTouch, Limit: 7,
		}
		var tokens []string
		pages := func(next func(token string) (zerotouch.Page[zerotouch.Device], error)) {
			t.Helper()
			var seen []zerotouch.DeviceID
			for token := ""; ; {
				page, err := next(token)
				must(t, err)
				for _, d := range page.List {
					seen = append(seen, d.ID)
				}
				if page.Total != 31 {
					t.Errorf("a page tells %d devices", page.Total)
				}
				if token = page.Next; token == "" {
					break
				}
				tokens = append(tokens, token)
			}
			if len(seen) != 31 || !slices.IsSorted(seen) || len(slices.Compact(seen)) != 31 {
				t.Errorf("the pages give %v", seen)
			}
		}
		pages(func(token string) (zerotouch.Page[zerotouch.Device], error) {
			query.Token = token
			return p.registry.FindByOwner(t.Context(), p.caller, p.id, query)
		})
		pages(func(token string) (zerotouch.Page[zerotouch.Device], error) {
			return p.registry.FindByIdentifier(t.Context(), p.caller, p.id, zerotouch.IdentifierQuery{Identifier: zerotouch.Identifier{Serial: "Batch"}, Limit: 10, Token: token})
		})
		other := b.partner("other")
		for name, q := range map[string]struct {
			who *partner
			q   zerotouch.OwnerQuery
		}{
			"of fewer customers":  {p, zerotouch.OwnerQuery{Customers: query.Customers[:2], Section: zerotouch.ZeroTouch, Limit: 7, Token: tokens[0]}},
			"of another query":    {p, zerotouch.OwnerQuery{Customers: query.Customers, Workspaces: query.Workspaces, Section: zerotouch.ZeroTouch, Limit: 7, Token: tokens[len(tokens)-1]}},
			"of another partner":  {other, zerotouch.OwnerQuery{Workspaces: query.Workspaces, Section: zerotouch.ZeroTouch, Limit: 7, Token: tokens[0]}},
			"without a section":   {p, zerotouch.OwnerQuery{Customers: query.Customers, Limit: 7}},
			"without an owner":    {p, zerotouch.OwnerQuery{Section: zerotouch.ZeroTouch, Limit: 7}},
			"of unknown customer": {p, zerotouch.OwnerQuery{Customers: []zerotouch.CustomerID{4711}, Section: zerotouch.SIMLocked, Limit: 7}},
		} {
			if _, err := q.who.registry.FindByOwner(t.Context(), q.who.caller, q.who.id, q.q); tasks.CodeOf(err) != tasks.CodeInvalid {
				t.Errorf("a page %s: %v", name, err)
			}
		}
		page, err := p.registry.FindByOwner(t.Context(), p.caller, p.id, zerotouch.OwnerQuery{Customers: query.Customers, Section: zerotouch.SIMLocked, Limit: 7})
		if err != nil || len(page.List) != 0 || page.Total != 0 {
			t.Errorf("of the other section there is %+v, %v", page, err)
		}
	})
}

func TestListingsOfCustomersGoPageByPage(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		for i := range 4 {
			p.newCustomer(fmt.Sprint("company ", i))
		}
		var sizes []int
		for token := ""; ; {
			page, err := p.registry.Customers(t.Context(), p.caller, p.id, zerotouch.PageQuery{Size: 2, Token: token})
			must(t, err)
			if sizes = append(sizes, len(page.List)); page.Total != 5 {
				t.Errorf("a page tells %d customers", page.Total)
			}
			if token = page.Next; token == "" {
				break
			}
		}
		if !slices.Equal(sizes, []int{2, 2, 1}) {
			t.Errorf("the pages have %v customers", sizes)
		}
		_, err := p.registry.Customers(t.Context(), p.caller, p.id, zerotouch.PageQuery{Size: -1})
		wantFault(t, err, tasks.CodeInvalid, zerotouch.InvalidArgument)
	})
}
