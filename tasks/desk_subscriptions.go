package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"iter"
	"maps"
	"slices"
)

// subscribeFields are the fields of a subscription that are no parameters of its
// action.
var subscribeFields = []string{"service", "action", "account", "every"}

// Subscribed answers a subscription that is durable.
type Subscribed struct {
	Subscription Subscription
	Outcome      SubscribeOutcome
}

// Subscribe registers an action that is to run for an account again and again. It is
// validated as a submission is, and a refused one changes nothing. What the client
// subscribed to before is found again by its service, action, account and arguments:
// it gets the given rhythm and the caller's token, and is resumed where it was paused.
func (d *Desk) Subscribe(ctx context.Context, c Caller, fields iter.Seq2[Field, error]) (Subscribed, error) {
	if err := d.throttle(c); err != nil {
		return Subscribed{}, err
	}
	values, faults, err := plainFields(fields)
	if err != nil {
		return Subscribed{}, err
	}
	n, bad := d.prepareSubscription(c, values)
	if faults = append(faults, bad...); len(faults) > 0 {
		t := NewTask{Client: n.Client, Service: n.Service, Account: n.Account}
		return Subscribed{}, append(faults, d.missingAccount(ctx, t, faults)...).Err()
	}
	var done Subscribed
	done.Subscription, done.Outcome, err = d.cfg.Store.Subscribe(ctx, n)
	return done, err
}

// plainFields reads fields that hold no files.
func plainFields(fields iter.Seq2[Field, error]) (map[string][]string, Faults, error) {
	values := map[string][]string{}
	var faults Faults
	for field, err := range fields {
		switch {
		case err != nil:
			return nil, nil, err
		case field.File != nil:
			faults = append(faults, &Error{Code: CodeInvalidParameter, Field: Clip(field.Name, 64), Message: "A subscription takes no files."})
		default:
			values[field.Name] = append(values[field.Name], field.Value)
		}
	}
	return values, faults, nil
}

// prepareSubscription turns fields into a subscription, or gives all its faults.
func (d *Desk) prepareSubscription(c Caller, values map[string][]string) (NewSubscription, Faults) {
	var faults Faults
	add := func(e *Error) {
		if e != nil {
			faults = append(faults, e)
		}
	}
	faults = append(faults, checkText(values)...)
	own := map[string]string{}
	for _, name := range subscribeFields {
		given := values[name]
		delete(values, name)
		if len(given) > 1 {
			add(&Error{Code: CodeInvalid, Field: name, Message: name + " is given more than once."})
		}
		if len(given) > 0 {
			own[name] = given[0]
		}
	}
	n := NewSubscription{Client: c.Client.ID, Account: own["account"], Token: c.Token.ID, Most: d.cfg.Limits.Subscriptions}
	add(CheckUsername("account", n.Account))
	every, err := ParseEvery(own["every"])
	faults = append(faults, FaultsOf(err)...)
	n.Every = every
	s, e := d.service(c, own["service"])
	add(e)
	if s == nil {
		add(checkNamed("action", own["action"]))
		return n, faults
	}
	n.Service = s.Slug
	a, e := d.action(c, s, own["action"])
	add(e)
	if a == nil {
		return n, faults
	}
	n.Action = a.Slug
	if !a.Recurs {
		add(&Error{Code: CodeInvalidAction, Field: "action", Message: "This action cannot be subscribed to; GET /account/ tells which ones are recurring."})
		return n, faults
	}
	faults = append(faults, checkRecurring(c, s, a, values)...)
	n.Values = values
	n.Identity = identityOf(n, a)
	return n, faults
}

// checkRecurring checks the arguments of a subscription, when it is made and before
// each of its occurrences.
func checkRecurring(c Caller, s *Service, a *Action, values map[string][]string) Faults {
	var faults Faults
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p, ok := a.Parameter(name)
		switch {
		case !ok:
			faults = append(faults, unknownParameter(name))
		case p.ForOneTask():
			faults = append(faults, &Error{
				Code: CodeInvalidParameter, Field: p.Slug,
				Message: p.Slug + " is for one task only; a subscription works with stored credentials and takes no files.",
			})
		}
	}
	args := Args{Values: values}
	faults = append(faults, checkNarrowed(c, s, a, args)...)
	return append(faults, a.Check(args)...)
}

// identityOf tells subscriptions apart by what they ask for: not by how that is
// written, nor by their rhythm.
func identityOf(n NewSubscription, a *Action) string {
	var b []byte
	put := func(texts ...string) {
		b = binary.AppendUvarint(b, uint64(len(texts)))
		for _, s := range texts {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	put(n.Service, n.Account, n.Action)
	for i := range a.Parameters {
		p := &a.Parameters[i]
		given := n.Values[p.Slug]
		if p.Type == TypeList {
			given = SplitList(given)
		}
		if given = slices.DeleteFunc(slices.Clone(given), func(v string) bool { return v == "" }); len(given) == 0 && p.Default != "" {
			given = []string{p.Default}
		}
		if len(given) > 0 {
			put(p.Slug)
			put(given...)
		}
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Unsubscribe ends subscriptions: those of the given ids, or those of an account,
// narrowed by an action. What runs goes on. It gives the ids; CodeNotFound where
// there is none.
func (d *Desk) Unsubscribe(ctx context.Context, c Caller, f SubscriptionFilter) ([]ID, error) {
	if len(f.IDs) == 0 {
		var faults Faults
		if f.Service == "" {
			faults = append(faults, &Error{Code: CodeMissing, Field: "service", Message: "Name the subscriptions by subscription_id, or by service and account."})
		}
		if e := CheckUsername("account", f.Account); e != nil {
			faults = append(faults, e)
		}
		if len(faults) > 0 {
			return nil, faults.Err()
		}
	}
	if err := d.slugsOf(&f); err != nil {
		return nil, err
	}
	ended, err := d.cfg.Store.Unsubscribe(ctx, c.Client.ID, f)
	if err == nil && len(ended) == 0 {
		err = ErrNoSubscription
	}
	return ended, err
}

// ErrNoSubscription says that the caller has no such subscription.
var ErrNoSubscription = &Error{Code: CodeNotFound, Message: "No such subscription was found."}

// Subscriptions gives a page of the caller's subscriptions, oldest first.
func (d *Desk) Subscriptions(ctx context.Context, c Caller, f SubscriptionFilter) (SubscriptionPage, error) {
	if err := d.slugsOf(&f); err != nil {
		return SubscriptionPage{}, err
	}
	return d.cfg.Store.Subscriptions(ctx, c.Client.ID, f)
}

// slugsOf puts slugs in the place of names: subscriptions are found by either.
func (d *Desk) slugsOf(f *SubscriptionFilter) error {
	if faults := checkText(map[string][]string{"service": {f.Service}, "action": {f.Action}, "account": {f.Account}}); len(faults) > 0 {
		return faults.Err()
	}
	s, ok := d.cfg.Catalog.Service(f.Service)
	if !ok {
		return nil // it may be of a service that is not there any more
	}
	f.Service = s.Slug
	if a, ok := s.Action(f.Action); ok {
		f.Action = a.Slug
	}
	return nil
}
