package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Field is one field of a submission, in the order sent: a value, or a file
// that is read while it arrives.
type Field struct {
	Name  string
	Value string
	File  *Incoming
}

// Incoming is a file that is being uploaded; Body is valid until the next field.
type Incoming struct {
	Filename    string
	ContentType string
	Body        io.Reader
}

// Submission is a task as a door received it.
type Submission struct {
	Fields         iter.Seq2[Field, error]
	IdempotencyKey string
}

// Receipt answers a submission that is durable.
type Receipt struct {
	Task     Task
	Replayed bool // an earlier submission with the same key made the task
}

// How long keys of submissions are remembered, and how long one may be.
const (
	idempotencyTime   = 24 * time.Hour
	maxUniqueFor      = 24 * time.Hour
	maxIdempotencyKey = 255
)

// Submit validates everything, makes the task durable and answers. All faults
// are told at once, and a refused submission leaves nothing behind. With the
// queue down it succeeds all the same; the task waits.
func (d *Desk) Submit(ctx context.Context, c Caller, s Submission) (Receipt, error) {
	if err := d.throttle(c); err != nil {
		return Receipt{}, err
	}
	form, err := d.receive(ctx, s.Fields)
	if err != nil {
		d.discard(ctx, form)
		return Receipt{}, err
	}
	t, faults := d.prepare(c, form, s.IdempotencyKey)
	if faults = replayable(&t, faults); len(faults) > 0 {
		d.discard(ctx, form)
		return Receipt{}, append(faults, d.missingAccount(ctx, t, faults)...).Err()
	}
	direct := t.RunAt.IsZero()
	t.Dispatched = direct && t.Refused == nil && d.cfg.Queue.Reserve(t.Client, t.Priority)
	done, err := d.cfg.Store.Submit(ctx, t)
	if err != nil || done.Replayed {
		d.discard(ctx, form)
	}
	if err != nil && t.Refused != nil && CodeOf(err) == t.Refused.Code {
		return Receipt{}, append(Faults{t.Refused}, d.missingAccount(ctx, t, nil)...).Err()
	}
	if err != nil {
		return Receipt{}, err
	}
	if !done.Replayed {
		d.forward(t, done)
	}
	return Receipt(done), nil
}

// replayable leaves to the store what is wrong only by the time that has passed: a
// submission that was answered before its deadline is answered again after it.
func replayable(t *NewTask, faults Faults) Faults {
	if t.Key == nil || len(faults) != 1 || !errors.Is(faults[0], errDeadlinePassed) {
		return faults
	}
	t.Refused = faults[0]
	return nil
}

// missingAccount completes the faults of a submission with the one that
// otherwise shows only where it is stored.
func (d *Desk) missingAccount(ctx context.Context, t NewTask, known Faults) Faults {
	if t.Service == "" || slices.ContainsFunc(known, func(e *Error) bool { return e.Field == "account" }) {
		return nil
	}
	err := d.cfg.Store.FindAccount(ctx, Account{Client: t.Client, Service: t.Service, Username: t.Account})
	if CodeOf(err) != CodeNoSuchAccount {
		return nil // what else went wrong is nothing the client can mend here
	}
	return FaultsOf(err)
}

// forward brings a durable task to the queue, and the news to watchers.
func (d *Desk) forward(t NewTask, done Submitted) {
	d.cfg.Channel.Publish(Event{Task: done.Task.ID, Client: done.Task.Client, New: true})
	if t.Dispatched {
		d.cfg.Queue.Enqueue(Dispatch{Task: done.Task.ID, Number: 1, Priority: t.Priority})
	} else {
		d.cfg.Queue.Nudge()
	}
}

func (d *Desk) throttle(c Caller) error {
	key, rate := fmt.Sprintf("client:%d", c.Client.ID), d.cfg.Limits.SubmitsPerSecond
	if own := c.Token.Limits.SubmitsPerSecond; own > 0 {
		key, rate = "token:"+c.Token.ID, own
	}
	if rate <= 0 {
		return nil
	}
	if wait := d.cfg.Throttle.Take(key, rate); wait > 0 {
		return &Error{Code: CodeRateLimited, Message: "Too many submissions; wait before the next one.", RetryAfter: wait}
	}
	return nil
}

