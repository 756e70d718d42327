package zerotouch

import (
	"time"

	"asapi/api/internal/googleapi"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// identifier is a DeviceIdentifier.
type identifier struct {
	IMEI         string `json:"imei,omitempty"`
	IMEI2        string `json:"imei2,omitempty"`
	MEID         string `json:"meid,omitempty"`
	MEID2        string `json:"meid2,omitempty"`
	Serial       string `json:"serialNumber,omitempty"`
	Manufacturer string `json:"manufacturer,omitempty"`
	Model        string `json:"model,omitempty"`
	Attested     string `json:"chromeOsAttestedDeviceId,omitempty"`
	Type         string `json:"deviceType,omitempty"`
}

func (i identifier) domain() zerotouch.Identifier {
	return zerotouch.Identifier{
		IMEI: i.IMEI, IMEI2: i.IMEI2, MEID: i.MEID, MEID2: i.MEID2, Serial: i.Serial, Manufacturer: i.Manufacturer, Model: i.Model,
		Attested: i.Attested, Type: zerotouch.DeviceType(i.Type),
	}
}

func identifierOf(i zerotouch.Identifier) identifier {
	return identifier{
		IMEI: i.IMEI, IMEI2: i.IMEI2, MEID: i.MEID, MEID2: i.MEID2, Serial: i.Serial, Manufacturer: i.Manufacturer, Model: i.Model,
		Attested: i.Attested, Type: string(i.Type),
	}
}

// metadata is a DeviceMetadata. Pollers index its entries, so they always are there.
type metadata struct {
	Entries map[string]string `json:"entries"`
}

func metadataOf(entries map[string]string) metadata {
	if entries == nil {
		entries = map[string]string{}
	}
	return metadata{entries}
}

// entries gives what is to be set; nil: nothing was said.
func (m *metadata) entries() map[string]string {
	switch {
	case m == nil:
		return nil
	case m.Entries == nil:
		return map[string]string{}
	}
	return m.Entries
}

// device is a Device. Of all that a public sample indexes nothing is left out.
type device struct {
	Name       string          `json:"name"`
	ID         googleapi.Int64 `json:"deviceId"`
	Identifier identifier      `json:"deviceIdentifier"`
	Metadata   metadata        `json:"deviceMetadata"`
	Claims     []deviceClaim   `json:"claims"`
}

// deviceClaim is a DeviceClaim.
type deviceClaim struct {
	Owner          googleapi.Int64 `json:"ownerCompanyId"`
	Reseller       googleapi.Int64 `json:"resellerId"`
	Section        string          `json:"sectionType"`
	Workspace      string          `json:"googleWorkspaceCustomerId,omitempty"`
	VacationStart  string          `json:"vacationModeStartTime,omitempty"`
	VacationExpire string          `json:"vacationModeExpireTime,omitempty"`
}

func deviceOf(p zerotouch.PartnerID, d *zerotouch.Device) device {
	out := device{
		Name: d.Name(p), ID: googleapi.Int64(d.ID), Identifier: identifierOf(d.Identifier), Metadata: metadataOf(d.Metadata),
		Claims: []deviceClaim{},
	}
	if c := d.Claim; c != nil {
		claim := deviceClaim{
			Owner: googleapi.Int64(c.Owner.Customer), Reseller: googleapi.Int64(c.Reseller), Section: string(c.Section), Workspace: c.Owner.Workspace,
		}
		if c.Vacation != nil {
			claim.VacationStart, claim.VacationExpire = timestamp(c.Vacation.Start), timestamp(c.Vacation.Expire)
		}
		out.Claims = append(out.Claims, claim)
	}
	return out
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// parseTimestamp reads a google.protobuf.Timestamp; empty: none.
func parseTimestamp(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, &tasks.Error{Code: tasks.CodeInvalid, Field: field, Message: field + " must be a time such as 2026-11-22T10:00:00Z (RFC 3339).", Err: zerotouch.InvalidVacation}
	}
	return t, nil
}
