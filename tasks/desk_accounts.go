package tasks

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxUsername is the longest username, in bytes.
const maxUsername = 255

// Register registers an account, or brings a deregistered one back with all it
// owned. CodeUnique when it is registered already.
func (d *Desk) Register(ctx context.Context, c Caller, service, username string) error {
	a, err := d.account(c, service, username)
	if err != nil {
		return err
	}
	return d.cfg.Store.RegisterAccount(ctx, a)
}

// Deregister refuses new submissions for the account and ends its subscriptions; what runs goes on. With
// erase, a boolean as ParseBool reads it (empty: false), what runs is cancelled and
// all the account owns is deleted for good.
func (d *Desk) Deregister(ctx context.Context, c Caller, service, username, erase string) error {
	a, err := d.account(c, service, username)
	faults := FaultsOf(err)
	everything := false
	if erase != "" {
		if everything, err = ParseBool(erase); err != nil {
			faults = append(faults, &Error{Code: CodeInvalidParameter, Field: "erase", Message: "erase must be true or false.", Err: err})
		}
	}
	if len(faults) > 0 {
		return faults.Err()
	}
	if err := d.cfg.Store.DeregisterAccount(ctx, a, everything); err != nil {
		return err
	}
	if !everything {
		return nil
	}
	defer d.cfg.Queue.Nudge() // the dispatcher finishes the erasure
	return CancelOpenTasks(ctx, d.cfg.Store, d.cfg.Channel, a)
}

// CancelOpenTasks cancels every task of the account that has not ended.
func CancelOpenTasks(ctx context.Context, store TaskStore, to Publisher, a Account) error {
	for {
		ids, err := store.OpenTasksOf(ctx, a, 1000)
		if err != nil || len(ids) == 0 {
			return err
		}
		cancelled, err := store.Cancel(ctx, a.Client, ids)
		if err != nil {
			return err
		}
		publishCancelled(to, cancelled)
	}
}

func (d *Desk) account(c Caller, service, username string) (Account, error) {
	var faults Faults
	s, e := d.service(c, service)
	if e != nil {
		faults = append(faults, e)
	}
	if e := CheckUsername("username", username); e != nil {
		faults = append(faults, e)
	}
	if len(faults) > 0 {
		return Account{}, faults.Err()
	}
	return Account{Client: c.Client.ID, Service: s.Slug, Username: username}, nil
}

// service finds a service that the caller may use at least one action of.
func (d *Desk) service(c Caller, key string) (*Service, *Error) {
	if key == "" {
		return nil, &Error{Code: CodeMissing, Field: "service", Message: "This parameter is required."}
	}
	s, ok := d.cfg.Catalog.Service(key)
	if ok {
		for i := range s.Actions {
			if c.Token.May(s.Slug, s.Actions[i].Slug) {
				return s, nil
			}
		}
	}
	return nil, &Error{Code: CodeInvalidService, Field: "service", Message: "Invalid service name"}
}

// CheckUsername refuses what cannot be the name of an account: it is 1 to 255
// bytes of valid UTF-8 without '/' and control characters.
func CheckUsername(field, name string) *Error {
	switch {
	case name == "":
		return &Error{Code: CodeMissing, Field: field, Message: "This parameter is required."}
	case len(name) > maxUsername:
		return &Error{Code: CodeInvalid, Field: field, Message: "The account name is longer than 255 bytes."}
	case !utf8.ValidString(name) || strings.ContainsRune(name, '/') || strings.ContainsFunc(name, unicode.IsControl):
		return &Error{Code: CodeInvalid, Field: field, Message: "The account name may not hold '/', control characters or invalid UTF-8."}
	}
	return nil
}
