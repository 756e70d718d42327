package tasks

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Action describes one thing that tasks do. It is written in one place;
// discovery, form decoding, validation, forms on pages and the worker read it.
type Action struct {
	Slug        string
	Name        string
	Description string
	// MaxAttempts is how often a run may be started before the task fails; 0: 5.
	MaxAttempts int
	// Backoff is the wait before the next attempt after attempt n (from 1)
	// failed; nil: 1 s doubling up to 10 minutes.
	Backoff func(attempt int) time.Duration
	// Timeout bounds one attempt; 0: an hour.
	Timeout time.Duration
	// KeepItems keeps the items of a task after its end, for as long as the task
	// stays: for an action whose items are asked for by a door. A run that is
	// retried by hand resumes after them.
	KeepItems bool
	// Recurs allows subscriptions, which run the action again and again without
	// anybody there: an action that then needs no file and nothing secret.
	Recurs bool

	Parameters []Parameter // derived from the parameter struct

	bind func([]Parameter, Args) (any, Faults)
	run  func(context.Context, *Run, any) error
}

// Checker lets a parameter struct refuse combinations of values; its faults are
// told together with those of the single parameters.
type Checker interface{ Check() Faults }

// NewAction completes the descriptor a with the parameters of P and the
// function that does the work. P is a struct whose exported fields carry the
// tag `param:"slug"` and optionally doc, name, enum (comma-separated),
// default, optional:"true", and once:"true" for what is for one task only and not
// for a subscription (secrets and files are so anyway). Field types: string,
// int64, float64, bool, Date, []string, File, Secret. An embedded struct stands for
// its fields, so that actions can share parameters. It panics on a P it cannot read,
// which shows at start.
func NewAction[P any](a Action, run func(context.Context, *Run, P) error) Action {
	typ := reflect.TypeFor[P]()
	a.Parameters = parametersOf(typ)
	if a.Recurs {
		checkRecurs(a)
	}
	if a.MaxAttempts == 0 {
		a.MaxAttempts = 5
	}
	if a.Timeout == 0 {
		a.Timeout = time.Hour
	}
	if a.Backoff == nil {
		a.Backoff = func(attempt int) time.Duration {
			return min(time.Second<<min(attempt-1, 20), 10*time.Minute)
		}
	}
	a.bind = func(params []Parameter, args Args) (any, Faults) {
		var p P
		faults := bindAll(reflect.ValueOf(&p).Elem(), params, args)
		if c, ok := any(p).(Checker); ok && len(faults) == 0 {
			faults = c.Check()
		}
		return p, faults
	}
	a.run = func(ctx context.Context, r *Run, p any) error { return run(ctx, r, p.(P)) }
	return a
}

// checkRecurs panics when an action cannot recur as it is described: it needs what
// only a single task can have, or has a parameter that is a field of subscribing.
func checkRecurs(a Action) {
	for i := range a.Parameters {
		p := &a.Parameters[i]
		if slices.Contains(subscribeFields, p.Slug) || p.ForOneTask() && !p.Optional {
			panic(fmt.Sprintf("tasks: the action %s cannot recur because of its parameter %s", a.Slug, p.Slug))
		}
	}
}

// Allow gives the action with the allowed values of a parameter set, for values
// that are known only when the catalogue is made. It panics when there is no
// such parameter, which shows at start.
func (a Action) Allow(slug string, values ...string) Action {
	a.Parameters = slices.Clone(a.Parameters)
	p, ok := a.Parameter(slug)
	if !ok {
		panic(fmt.Sprintf("tasks: the action %s has no parameter %s", a.Slug, slug))
	}
	p.Values = values
	return a
}

// Parameter finds a parameter by its slug.
func (a *Action) Parameter(slug string) (*Parameter, bool) {
	for i := range a.Parameters {
		if a.Parameters[i].Slug == slug {
			return &a.Parameters[i], true
		}
	}
	return nil, false
}

// Check binds args to the action's parameters and gives every fault.
func (a *Action) Check(args Args) Faults {
	_, faults := a.bind(a.Parameters, args)
	return faults
}

// Do binds the run's arguments and does the work. An *Error that the action
// returns is final and its message is shown; any other error is retried.
func (a *Action) Do(ctx context.Context, r *Run, args Args) error {
	p, faults := a.bind(a.Parameters, args)
	if len(faults) > 0 {
		return faults
	}
	return a.run(ctx, r, p)
}

var typeOf = map[reflect.Type]Type{
	reflect.TypeFor[string]():   TypeString,
	reflect.TypeFor[int64]():    TypeInteger,
	reflect.TypeFor[float64]():  TypeNumber,
	reflect.TypeFor[bool]():     TypeBoolean,
	reflect.TypeFor[Date]():     TypeDate,
	reflect.TypeFor[[]string](): TypeList,
	reflect.TypeFor[File]():     TypeFile,
	reflect.TypeFor[Secret]():   TypeSecret,
}

func parametersOf(typ reflect.Type) []Parameter {
	if typ.Kind() != reflect.Struct {
		panic(fmt.Sprintf("tasks: parameters must be a struct, not %v", typ))
	}
	var params []Parameter
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			for _, p := range parametersOf(f.Type) {
				p.index = append([]int{i}, p.index...)
				params = append(params, p)
			}
			continue
		}
		slug := f.Tag.Get("param")
		t, ok := typeOf[f.Type]
		if slug == "" || strings.HasPrefix(slug, "_") || !ok {
			panic(fmt.Sprintf("tasks: %v.%s has no param tag or a type that is no parameter's", typ, f.Name))
		}
		p := Parameter{
			Slug: slug, Name: f.Tag.Get("name"), Description: f.Tag.Get("doc"), Type: t,
			Optional: f.Tag.Get("optional") == "true", Default: f.Tag.Get("default"),
			Once: f.Tag.Get("once") == "true", index: []int{i},
		}
		if p.Name == "" {
			p.Name = displayName(slug)
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			p.Values = strings.Split(enum, ",")
		}
		params = append(params, p)
	}
	return params
}

// displayName turns dry_run or dry-run into Dry Run.
func displayName(slug string) string {
	words := strings.FieldsFunc(slug, func(r rune) bool { return r == '-' || r == '_' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
