package zerotouch

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"asapi/tasks"
)

// ClaimRequest enrolls a device for a customer.
type ClaimRequest struct {
	Identifier    Identifier // must name one device
	Section       Section    // must be ZeroTouch
	Owner         Owner
	Configuration int64
	SIMProfile    int64
	Metadata      map[string]string // see MetadataRequest.Entries
	Token         string            // a pre-provisioning token, for ChromeOS devices only
}

// UnclaimRequest takes a device back from its customer, or lets its claim rest.
type UnclaimRequest struct {
	Device     DeviceID   // 0: the identifier says which
	Identifier Identifier // must name one device, where Device is 0
	Section    Section    // must be ZeroTouch
	// VacationDays, of 24 hours each from now on, or VacationExpire let the claim
	// rest until then instead of ending it; zero values: the claim ends.
	VacationDays   int64
	VacationExpire time.Time
}

// MetadataRequest sets keys of a device's metadata.
type MetadataRequest struct {
	Device     DeviceID   // 0: the identifier says which
	Identifier Identifier // must name one device, where Device is 0
	// Entries are the keys to set: phonenumber and ordernumber of an Android
	// device, ordernumber, annotatedassetid, annotatedlocation and annotateduser of
	// a ChromeOS device. An empty value deletes the key; others stay. nil is a
	// fault.
	Entries map[string]string
}

// maxVacation is the longest that a claim may rest.
const maxVacation = 10 * 365 * 24 * time.Hour

// workspaceID is how the id of a Google Workspace customer looks.
var workspaceID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// check gives the request with a normal identifier, or all its faults.
func (r ClaimRequest) check() (ClaimRequest, tasks.Faults) {
	var faults tasks.Faults
	r.Identifier, faults = r.Identifier.complete()
	faults = append(faults, checkSection(r.Section)...)
	switch {
	case r.Owner.Customer != 0 && r.Owner.Workspace != "":
		faults = append(faults, invalid(InvalidCustomer, "customerId", "A claim is for one customer: give customerId or googleWorkspaceCustomerId, not both."))
	case !r.Owner.Set():
		faults = append(faults, invalid(InvalidCustomer, "customerId", "The customer that the device is for is missing: give customerId or googleWorkspaceCustomerId."))
	case r.Owner.Customer < 0:
		faults = append(faults, errNoCustomer(r.Owner.Customer))
	case r.Owner.Workspace != "" && !workspaceID.MatchString(r.Owner.Workspace):
		faults = append(faults, invalid(InvalidCustomer, "googleWorkspaceCustomerId", "googleWorkspaceCustomerId must be the id of a Google Workspace customer, such as C012abcde."))
	}
	if r.Token != "" && r.Identifier.Type != ChromeOS {
		faults = append(faults, invalid(InvalidToken, "preProvisioningToken", "A preProvisioningToken is for ChromeOS devices only."))
	}
	if r.Configuration < 0 || r.SIMProfile < 0 {
		faults = append(faults, invalid(InvalidArgument, "configurationId", "configurationId and simlockProfileId must not be below 0."))
	}
	return r, append(faults, checkMetadata(r.Metadata)...)
}

// check gives the request with a normal identifier and with the end of the
// vacation, or all its faults.
func (r UnclaimRequest) check(now time.Time) (UnclaimRequest, tasks.Faults) {
	var faults tasks.Faults
	r.Identifier, faults = checkNamed(r.Device, r.Identifier)
	faults = append(faults, checkSection(r.Section)...)
	vacation := func(field, format string, args ...any) {
		faults = append(faults, invalid(InvalidVacation, field, format, args...))
	}
	most := int64(maxVacation / (24 * time.Hour))
	switch {
	case r.VacationDays != 0 && !r.VacationExpire.IsZero():
		vacation("vacationModeDays", "Give vacationModeDays or vacationModeExpireTime, not both.")
	case r.VacationDays < 0 || r.VacationDays > most:
		vacation("vacationModeDays", "vacationModeDays must be a number of days from 1 to %d.", most)
	case r.VacationDays > 0:
		r.VacationExpire, r.VacationDays = now.Add(time.Duration(r.VacationDays)*24*time.Hour), 0
	case !r.VacationExpire.IsZero() && !r.VacationExpire.After(now):
		vacation("vacationModeExpireTime", "vacationModeExpireTime must lie ahead.")
	case !r.VacationExpire.IsZero() && r.VacationExpire.After(now.Add(maxVacation)):
		vacation("vacationModeExpireTime", "vacationModeExpireTime may lie %d days ahead at most.", most)
	}
	return r, faults
}

