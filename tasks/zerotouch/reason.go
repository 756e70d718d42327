package zerotouch

import (
	"errors"
	"fmt"

	"asapi/tasks"
)

// Reason is the identifier of a fault, from the public API's list of custom error
// codes. It is carried as the cause of a tasks.Error.
type Reason string //nolint:errname // it is an identifier first, and an error so that it can be a cause

// The reasons that faults here have.
//
//nolint:errname // these are named by what is wrong, not as errors
const (
	InvalidCustomer      Reason = "INVALID_CUSTOMER_ID"
	InvalidReseller      Reason = "INVALID_RESELLER_ID"
	InvalidIdentifierSet Reason = "INVALID_IDENTIFIER_SET"
	InvalidDevice        Reason = "INVALID_DEVICE_ID"
	InvalidIMEI          Reason = "INVALID_IMEI"
	InvalidMEID          Reason = "INVALID_MEID"
	InvalidSerial        Reason = "INVALID_SERIAL"
	InvalidManufacturer  Reason = "INVALID_MANUFACTURER"
	InvalidModel         Reason = "INVALID_MODEL"
	InvalidSection       Reason = "INVALID_SECTION_TYPE"
	InvalidMetadata      Reason = "INVALID_METADATA"
	InvalidToken         Reason = "INVALID_TOKEN"
	InvalidVacation      Reason = "INVALID_VACATION_MODE"
	InvalidArgument      Reason = "INVALID_ARGUMENT"
	NotAuthorized        Reason = "AUTHORIZATION_FAIL"
	AlreadyExists        Reason = "DEVICE_ALREADY_EXISTS"
)

// Error implements error, so that a reason can be a cause.
func (r Reason) Error() string { return string(r) }

// ReasonOf gives the reason of err's first fault; empty where it has none.
func ReasonOf(err error) Reason {
	r, _ := errors.AsType[Reason](firstOf(err))
	return r
}

func firstOf(err error) error {
	if faults := tasks.FaultsOf(err); len(faults) > 0 {
		return faults[0]
	}
	return nil
}

// fault makes a fault with its reason. field is named as the API names it, such as
// deviceIdentifier.imei.
func fault(code tasks.Code, reason Reason, field, format string, args ...any) *tasks.Error {
	return &tasks.Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...), Err: reason}
}

// invalid makes the fault of a value.
func invalid(reason Reason, field, format string, args ...any) *tasks.Error {
	return fault(tasks.CodeInvalid, reason, field, format, args...)
}

// Status tells in one word what became of an entry of a batch.
type Status string

// The statuses of the public API (PerDeviceStatusInBatch).
const (
	Success            Status = "SINGLE_DEVICE_STATUS_SUCCESS"
	UnknownError       Status = "SINGLE_DEVICE_STATUS_UNKNOWN_ERROR"
	OtherError         Status = "SINGLE_DEVICE_STATUS_OTHER_ERROR"
	PermissionDenied   Status = "SINGLE_DEVICE_STATUS_PERMISSION_DENIED"
	WrongIdentifier    Status = "SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER"
	WrongSection       Status = "SINGLE_DEVICE_STATUS_INVALID_SECTION_TYPE"
	SectionNotYours    Status = "SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS"
	WrongToken         Status = "SINGLE_DEVICE_STATUS_INVALID_TOKEN"
	RevokedToken       Status = "SINGLE_DEVICE_STATUS_REVOKED_TOKEN"
	TooManyDevices     Status = "SINGLE_DEVICE_STATUS_DEVICE_LIMIT_EXCEEDED"
	statusWithoutCause        = UnknownError
)

// statuses is the one table from a reason to the status of an entry.
var statuses = map[Reason]Status{
	InvalidCustomer:      OtherError,
	InvalidReseller:      PermissionDenied,
	InvalidIdentifierSet: WrongIdentifier,
	InvalidDevice:        WrongIdentifier,
	InvalidIMEI:          WrongIdentifier,
	InvalidMEID:          WrongIdentifier,
	InvalidSerial:        WrongIdentifier,
	InvalidManufacturer:  WrongIdentifier,
	InvalidModel:         WrongIdentifier,
	InvalidSection:       WrongSection,
	InvalidMetadata:      OtherError,
	InvalidToken:         WrongToken,
	InvalidVacation:      OtherError,
	InvalidArgument:      OtherError,
	NotAuthorized:        PermissionDenied,
	AlreadyExists:        SectionNotYours,
}

// StatusOf gives the status of an entry that ended with err; nil: Success.
func StatusOf(err error) Status {
	if err == nil {
		return Success
	}
	if s, ok := statuses[ReasonOf(err)]; ok {
		return s
	}
	return statusWithoutCause
}
