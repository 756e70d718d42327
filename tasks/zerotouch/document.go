package zerotouch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// The documents are the JSON shapes of the public API (PartnerClaim,
// PartnerUnclaim, UpdateMetadataArguments), which files of devices hold too.

// integer is a 64-bit integer: written as a quoted string, read from one or from a
// number.
type integer int64

// MarshalJSON implements json.Marshaler.
func (i integer) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatInt(int64(i), 10)), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *integer) UnmarshalJSON(b []byte) error {
	text := string(bytes.Trim(b, `"`))
	if text == "null" || string(b) == `""` {
		*i = 0
		return nil
	}
	n, ok := whole(text)
	if !ok {
		return fmt.Errorf("%s is no 64-bit integer", tasks.Clip(string(b), 40))
	}
	*i = integer(n)
	return nil
}

// whole reads a whole number. Like protocol buffers it takes 1e3 and 5.0, too, where
// they stand for one number only, which is up to 2^53.
func whole(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	ok := err == nil && strings.Trim(text, "0123456789+-.eE") == "" && f >= -(1<<53) && f <= 1<<53 && f == math.Trunc(f)
	if !ok {
		return 0, false
	}
	return int64(f), true
}

type identifierDoc struct {
	IMEI         string     `json:"imei,omitempty"`
	IMEI2        string     `json:"imei2,omitempty"`
	MEID         string     `json:"meid,omitempty"`
	MEID2        string     `json:"meid2,omitempty"`
	Serial       string     `json:"serialNumber,omitempty"`
	Manufacturer string     `json:"manufacturer,omitempty"`
	Model        string     `json:"model,omitempty"`
	Attested     string     `json:"chromeOsAttestedDeviceId,omitempty"`
	Type         DeviceType `json:"deviceType,omitempty"`
}

func (d *identifierDoc) identifier() Identifier {
	if d == nil {
		return Identifier{}
	}
	return Identifier(*d)
}

type metadataDoc struct {
	Entries map[string]string `json:"entries"`
}

func (d *metadataDoc) entries() map[string]string {
	switch {
	case d == nil:
		return nil
	case d.Entries == nil:
		return map[string]string{}
	}
	return d.Entries
}

type claimDoc struct {
	Identifier    *identifierDoc `json:"deviceIdentifier,omitempty"`
	Section       Section        `json:"sectionType,omitempty"`
	Metadata      *metadataDoc   `json:"deviceMetadata,omitempty"`
	Customer      integer        `json:"customerId,omitempty"`
	Workspace     string         `json:"googleWorkspaceCustomerId,omitempty"`
	Configuration integer        `json:"configurationId,omitempty"`
	SIMProfile    integer        `json:"simlockProfileId,omitempty"`
	Token         string         `json:"preProvisioningToken,omitempty"`
}

func (d claimDoc) request() (request, *tasks.Error) {
	return ClaimRequest{
		Identifier: d.Identifier.identifier(), Section: d.Section, Owner: Owner{CustomerID(d.Customer), d.Workspace},
		Configuration: int64(d.Configuration), SIMProfile: int64(d.SIMProfile), Metadata: d.Metadata.entries(), Token: d.Token,
	}, nil
}

// told is the document as reports repeat it: without what is a credential.
func (d claimDoc) told() any {
	d.Token = ""
	return d
}

type unclaimDoc struct {
	Device         integer        `json:"deviceId,omitempty"`
	Identifier     *identifierDoc `json:"deviceIdentifier,omitempty"`
	Section        Section        `json:"sectionType,omitempty"`
	VacationDays   integer        `json:"vacationModeDays,omitempty"`
	VacationExpire string         `json:"vacationModeExpireTime,omitempty"`
}

func (d unclaimDoc) request() (request, *tasks.Error) {
	r := UnclaimRequest{Device: DeviceID(d.Device), Identifier: d.Identifier.identifier(), Section: d.Section, VacationDays: int64(d.VacationDays)}
	if d.VacationExpire == "" {
		return r, nil
	}
	at, err := time.Parse(time.RFC3339, d.VacationExpire)
	if err != nil {
		return r, invalid(InvalidVacation, "vacationModeExpireTime", "vacationModeExpireTime must be a time such as 2026-11-22T10:00:00Z.")
	}
	r.VacationExpire = at
	return r, nil
}

// told writes the number of days as the API does: bare, since it has 32 bits.
func (d unclaimDoc) told() any {
	return struct {
		unclaimDoc
		VacationDays int64 `json:"vacationModeDays,omitempty"`
	}{d, int64(d.VacationDays)}
}

type updateDoc struct {
	Device     integer        `json:"deviceId,omitempty"`
	Identifier *identifierDoc `json:"deviceIdentifier,omitempty"`
	Metadata   *metadataDoc   `json:"deviceMetadata,omitempty"`
}

func (d updateDoc) request() (request, *tasks.Error) {
	return MetadataRequest{DeviceID(d.Device), d.Identifier.identifier(), d.Metadata.entries()}, nil
}

func (d updateDoc) told() any { return d }

// document is one of the three shapes.
type document interface {
	request() (request, *tasks.Error)
	told() any
}

// ParseClaim reads a PartnerClaim; integers may be quoted or bare. Faults are
// CodeInvalid with InvalidArgument, or of the values.
func ParseClaim(raw []byte) (ClaimRequest, error) {
	r, err := parseRequest[claimDoc](raw)
	if err != nil {
		return ClaimRequest{}, err
	}
	return r.(ClaimRequest), nil
}

// ParseUnclaim reads a PartnerUnclaim as ParseClaim reads a PartnerClaim.
func ParseUnclaim(raw []byte) (UnclaimRequest, error) {
	r, err := parseRequest[unclaimDoc](raw)
	if err != nil {
		return UnclaimRequest{}, err
	}
	return r.(UnclaimRequest), nil
}

// ParseIdentifier reads a DeviceIdentifier as ParseClaim reads a PartnerClaim.
func ParseIdentifier(raw []byte) (Identifier, error) {
	d, e := parseDocument[identifierDoc](raw)
	if e != nil {
		return Identifier{}, e
	}
	return d.identifier(), nil
}

func parseRequest[D document](raw []byte) (request, error) {
	d, e := parseDocument[D](raw)
	if e != nil {
		return nil, e
	}
	r, e := d.request()
	if e != nil {
		return nil, e
	}
	return r, nil
}

// parseDocument reads one JSON object. Members that are not known are passed over.
func parseDocument[D any](raw []byte) (d D, e *tasks.Error) {
	err := json.Unmarshal(raw, &d)
	if err == nil && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return d, nil
	}
	e = invalid(InvalidArgument, "", "This is no JSON object.")
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil || errors.As(err, &syntax):
	case errors.As(err, &wrong) && wrong.Field != "":
		e.Field, e.Message = wrong.Field, fmt.Sprintf("%s must not be a %s.", wrong.Field, strings.SplitN(wrong.Value, " ", 2)[0])
	case !errors.As(err, &wrong):
		e.Message = "A value cannot be read: " + err.Error() + "."
	}
	return d, e
}

// MarshalIdentifier writes an identifier as the API does.
func MarshalIdentifier(i Identifier) ([]byte, error) { return json.Marshal(identifierDoc(i)) }