// form is a received submission before it is validated.
type form struct {
	values map[string][]string
	inputs []Input
}

// receive reads all fields. Files are durable when it returns.
func (d *Desk) receive(ctx context.Context, fields iter.Seq2[Field, error]) (form, error) {
	f := form{values: map[string][]string{}}
	for field, err := range fields {
		if err != nil {
			return f, err
		}
		if field.File == nil {
			f.values[field.Name] = append(f.values[field.Name], field.Value)
			continue
		}
		in, err := d.upload(ctx, field)
		if err != nil {
			return f, err
		}
		f.inputs = append(f.inputs, in)
	}
	return f, nil
}

// discard deletes uploads of a submission that became no task.
func (d *Desk) discard(ctx context.Context, f form) {
	var keys []string
	for _, in := range f.inputs {
		if in.Blob != "" {
			keys = append(keys, in.Blob)
		}
	}
	if len(keys) > 0 {
		// What cannot be deleted now is an orphan that the sweep finds.
		_ = d.cfg.Blobs.Delete(context.WithoutCancel(ctx), keys...)
	}
}

// prepare turns a form into a task, or gives all its faults.
func (d *Desk) prepare(c Caller, f form, idempotencyKey string) (NewTask, Faults) {
	var faults Faults
	add := func(e *Error) {
		if e != nil {
			faults = append(faults, e)
		}
	}
	take := func(name string) string {
		v := f.values[name]
		delete(f.values, name)
		if len(v) > 1 {
			add(&Error{Code: CodeInvalid, Field: name, Message: name + " is given more than once."})
		}
		if len(v) == 0 {
			return ""
		}
		return v[0]
	}
	canonical := d.canonical(f) // before the options are taken out
	faults = append(faults, checkText(f.values)...)
	s, e := d.service(c, take("service"))
	add(e)
	account := take("account")
	add(CheckUsername("account", account))
	actionKey := take("action")
	opts, bad := takeOptions(take, time.Now())
	faults = append(faults, bad...)
	t := NewTask{
		Client: c.Client.ID, Account: account, Protocol: c.Token.Protocol, Stream: c.Token.Stream,
		Priority: opts.priority, RunAt: opts.runAt, Deadline: opts.deadline, OpenTasks: d.openTasks(c),
	}
	if c.Token.Webhook != "" {
		t.Webhook = c.Token.ID
	}
	key, e := submitKey(idempotencyKey, opts, canonical)
	add(e)
	t.Key = key
	if s == nil {
		add(checkNamed("action", actionKey))
		return t, faults
	}
	t.Service = s.Slug
	a, e := d.action(c, s, actionKey)
	add(e)
	if a == nil {
		return t, faults
	}
	t.Action, t.MaxAttempts, t.KeepItems = a.Slug, a.MaxAttempts, a.KeepItems
	args, inputs, bad := d.arguments(a, f)
	faults = append(faults, bad...)
	faults = append(faults, checkNarrowed(c, s, a, args)...)
	faults = append(faults, a.Check(args)...)
	if len(faults) > 0 {
		return t, faults
	}
	t.Inputs = inputs
	if t.Values, t.Sealed, e = d.seal(a, args.Values); e != nil {
		add(e)
	}
	return t, faults
}

func (d *Desk) openTasks(c Caller) int64 {
	if own := c.Token.Limits.OpenTasks; own > 0 {
		return own
	}
	return d.cfg.Limits.OpenTasks
}

// checkNamed refuses a field that is not given.
func checkNamed(field, value string) *Error {
	if value == "" {
		return &Error{Code: CodeMissing, Field: field, Message: "This parameter is required."}
	}
	return nil
}

func (d *Desk) action(c Caller, s *Service, key string) (*Action, *Error) {
	if e := checkNamed("action", key); e != nil {
		return nil, e
	}
	a, ok := s.Action(key)
	if !ok {
		return nil, &Error{Code: CodeInvalidAction, Field: "action", Message: "Invalid action name"}
	}
	if !c.Token.May(s.Slug, a.Slug) {
		return nil, &Error{Code: CodeNotPermitted, Field: "action", Message: "This token may not use this action."}
	}
	return a, nil
}

