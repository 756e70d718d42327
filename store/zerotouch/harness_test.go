package zerotouch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"asapi/internal/seal"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	devices "asapi/store/zerotouch"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

var discard = slog.New(slog.DiscardHandler)

// bench is one database with the zero-touch service on it.
type bench struct {
	tb       testing.TB
	store    *store.Store
	devices  *devices.Store
	blobs    *blobs.Store
	registry *zerotouch.Registry
	service  tasks.Service
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.OnBoth(t, func(t *testing.T, url string) {
		t.Helper()
		test(t, newBench(t, url))
	})
}

func newBench(tb testing.TB, url string) *bench {
	tb.Helper()
	kept, err := blobs.Open(tb.Context(), "file://"+tb.TempDir())
	must(tb, err)
	s, err := store.Open(tb.Context(), store.Config{URL: url, Blobs: kept})
	must(tb, err)
	tb.Cleanup(func() { must(tb, s.Close()) })
	sealer, err := seal.Parse(seal.Generate())
	must(tb, err)
	b := &bench{tb: tb, store: s, devices: devices.New(s), blobs: kept}
	b.registry = zerotouch.NewRegistry(b.devices, sealer)
	b.service = zerotouch.NewService(b.registry)
	return b
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// partner is a client with one customer.
type partner struct {
	*bench
	caller   tasks.Caller
	id       zerotouch.PartnerID
	customer zerotouch.CustomerID
}

func (b *bench) partner(name string) *partner {
	b.tb.Helper()
	c, err := b.store.CreateClient(b.tb.Context(), name)
	must(b.tb, err)
	p := &partner{bench: b, caller: tasks.Caller{Client: c}, id: zerotouch.PartnerOf(c.ID)}
	p.customer = p.newCustomer(name + "'s customer")
	return p
}

func (p *partner) newCustomer(company string) zerotouch.CustomerID {
	p.tb.Helper()
	c, err := p.registry.CreateCustomer(p.tb.Context(), p.caller, p.id, zerotouch.Customer{Company: company, Owners: []string{"owner@company.example"}})
	must(p.tb, err)
	return c.ID
}

// vendor makes the other one a vendor of p.
func (p *partner) vendor(v *partner) {
	p.tb.Helper()
	must(p.tb, p.devices.AddVendor(p.tb.Context(), p.id, zerotouch.Vendor{ID: v.id, Company: v.caller.Client.Name}))
}

// imei gives the n-th valid IMEI.
func imei(n int) string {
	digits := fmt.Sprintf("35%012d", n)
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

func phone(n int) zerotouch.Identifier { return zerotouch.Identifier{IMEI: imei(n)} }

func (p *partner) request(i zerotouch.Identifier) zerotouch.ClaimRequest {
	return zerotouch.ClaimRequest{Identifier: i, Section: zerotouch.ZeroTouch, Owner: zerotouch.Owner{Customer: p.customer}}
}

// claims claims a device that nobody has.
func (p *partner) claims(i zerotouch.Identifier) zerotouch.Device {
	p.tb.Helper()
	d, err := p.registry.Claim(p.tb.Context(), p.caller, p.id, p.request(i))
	must(p.tb, err)
	return d
}

func (p *partner) unclaim(id zerotouch.DeviceID) error {
	return p.registry.Unclaim(p.tb.Context(), p.caller, p.id, zerotouch.UnclaimRequest{Device: id, Section: zerotouch.ZeroTouch})
}

func (p *partner) get(id zerotouch.DeviceID) (zerotouch.Device, error) {
	return p.registry.GetDevice(p.tb.Context(), p.caller, p.id, id)
}

func (p *partner) found(i zerotouch.Identifier) []zerotouch.Device {
	p.tb.Helper()
	page, err := p.registry.FindByIdentifier(p.tb.Context(), p.caller, p.id, zerotouch.IdentifierQuery{Identifier: i, Limit: 100})
	must(p.tb, err)
	return page.List
}

func (p *partner) owned(customers ...zerotouch.CustomerID) zerotouch.Page[zerotouch.Device] {
	p.tb.Helper()
	page, err := p.registry.FindByOwner(p.tb.Context(), p.caller, p.id, zerotouch.OwnerQuery{Customers: customers, Section: zerotouch.ZeroTouch, Limit: 100})
	must(p.tb, err)
	return page
}

// wantFault checks an error's code and reason.
func wantFault(tb testing.TB, err error, code tasks.Code, reason zerotouch.Reason) {
	tb.Helper()
	if tasks.CodeOf(err) != code || zerotouch.ReasonOf(err) != reason {
		tb.Errorf("got %v (%s, %s), want %s, %s", err, tasks.CodeOf(err), zerotouch.ReasonOf(err), code, reason)
	}
}

// begin submits and starts a task of the partner.
func (p *partner) begin(action string) tasks.Task {
	p.tb.Helper()
	ctx := p.tb.Context()
	must(p.tb, p.devices.EnsureAccount(ctx, tasks.Account{Client: p.caller.Client.ID, Service: zerotouch.Slug, Username: "shop"}))
	submitted, err := p.store.Submit(ctx, tasks.NewTask{
		Client: p.caller.Client.ID, Service: zerotouch.Slug, Action: action, Account: "shop", Protocol: tasks.ASStore, MaxAttempts: 5, OpenTasks: 1000, Dispatched: true, KeepItems: true,
	})
	must(p.tb, err)
	started, err := p.store.Start(ctx, submitted.Task.ID, time.Minute)
	must(p.tb, err)
	return started.Task
}

// bound are the arguments of a run with a file that open reads.
func bound(open func() io.Reader, values ...string) tasks.Args {
	args := tasks.Args{Values: map[string][]string{}, Files: map[string]tasks.File{
		"file": tasks.NewFile("devices", "", 1, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(open()), nil }),
	}}
	for i := 0; i+1 < len(values); i += 2 {
		args.Values[values[i]] = []string{values[i+1]}
	}
	return args
}

// attempt does one attempt of a task and gives its result.
func (p *partner) attempt(ctx context.Context, task tasks.Task, args tasks.Args) ([]byte, error) {
	p.tb.Helper()
	return p.attemptIn(ctx, p.store, task, args)
}

// attemptIn is attempt with another journal.
func (p *partner) attemptIn(ctx context.Context, journal tasks.Journal, task tasks.Task, args tasks.Args) ([]byte, error) {
	p.tb.Helper()
	action, ok := p.service.Action(task.Action)
	if !ok {
		p.tb.Fatalf("there is no action %s", task.Action)
	}
	r := tasks.NewRun(task, args, journal, p.blobs, discard)
	if err := action.Do(ctx, r, args); err != nil {
		return nil, err
	}
	result, err := r.Result().Commit()
	if err != nil || result.Blob == "" {
		return result.Inline, err
	}
	body, err := p.blobs.Open(ctx, result.Blob, 0, -1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }() // all of it is read
	return io.ReadAll(body)
}

// report is the result of a batch.
type report struct {
	Total, Created, Updated, Unchanged, Skipped, Failed int
	Items                                               []line
}

type line struct {
	Key, Outcome, Reason, Status, Error, Device, Entry string
	ID                                                 string `json:"device_id"`
}

// brief is a line in short.
func (l line) brief() string {
	return strings.TrimSpace(l.Outcome + " " + strings.TrimPrefix(l.Status, "SINGLE_DEVICE_STATUS_") + " " + l.Error)
}

func (r report) brief() []string {
	all := make([]string, len(r.Items))
	for i, l := range r.Items {
		all[i] = l.brief()
	}
	return all
}

// batch submits and runs a task over a file.
func (p *partner) batch(action, file string, values ...string) report {
	p.tb.Helper()
	out, err := p.attempt(p.tb.Context(), p.begin(action), bound(func() io.Reader { return strings.NewReader(file) }, values...))
	must(p.tb, err)
	return readReport(p.tb, out)
}

func readReport(tb testing.TB, out []byte) report {
	tb.Helper()
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		tb.Fatalf("the report is no JSON: %v", err)
	}
	if sum := r.Created + r.Updated + r.Unchanged + r.Skipped + r.Failed; sum != r.Total || len(r.Items) != r.Total {
		tb.Fatalf("outcomes sum up to %d and there are %d items, want %d", sum, len(r.Items), r.Total)
	}
	return r
}

// sql changes the database behind the store's back.
func (b *bench) sql(statement string, params ...any) {
	b.tb.Helper()
	must(b.tb, b.store.DB().Tx(b.tb.Context(), func(tx *gorm.DB) error { return tx.Exec(statement, params...).Error }))
}
