// Package zerotouch is the door for resellers' clients of the zero-touch API
// (androiddeviceprovisioning v1), in the dialect that README.md describes. It
// decodes, makes one call to the Registry or the Desk and encodes; no rule lives
// here.
package zerotouch

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// Config is what the door works with.
type Config struct {
	Shared   *web.Shared
	Registry *zerotouch.Registry
	Batches  *zerotouch.Batches
	// BatchBytes is the most that the request of a batch may hold, packed and
	// unpacked.
	BatchBytes int64
	// Quota counts requests; nil: nobody does.
	Quota tasks.Quota
	// Queries is how many requests a client may make in 100 seconds; 0: as many as
	// it likes.
	Queries int64
}

// domain names the service in the details of failures, as the public one does.
const domain = "androiddeviceprovisioning.googleapis.com"

type door struct {
	*web.Shared
	cfg      Config
	registry *zerotouch.Registry
}

// Mount adds the door's routes.
func Mount(e *echo.Echo, cfg Config) {
	d := &door{Shared: cfg.Shared, cfg: cfg, registry: cfg.Registry}
	faults := googleapi.Dialect{Shared: cfg.Shared, Domain: domain, Reason: reasonOf}
	route := func(method, path string, h echo.HandlerFunc) {
		for _, p := range spelled(path) {
			e.Add(method, p, h, googleapi.Packed(), faults.Faults, cfg.Shared.AuthenticatedBy(googleapi.SecretOf), d.metered)
		}
	}
	get := func(path string, h echo.HandlerFunc) { route(http.MethodGet, path, h) }
	post := func(path string, h echo.HandlerFunc) { route(http.MethodPost, path, h) }

	const partner = "/v1/partners/:partner"
	post(partner+"/customers", d.createCustomer)
	get(partner+"/customers", d.customers)
	post(partner+"/devices:claim", d.claim)
	post(partner+"/devices:claimAsync", d.claimAsync)
	post(partner+"/devices:unclaim", d.unclaim)
	post(partner+"/devices:unclaimAsync", d.unclaimAsync)
	post(partner+"/devices:updateMetadataAsync", d.updateMetadataAsync)
	post(partner+"/devices/:device/metadata", d.setMetadata)
	post(partner+"/devices:findByIdentifier", d.findByIdentifier)
	post(partner+"/devices:findByOwner", d.findByOwner)
	get(partner+"/devices/:device", d.device)
	post(partner+"/devices:getSimLockState", d.simLockState)
	get(partner+"/vendors", d.vendors)
	get(partner+"/vendors/:vendor/customers", d.vendorCustomers)
	get("/v1/operations/*", d.operation)
	// What is at none of these paths is told in this door's shape, too.
	nothing := func(echo.Context) error { return echo.ErrNotFound }
	for _, p := range []string{"/v1/partners", "/v1/partners/*", "/v1/operations", "/v1/operations/*"} {
		e.RouteNotFound(p, nothing, googleapi.Packed(), faults.Faults)
	}
}

// verb is where a path has a colon, which stands before a custom method.
const verb = "devices:"

// spelled gives the ways in which a path may be written: its colon may be escaped
// (RFC 3986 section 3.3). To Echo an unescaped one would begin a parameter.
func spelled(path string) []string {
	if !strings.Contains(path, verb) {
		return []string{path}
	}
	list := make([]string, 0, 3)
	for _, colon := range []string{`\:`, "%3A", "%3a"} {
		list = append(list, strings.Replace(path, verb, "devices"+colon, 1))
	}
	return list
}

// reasonOf gives the reason that the service's faults carry.
func reasonOf(e *tasks.Error) string {
	reason, _ := errors.AsType[zerotouch.Reason](e)
	return string(reason)
}

// asked reads the partner that a path names, and the body of a request.
func (d *door) asked(c echo.Context, message any) (zerotouch.PartnerID, error) {
	partner, err := partnerOf(c)
	if err != nil {
		return 0, err
	}
	return partner, d.decode(c, message)
}

// decode reads the body of a request.
func (d *door) decode(c echo.Context, message any) error {
	return googleapi.Decode(d.Shared, c, message)
}