// check gives the request with a normal identifier, or all its faults.
func (r MetadataRequest) check() (MetadataRequest, tasks.Faults) {
	var faults tasks.Faults
	r.Identifier, faults = checkNamed(r.Device, r.Identifier)
	if r.Entries == nil {
		faults = append(faults, invalid(InvalidMetadata, "deviceMetadata", "deviceMetadata is missing: give the entries to set."))
	}
	return r, append(faults, checkMetadata(r.Entries)...)
}

// checkNamed checks what names the device of a request.
func checkNamed(d DeviceID, i Identifier) (Identifier, tasks.Faults) {
	switch {
	case d < 0:
		return i, tasks.Faults{errNoDevice("deviceId")}
	case d == 0 && i == Identifier{}:
		return i, tasks.Faults{invalid(InvalidIdentifierSet, "deviceIdentifier", "Which device is meant is missing: give deviceId or deviceIdentifier.")}
	case d == 0:
		return i.complete()
	}
	given := i.Type
	i, faults := i.normal()
	if given == "" || given == NoType {
		i.Type = NoType // the device is known by its id, whatever its type
	}
	return i, faults
}

func checkSection(s Section) tasks.Faults {
	if s == ZeroTouch {
		return nil
	}
	return tasks.Faults{invalid(InvalidSection, "sectionType", "sectionType must be %s.", ZeroTouch)}
}

// What metadata may be.
const maxMetadata = 5000 // bytes of a value

// metadataKeys are the keys that devices have.
var metadataKeys = map[DeviceType][]string{
	NoType:   nil, // no device is kept without a type
	Android:  {"phonenumber", "ordernumber"},
	ChromeOS: {"ordernumber", "annotatedassetid", "annotatedlocation", "annotateduser"},
}

// checkMetadata gives the faults that entries have whatever the device.
func checkMetadata(entries map[string]string) tasks.Faults {
	for key, v := range entries {
		if len(v) > maxMetadata || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return tasks.Faults{invalid(InvalidMetadata, "deviceMetadata.entries", "The value of %q must be text of at most %d bytes.", tasks.Clip(key, 40), maxMetadata)}
		}
	}
	return nil
}

// metadata gives a device's metadata after entries were set; what was is not
// changed.
func metadata(was, entries map[string]string, t DeviceType) (map[string]string, *tasks.Error) {
	now := make(map[string]string, len(was)+len(entries))
	maps.Copy(now, was)
	for given, v := range entries {
		key := strings.ToLower(given)
		if !slices.Contains(metadataKeys[t], key) {
			return nil, invalid(InvalidMetadata, "deviceMetadata.entries", "The metadata of this device has the keys %s, and no %q.", strings.Join(metadataKeys[t], ", "), tasks.Clip(given, 40))
		}
		if v == "" {
			delete(now, key)
		} else {
			now[key] = v
		}
	}
	if len(now) == 0 {
		return nil, nil
	}
	return now, nil
}

// errNoCustomer is what a customer that is not there, or is somebody else's,
// answers.
func errNoCustomer(c CustomerID) *tasks.Error {
	return invalid(InvalidCustomer, "customerId", "There is no customer %d.", int64(c))
}

// errNoDevice is what a device that is not there, or is somebody else's, answers.
func errNoDevice(field string) *tasks.Error {
	return fault(tasks.CodeNotFound, InvalidDevice, field, "There is no such device.")
}
