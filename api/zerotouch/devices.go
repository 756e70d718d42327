package zerotouch

import (
	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks/zerotouch"
)

// claim is a ClaimDeviceRequest or a PartnerClaim.
type claim struct {
	Identifier    identifier      `json:"deviceIdentifier"`
	Section       string          `json:"sectionType"`
	Metadata      *metadata       `json:"deviceMetadata"`
	Customer      googleapi.Int64 `json:"customerId"`
	Workspace     string          `json:"googleWorkspaceCustomerId"`
	Configuration googleapi.Int64 `json:"configurationId"`
	SIMProfile    googleapi.Int64 `json:"simlockProfileId"`
	Token         string          `json:"preProvisioningToken"`
}

// unclaim is an UnclaimDeviceRequest or a PartnerUnclaim.
type unclaim struct {
	Device         googleapi.Int64 `json:"deviceId"`
	Identifier     identifier      `json:"deviceIdentifier"`
	Section        string          `json:"sectionType"`
	VacationDays   googleapi.Int64 `json:"vacationModeDays"`
	VacationExpire string          `json:"vacationModeExpireTime"`
}

// update is an UpdateMetadataArguments.
type update struct {
	Device     googleapi.Int64 `json:"deviceId"`
	Identifier identifier      `json:"deviceIdentifier"`
	Metadata   *metadata       `json:"deviceMetadata"`
}

// claimed is a ClaimDeviceResponse.
type claimed struct {
	ID   googleapi.Int64 `json:"deviceId"`
	Name string          `json:"deviceName"`
}

// claim is partners.devices.claim.
func (d *door) claim(c echo.Context) error {
	var request claim
	partner, err := d.asked(c, &request)
	if err != nil {
		return err
	}
	made, err := d.registry.Claim(c.Request().Context(), web.Caller(c), partner, zerotouch.ClaimRequest{
		Identifier: request.Identifier.domain(), Section: zerotouch.Section(request.Section),
		Owner:         zerotouch.Owner{Customer: zerotouch.CustomerID(request.Customer), Workspace: request.Workspace},
		Configuration: int64(request.Configuration), SIMProfile: int64(request.SIMProfile), Metadata: request.Metadata.entries(), Token: request.Token,
	})
	if err != nil {
		return err
	}
	return googleapi.Answer(c, claimed{ID: googleapi.Int64(made.ID), Name: made.Name(partner)})
}

// unclaim is partners.devices.unclaim.
func (d *door) unclaim(c echo.Context) error {
	var request unclaim
	partner, err := d.asked(c, &request)
	if err != nil {
		return err
	}
	expire, err := parseTimestamp("vacationModeExpireTime", request.VacationExpire)
	if err != nil {
		return err
	}
	err = d.registry.Unclaim(c.Request().Context(), web.Caller(c), partner, zerotouch.UnclaimRequest{
		Device: zerotouch.DeviceID(request.Device), Identifier: request.Identifier.domain(), Section: zerotouch.Section(request.Section),
		VacationDays: int64(request.VacationDays), VacationExpire: expire,
	})
	if err != nil {
		return err
	}
	return googleapi.Answer(c, googleapi.Empty{})
}

// deviceID reads the device that a path names.
func deviceID(c echo.Context) (zerotouch.DeviceID, error) {
	id, err := number(c, "device", "deviceId", zerotouch.InvalidDevice)
	return zerotouch.DeviceID(id), err
}

// setMetadata is partners.devices.metadata.
func (d *door) setMetadata(c echo.Context) error {
	partner, err := partnerOf(c)
	if err != nil {
		return err
	}
	id, err := deviceID(c)
	if err != nil {
		return err
	}
	var request struct {
		Metadata *metadata `json:"deviceMetadata"`
	}
	if err := d.decode(c, &request); err != nil {
		return err
	}
	entries, err := d.registry.SetMetadata(c.Request().Context(), web.Caller(c), partner, id, request.Metadata.entries())
	if err != nil {
		return err
	}
	return googleapi.Answer(c, metadataOf(entries))
}

// device is partners.devices.get.
func (d *door) device(c echo.Context) error {
	partner, err := partnerOf(c)
	if err != nil {
		return err
	}
	id, err := deviceID(c)
	if err != nil {
		return err
	}
	found, err := d.registry.GetDevice(c.Request().Context(), web.Caller(c), partner, id)
	if err != nil {
		return err
	}
	return googleapi.Answer(c, deviceOf(partner, &found))
}

// simLockState is partners.devices.getSimLockState.
func (d *door) simLockState(c echo.Context) error {
	var request struct {
		Identifier identifier `json:"deviceIdentifier"`
	}
	partner, err := d.asked(c, &request)
	if err != nil {
		return err
	}
	state, err := d.registry.SIMLock(c.Request().Context(), web.Caller(c), partner, request.Identifier.domain())
	if err != nil {
		return err
	}
	return googleapi.Answer(c, map[string]zerotouch.SIMLock{"simLockState": state})
}
