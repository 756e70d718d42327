package zerotouch

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"asapi/tasks"
)

// Customer is a company that devices are claimed for. Its name never changes.
type Customer struct {
	ID       CustomerID
	Partner  PartnerID // who made it
	Company  string    // the company's name
	Owners   []string  // mail addresses; kept, and never told again
	Admins   []string
	Language string // BCP 47; empty: unknown
}

// Vendor is a partner that sells for another one.
type Vendor struct {
	ID      PartnerID
	Company string
}

// What a customer may be.
const (
	maxCompany = 500 // bytes
	maxEmails  = 100 // of owners, and of admins
	maxEmail   = 254 // bytes (RFC 5321)
)

// check gives the customer as it is kept, or its faults.
func (c Customer) check() (Customer, tasks.Faults) {
	var faults tasks.Faults
	add := func(field, format string, args ...any) {
		faults = append(faults, invalid(InvalidArgument, "customer."+field, format, args...))
	}
	if c.Company = strings.TrimSpace(c.Company); c.Company == "" || !plain(c.Company, maxCompany) {
		add("companyName", "companyName must be the name of the company, at most %d bytes, without control characters.", maxCompany)
	}
	if len(c.Owners) == 0 {
		add("ownerEmails", "ownerEmails must hold the mail address of at least one owner.")
	}
	for _, list := range []struct {
		field     string
		addresses *[]string
		corporate bool
	}{{"ownerEmails", &c.Owners, true}, {"adminEmails", &c.Admins, false}} {
		if len(*list.addresses) > maxEmails {
			add(list.field, "%s may hold at most %d addresses.", list.field, maxEmails)
			continue
		}
		kept := make([]string, len(*list.addresses))
		for i, given := range *list.addresses {
			address, ok := parseEmail(given)
			switch {
			case !ok:
				add(list.field, "%s must hold mail addresses such as ann@example.com; %q is none.", list.field, tasks.Clip(given, 80))
			case list.corporate && personal(address):
				add(list.field, "%s is a personal address; an owner's must be one of the company.", address)
			}
			kept[i] = address
		}
		*list.addresses = kept
	}
	if !plain(c.Language, 35) {
		add("languageCode", "languageCode must be a language such as de or pt-BR.")
	}
	return c, faults
}

// parseEmail reads a bare mail address.
func parseEmail(s string) (string, bool) {
	s = strings.TrimSpace(s)
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || !plain(s, maxEmail) {
		return "", false
	}
	_, domain, _ := strings.Cut(s, "@")
	return s, strings.Contains(domain, ".") && !strings.HasPrefix(domain, "[")
}

// personalDomains are of services where anybody gets an address. Those that end
// with a dot stand for all their top-level domains.
var personalDomains = []string{
	"gmail.com", "googlemail.com", "yahoo.", "ymail.com", "rocketmail.com", "hotmail.", "outlook.", "live.", "msn.com", "aol.", "icloud.com", "me.com", "mac.com",
	"gmx.", "web.de", "t-online.de", "freenet.de", "mail.ru", "yandex.", "proton.me", "protonmail.", "pm.me", "tutanota.com", "tuta.io", "zoho.com", "mail.com",
	"qq.com", "163.com", "126.com", "naver.com", "daum.net", "hanmail.net", "rediffmail.com", "orange.fr", "free.fr", "laposte.net", "libero.it", "fastmail.com",
}

// topLevel is what may follow a domain that stands for several: de, com, co.uk.
var topLevel = regexp.MustCompile(`^([a-z]{2,3}|com?\.[a-z]{2})$`)

// personal reports whether the address is of a service where anybody gets one.
func personal(address string) bool {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	return slices.ContainsFunc(personalDomains, func(p string) bool {
		rest, ok := strings.CutPrefix(domain, p)
		return ok && (rest == "" || (strings.HasSuffix(p, ".") && topLevel.MatchString(rest)))
	})
}