// arguments sorts what was sent into the action's parameters.
func (d *Desk) arguments(a *Action, f form) (Args, []Input, Faults) {
	var faults Faults
	args := Args{Values: map[string][]string{}, Files: map[string]File{}}
	inputs := f.inputs
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		p, ok := a.Parameter(name)
		if !ok {
			faults = append(faults, unknownParameter(name))
			continue
		}
		if p.Type == TypeFile { // inline text
			text := strings.Join(f.values[name], "\n")
			if int64(len(text)) > InlineLimit {
				faults = append(faults, &Error{Code: CodeTooLarge, Field: name, Message: "Inline text is limited to 64 KiB; upload it as a file (multipart/form-data)."})
				args.Files[name] = OpenInput(d.cfg.Blobs, Input{Parameter: name}) // it was given
				continue
			}
			if text != "" {
				inputs = append(inputs, inlineInput(name, text))
			}
			continue
		}
		args.Values[name] = f.values[name]
	}
	for _, in := range inputs {
		p, ok := a.Parameter(in.Parameter)
		switch {
		case !ok:
			faults = append(faults, unknownParameter(in.Parameter))
		case p.Type != TypeFile:
			faults = append(faults, invalidValue(p, "is not a file"))
		case args.Files[in.Parameter].Given():
			faults = append(faults, invalidValue(p, "is given more than once"))
		default:
			args.Files[in.Parameter] = OpenInput(d.cfg.Blobs, in)
		}
	}
	return args, inputs, faults
}

func unknownParameter(name string) *Error {
	return &Error{Code: CodeUnknownParameter, Field: Clip(name, 64), Message: "This action has no such parameter."}
}

// checkNarrowed refuses values that the token may not use.
func checkNarrowed(c Caller, s *Service, a *Action, args Args) Faults {
	var faults Faults
	for slug, allowed := range c.Token.Narrowed(s.Slug, a.Slug) {
		p, ok := a.Parameter(slug)
		if !ok {
			continue
		}
		given := args.Values[slug]
		if p.Type == TypeList {
			given = SplitList(given)
		}
		if len(given) == 0 && p.Default != "" {
			given = []string{p.Default}
		}
		for _, v := range given {
			if !slices.Contains(allowed, v) {
				faults = append(faults, &Error{Code: CodeNotPermitted, Field: slug, Message: "This token may use only: " + strings.Join(allowed, ", ")})
				break
			}
		}
		if len(given) == 0 && p.Optional {
			faults = append(faults, &Error{Code: CodeNotPermitted, Field: slug, Message: "This token must name one of: " + strings.Join(allowed, ", ")})
		}
	}
	return faults
}

// seal takes the secret parameters out of the values and encrypts them.
func (d *Desk) seal(a *Action, values map[string][]string) (plain map[string][]string, sealed []byte, e *Error) {
	plain, secret := map[string][]string{}, map[string][]string{}
	for name, v := range values {
		if p, ok := a.Parameter(name); ok && p.Type == TypeSecret {
			secret[name] = v
		} else {
			plain[name] = v
		}
	}
	if len(secret) == 0 {
		return plain, nil, nil
	}
	b, err := json.Marshal(secret)
	if err == nil {
		sealed, err = d.cfg.Sealer.Seal(b)
	}
	if err != nil {
		return nil, nil, &Error{Code: CodeInternal, Message: "The secret parameters could not be encrypted.", Err: err}
	}
	return plain, sealed, nil
}

// checkText refuses what no database takes, each field once.
func checkText(values map[string][]string) Faults {
	var faults Faults
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.ContainsFunc(values[name], unstorable) || unstorable(name) {
			faults = append(faults, &Error{Code: CodeInvalid, Field: strings.ToValidUTF8(Clip(strings.ReplaceAll(name, "\x00", ""), 64), "?"), Message: "The value holds a NUL byte or is not valid UTF-8."})
		}
	}
	return faults
}

func unstorable(s string) bool { return strings.ContainsRune(s, 0) || !utf8.ValidString(s) }
