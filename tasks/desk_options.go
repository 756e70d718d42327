package tasks

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the `_` fields that every action accepts.
type options struct {
	priority Priority
	runAt    time.Time
	deadline time.Time
	unique   time.Duration
}

// errDeadlinePassed tells a deadline that was right when the same was submitted
// before.
var errDeadlinePassed = errors.New("the deadline lies before the task could begin")

// maxDelay is how far ahead a task may be scheduled.
const maxDelay = 365 * 24 * time.Hour

func takeOptions(take func(string) string, now time.Time) (options, Faults) {
	var o options
	var faults Faults
	bad := func(field, message string, cause error) {
		faults = append(faults, &Error{Code: CodeInvalidParameter, Field: field, Message: message, Err: cause})
	}
	p, err := ParsePriority(take("_priority"))
	if err != nil {
		faults = append(faults, FaultsOf(err)...)
	}
	o.priority = p
	runAt, delay := take("_run_at"), take("_delay")
	if runAt != "" && delay != "" {
		bad("_delay", "Give _run_at or _delay, not both.", nil)
	}
	if delay != "" {
		d, err := seconds(delay, maxDelay)
		if err != nil {
			bad("_delay", "_delay must be a number of seconds from 0 to a year.", err)
		}
		o.runAt = now.Add(d)
	}
	if runAt != "" {
		if o.runAt, err = dateTime(runAt); err != nil {
			bad("_run_at", "_run_at must be a date-time as in 2026-11-22T10:00:00Z (RFC 3339).", err)
		}
	}
	switch {
	case !o.runAt.After(now):
		o.runAt = time.Time{}
	case o.runAt.Sub(now) > maxDelay:
		bad("_run_at", "_run_at may be a year ahead at most.", nil)
	}
	if v := take("_deadline"); v != "" {
		o.deadline, err = dateTime(v)
		switch {
		case err != nil:
			bad("_deadline", "_deadline must be a date-time as in 2026-11-22T10:00:00Z (RFC 3339).", err)
		case !o.deadline.After(now) || !o.deadline.After(o.runAt):
			bad("_deadline", "_deadline must lie after now and after _run_at.", errDeadlinePassed)
		}
	}
	if v := take("_unique_for"); v != "" {
		if o.unique, err = seconds(v, maxUniqueFor); err != nil || o.unique == 0 {
			bad("_unique_for", "_unique_for must be a number of seconds above 0, at most a day.", err)
		}
	}
	return o, faults
}

// dateTime reads a date-time of RFC 3339, whose T and Z may be small letters
// (section 5.6).
func dateTime(s string) (time.Time, error) { return time.Parse(time.RFC3339, strings.ToUpper(s)) }

func seconds(s string, most time.Duration) (time.Duration, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err == nil && (!(n >= 0) || n > most.Seconds()) {
		err = strconv.ErrRange
	}
	if err != nil {
		return 0, err
	}
	return time.Duration(n * float64(time.Second)), nil
}

// submitKey decides by what a submission is found again, if by anything.
func submitKey(idempotencyKey string, o options, canonical []byte) (*SubmitKey, *Error) {
	switch {
	case idempotencyKey != "":
		if len(idempotencyKey) > maxIdempotencyKey || unstorable(idempotencyKey) {
			return nil, &Error{Code: CodeInvalid, Field: "Idempotency-Key", Message: "The Idempotency-Key must be text of at most 255 bytes."}
		}
		return &SubmitKey{Kind: "key", Key: idempotencyKey, Body: canonical, Keeps: idempotencyTime}, nil
	case o.unique > 0:
		return &SubmitKey{Kind: "unique", Key: hex.EncodeToString(canonical), Body: canonical, Keeps: o.unique}, nil
	}
	return nil, nil
}

// canonical is a keyed hash of all that was submitted, whatever the order of
// its fields.
func (d *Desk) canonical(f form) []byte {
	var b []byte
	put := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		put(name)
		for _, v := range f.values[name] {
			put(v)
		}
		put("")
	}
	for _, in := range f.inputs {
		put(in.Parameter)
		put(in.Filename)
		put(string(in.SHA256[:]))
	}
	return d.cfg.Sealer.Sum(b)
}
