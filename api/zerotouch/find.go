package zerotouch

import (
	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks/zerotouch"
)

// deviceList is what both ways of finding devices answer. Clients index devices, so
// that they are there when there are none.
type deviceList struct {
	Devices []device `json:"devices"`
	Next    string   `json:"nextPageToken,omitempty"`
	Total   int64    `json:"totalSize"`
}

func devicesOf(p zerotouch.PartnerID, page zerotouch.Page[zerotouch.Device]) deviceList {
	out := deviceList{Devices: make([]device, len(page.List)), Next: page.Next, Total: page.Total}
	for i := range page.List {
		out.Devices[i] = deviceOf(p, &page.List[i])
	}
	return out
}

// findByIdentifier is partners.devices.findByIdentifier.
func (d *door) findByIdentifier(c echo.Context) error {
	var request struct {
		Identifier identifier      `json:"deviceIdentifier"`
		Limit      googleapi.Int64 `json:"limit"`
		Token      string          `json:"pageToken"`
	}
	partner, err := d.asked(c, &request)
	if err != nil {
		return err
	}
	page, err := d.registry.FindByIdentifier(c.Request().Context(), web.Caller(c), partner, zerotouch.IdentifierQuery{
		Identifier: request.Identifier.domain(), Limit: int64(request.Limit), Token: request.Token,
	})
	if err != nil {
		return err
	}
	return googleapi.Answer(c, devicesOf(partner, page))
}

// findByOwner is partners.devices.findByOwner.
func (d *door) findByOwner(c echo.Context) error {
	var request struct {
		Customers  []googleapi.Int64 `json:"customerId"`
		Workspaces []string          `json:"googleWorkspaceCustomerId"`
		Section    string            `json:"sectionType"`
		Limit      googleapi.Int64   `json:"limit"`
		Token      string            `json:"pageToken"`
	}
	partner, err := d.asked(c, &request)
	if err != nil {
		return err
	}
	q := zerotouch.OwnerQuery{Workspaces: request.Workspaces, Section: zerotouch.Section(request.Section), Limit: int64(request.Limit), Token: request.Token}
	for _, id := range request.Customers {
		q.Customers = append(q.Customers, zerotouch.CustomerID(id))
	}
	page, err := d.registry.FindByOwner(c.Request().Context(), web.Caller(c), partner, q)
	if err != nil {
		return err
	}
	return googleapi.Answer(c, devicesOf(partner, page))
}
