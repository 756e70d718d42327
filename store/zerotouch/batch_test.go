package zerotouch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

func TestEveryEntryOfABatchHasItsOwnOutcomeInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p, other := b.partner("shop"), b.partner("other")
		other.claims(phone(9))
		theirs := p.newCustomer("theirs")
		entry := func(identifier, more string) string {
			return fmt.Sprintf(`{"deviceIdentifier":{%s},"sectionType":"SECTION_TYPE_ZERO_TOUCH","customerId":"%d"%s}`, identifier, p.customer, more)
		}
		number := func(n int) string { return `"imei":"` + imei(n) + `"` }
		r := p.batch("claim-devices", `{"claims":[`+strings.Join([]string{
			entry(number(1), `,"deviceMetadata":{"entries":{"ordernumber":"7"}},"preProvisioningToken":""`),
			entry(number(1), ""), // the same device again
			entry(`"imei":"123"`, ""),
			entry(number(9), ""),
			strings.Replace(entry(number(2), ""), "ZERO_TOUCH", "SIM_LOCK", 1),
			strings.Replace(entry(number(2), ""), fmt.Sprintf("%q", fmt.Sprint(p.customer)), "999", 1),
			strings.Replace(entry(number(2), ""), fmt.Sprintf("%q", fmt.Sprint(p.customer)), fmt.Sprint(other.customer), 1),
			entry(number(2), `,"preProvisioningToken":"x"`),
			`{"customerId":"many"}`,
			`7`,
			entry(`"serialNumber":"S","model":"M"`, ""),
			entry(number(2), `,"deviceMetadata":{"entries":{"color":"red"}}`),
			strings.Replace(entry(number(1), ""), fmt.Sprintf("%q", fmt.Sprint(p.customer)), fmt.Sprint(theirs), 1), // what the first entry took
			entry(number(3), ""),
		}, ",\n")+`]}`)
		want := []string{
			"created SUCCESS", "unchanged SUCCESS", "failed INVALID_DEVICE_IDENTIFIER INVALID_IMEI", "failed SECTION_NOT_YOURS DEVICE_ALREADY_EXISTS",
			"failed INVALID_SECTION_TYPE INVALID_SECTION_TYPE", "failed OTHER_ERROR INVALID_CUSTOMER_ID", "failed OTHER_ERROR INVALID_CUSTOMER_ID",
			"failed INVALID_TOKEN INVALID_TOKEN", "failed OTHER_ERROR INVALID_ARGUMENT", "failed OTHER_ERROR INVALID_ARGUMENT",
			"failed INVALID_DEVICE_IDENTIFIER INVALID_MANUFACTURER", "failed OTHER_ERROR INVALID_METADATA", "failed SECTION_NOT_YOURS DEVICE_ALREADY_EXISTS", "created SUCCESS",
		}
		if diff := cmp.Diff(want, r.brief()); diff != "" {
			t.Error(diff)
		}
		if l := r.Items[0]; l.Key != imei(1) || l.Device != "partners/"+fmt.Sprint(int64(p.id))+"/devices/"+l.ID || l.ID == "" || l.ID != r.Items[1].ID || !strings.Contains(l.Entry, `"ordernumber":"7"`) {
			t.Errorf("the first item is %+v", l)
		}
		if l := r.Items[7]; strings.Contains(l.Entry, "preProvisioningToken") || !strings.Contains(l.Entry, fmt.Sprintf(`"customerId":"%d"`, p.customer)) {
			t.Errorf("the report repeats %s", l.Entry)
		}
		if n := p.owned(p.customer); len(n.List) != 2 || n.Total != 2 {
			t.Errorf("the customer has %d devices, %d counted", len(n.List), n.Total)
		}

		ids := []string{r.Items[0].ID, r.Items[13].ID}
		u := p.batch("update-device-metadata", fmt.Sprintf(`{"updates":[{"deviceId":%q,"deviceMetadata":{"entries":{"ordernumber":""}}},
			{"deviceIdentifier":{"imei":%q},"deviceMetadata":{"entries":{"phonenumber":"1"}}},{"deviceId":"4711","deviceMetadata":{"entries":{}}},{"deviceId":%q}]}`, ids[0], imei(3), ids[0]))
		if diff := cmp.Diff([]string{"updated SUCCESS", "updated SUCCESS", "failed INVALID_DEVICE_IDENTIFIER INVALID_DEVICE_ID", "failed OTHER_ERROR INVALID_METADATA"}, u.brief()); diff != "" {
			t.Error(diff)
		}
		v := p.batch("unclaim-devices", fmt.Sprintf(`{"unclaims":[{"deviceId":%s,"sectionType":"SECTION_TYPE_ZERO_TOUCH"},
			{"deviceIdentifier":{"imei":%q},"sectionType":"SECTION_TYPE_ZERO_TOUCH","vacationModeDays":3},
			{"deviceIdentifier":{"imei":%q},"sectionType":"SECTION_TYPE_ZERO_TOUCH"},{"sectionType":"SECTION_TYPE_ZERO_TOUCH"}]}`, ids[0], imei(3), imei(9)))
		if diff := cmp.Diff([]string{"updated SUCCESS", "updated SUCCESS", "failed INVALID_DEVICE_IDENTIFIER INVALID_DEVICE_ID", "failed INVALID_DEVICE_IDENTIFIER INVALID_IDENTIFIER_SET"}, v.brief()); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(v.Items[1].Entry, `"vacationModeDays":3`) {
			t.Errorf("the report repeats %s", v.Items[1].Entry)
		}
	})
}

func TestAFileMayBeLinesOfJSONOrATable(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		customer := fmt.Sprint(int64(p.customer))
		lines := fmt.Sprintf("\xef\xbb\xbf{\"deviceIdentifier\":{\"imei\":%q},\"sectionType\":\"SECTION_TYPE_ZERO_TOUCH\",\"customerId\":%s}\n\nnonsense\n{\"deviceIdentifier\":{\"imei\":%q},\"sectionType\":\"SECTION_TYPE_ZERO_TOUCH\"}", imei(1), customer, imei(2))
		if diff := cmp.Diff([]string{"created SUCCESS", "failed OTHER_ERROR INVALID_ARGUMENT", "created SUCCESS"}, p.batch("claim-devices", lines, "customer", customer).brief()); diff != "" {
			t.Error(diff)
		}
		table := "IMEI;Serial Number;Manufacturer;Model;Order number;Price;Customer\r\n" +
			imei(3) + ";S3;Acme;One;A-7;99,00;\r\n" + imei(4) + ";;;;;1;77\r\n;S5;Acme;Two;;;\r\n" + imei(6) + ";;;;;;;;x\r\n\r\n"
		r := p.batch("claim-devices", table, "customer", customer)
		if diff := cmp.Diff([]string{"created SUCCESS", "failed OTHER_ERROR INVALID_CUSTOMER_ID", "created SUCCESS", "failed OTHER_ERROR INVALID_ARGUMENT"}, r.brief()); diff != "" {
			t.Error(diff)
		}
		if d, err := p.get(idOf(t, r.Items[0])); err != nil || d.Metadata["ordernumber"] != "A-7" || d.Identifier.Serial != "S3" {
			t.Errorf("the first row became %+v, %v", d, err)
		}
		r = p.batch("unclaim-devices", "modemtype,modemid,profiletype\nIMEI,"+imei(3)+",zero-touch\nESN,1,\n")
		if diff := cmp.Diff([]string{"updated SUCCESS", "failed INVALID_DEVICE_IDENTIFIER INVALID_IDENTIFIER_SET"}, r.brief()); diff != "" {
			t.Error(diff)
		}
		for name, file := range map[string]string{
			"cut off":            `{"claims":[{"customerId":"1"}`,
			"no list":            `{"devices":[]}`,
			"two lists":          `{"claims":[{}],"claims":[{}]}`,
			"an empty list":      `{"claims":[]}`,
			"something after it": `{"claims":[{}]} {}`,
			"no heading":         "one,two\n1,2\n",
			"a text":             "hello",
			"nothing":            " \n ",
			"packed":             "\x1f\x8b\x08",
			"UTF-16":             "\xff\xfei",
			"a huge entry":       `{"claims":[{"x":"` + strings.Repeat("y", 1<<20) + `"}]}`,
			"a huge line":        `{"deviceId":1}` + "\n" + `{"x":"` + strings.Repeat("y", 1<<20) + `"}`,
			"a huge cell":        "imei\n\"" + strings.Repeat("y", 1<<20) + "\"\n",
		} {
			_, err := p.attempt(t.Context(), p.begin("claim-devices"), bound(func() io.Reader { return strings.NewReader(file) }))
			if tasks.CodeOf(err) != tasks.CodeUnsupportedFormat {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func idOf(tb testing.TB, l line) zerotouch.DeviceID {
	tb.Helper()
	var id struct {
		ID zerotouch.DeviceID `json:",string"`
	}
	must(tb, json.Unmarshal([]byte(`{"ID":"`+l.ID+`"}`), &id))
	return id.ID
}

// claimsFile is a file of claims of n devices for one customer, made while it is
// read.
func claimsFile(n int, customer zerotouch.CustomerID) io.Reader {
	r, w := io.Pipe()
	go func() { // ends with the file, or when its reader closes it
		_, err := fmt.Fprint(w, `{"claims":[`)
		for i := 0; i < n && err == nil; i++ {
			if i > 0 {
				_, err = fmt.Fprint(w, ",")
			}
			if err == nil {
				_, err = fmt.Fprintf(w, `{"deviceIdentifier":{"imei":%q,"serialNumber":"S%d","manufacturer":"Acme","model":"One"},"sectionType":"SECTION_TYPE_ZERO_TOUCH","customerId":"%d","deviceMetadata":{"entries":{"ordernumber":"order %d"}}}`, imei(i), i, customer, i)
			}
		}
		if err == nil {
			_, err = fmt.Fprint(w, `]}`)
		}
		w.CloseWithError(err)
	}()
	return r
}

// watched keeps what a run tells first.
type watched struct {
	*store.Store
	once     sync.Once
	progress int
	total    int64
}

func (w *watched) SaveProgress(ctx context.Context, run tasks.Fence, progress int, items tasks.Tally) error {
	w.once.Do(func() { w.progress, w.total = progress, items.Total })
	return w.Store.SaveProgress(ctx, run, progress, items)
}

func TestABatchThatWasInterruptedGoesOnAtTheEntryWhereItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		const n = 1700
		args := bound(func() io.Reader { return claimsFile(n, p.customer) })
		task := p.begin("claim-devices")
		ctx, stopping := p.stopped(args, n, tasks.ErrShuttingDown)
		if _, err := p.attempt(ctx, task, stopping); !errors.Is(err, tasks.ErrShuttingDown) && !errors.Is(err, context.Canceled) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		_, next, err := b.store.Recorded(t.Context(), task.ID)
		if err != nil || next == 0 || next >= n {
			t.Fatalf("%d of %d entries were recorded, %v", next, n, err)
		}
		// What the rest makes again must be seen.
		b.sql("UPDATE devices SET metadata = ''")
		_, err = b.store.Finish(t.Context(), tasks.Ending{
			Fence: task2fence(task), State: tasks.Pending, Uncounted: true, Progress: int(next * 100 / n), Items: tasks.Tally{Total: n, Created: next},
		})
		must(t, err)
		_, err = p.attempt(t.Context(), task, args)
		if !errors.Is(err, tasks.ErrLeaseLost) {
			t.Errorf("the run that gave its task back wrote: %v", err)
		}
		b.sql("UPDATE tasks SET phase = 1, state = 0, run_at = 0, dispatched_at = 1")
		started, err := b.store.Start(t.Context(), task.ID, time.Minute)
		must(t, err)
		told := &watched{Store: b.store}
		out, err := p.attemptIn(t.Context(), told, started.Task, args)
		must(t, err)
		r := readReport(t, out)
		if r.Total != n || r.Created != n {
			t.Errorf("%d entries, %d created; want %d once each", r.Total, r.Created, n)
		}
		if had := started.Task; told.progress < had.Progress || told.total != had.Items.Total || had.Items.Total != n || had.Progress == 0 {
			t.Errorf("it was at %d%% of %d, and then at %d%% of %d", had.Progress, had.Items.Total, told.progress, told.total)
		}
		var noted int64
		must(t, b.store.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM devices WHERE metadata <> ''").Row().Scan(&noted))
		if noted != n-next {
			t.Errorf("%d devices were processed after the interruption at %d, want %d", noted, next, n-next)
		}
	})
}

// TestABatchThatIsCancelledKeepsWhatItDidAndTellsIt: no device changes without an
// entry that says so, and none after the end.
func TestABatchThatIsCancelledKeepsWhatItDidAndTellsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		const n = 1700
		task := p.begin("claim-devices")
		ctx, stopping := p.stopped(bound(func() io.Reader { return claimsFile(n, p.customer) }), n, tasks.ErrCancelled)
		if _, err := p.attempt(ctx, task, stopping); !errors.Is(err, tasks.ErrCancelled) && !errors.Is(err, context.Canceled) {
			t.Fatalf("the batch ended with %v", err)
		}
		ended, err := b.store.Finish(t.Context(), tasks.Ending{Fence: task2fence(task), State: tasks.Cancelled, ErrorCode: tasks.CodeCancelled})
		must(t, err)
		if ended.State != tasks.Cancelled {
			t.Errorf("the task is %v", ended.State)
		}
		var told, claimed int64
		for item, err := range b.store.Items(t.Context(), task.ID) {
			must(t, err)
			if told++; item.Outcome != tasks.Created {
				t.Errorf("%s is %s", item.Key, item.Outcome)
			}
		}
		must(t, b.store.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM devices").Row().Scan(&claimed))
		if told != claimed || told == 0 || told >= n {
			t.Errorf("%d devices were claimed and %d entries tell of it, of %d", claimed, told, n)
		}
	})
}

// stopped gives arguments in whose file the run is stopped after some entries, when
// it reads it for the second time, and the context that this ends.
func (p *partner) stopped(args tasks.Args, entries int, cause error) (context.Context, tasks.Args) {
	ctx, stop := context.WithCancelCause(p.tb.Context())
	read := 0
	args.Files = map[string]tasks.File{"file": tasks.NewFile("devices", "", 1, func(context.Context) (io.ReadCloser, error) {
		if read++; read == 1 {
			return io.NopCloser(claimsFile(entries, p.customer)), nil
		}
		return io.NopCloser(&stopper{claimsFile(entries, p.customer), 160 << 10, func() { stop(cause) }}), nil
	})}
	return ctx, args
}

func task2fence(t tasks.Task) tasks.Fence { return tasks.Fence{Task: t.ID, Attempt: t.Attempt} }

// stopper calls stop once so many bytes were read.
type stopper struct {
	r    io.Reader
	left int
	stop func()
}

func (s *stopper) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if s.left -= n; s.left <= 0 {
		s.stop()
	}
	return n, err
}

func TestTwoBatchesThatClaimTheSameDevicesGiveEachOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		const n = 1200
		shops := []*partner{b.partner("one"), b.partner("two")}
		reports := make([]report, len(shops))
		var group sync.WaitGroup
		for i, p := range shops {
			file := make([]string, n)
			for j := range file {
				k := j
				if i == 1 { // from the other end, so that they meet
					k = n - 1 - j
				}
				file[j] = imei(k) + fmt.Sprintf(",%d", p.customer)
			}
			task := p.begin("claim-devices")
			group.Go(func() {
				out, err := p.attempt(t.Context(), task, bound(func() io.Reader { return strings.NewReader("imei,customer\n" + strings.Join(file, "\n")) }))
				if err != nil {
					t.Error(err)
					return
				}
				reports[i] = readReport(t, out)
			})
		}
		group.Wait()
		won := map[string]string{}
		for i, r := range reports {
			for _, l := range r.Items {
				switch l.brief() {
				case "created SUCCESS":
					if first, twice := won[l.Key]; twice {
						t.Fatalf("%s is %s and %s", l.Key, first, shops[i].caller.Client.Name)
					}
					won[l.Key] = shops[i].caller.Client.Name
				case "failed SECTION_NOT_YOURS DEVICE_ALREADY_EXISTS":
				default:
					t.Fatalf("%s: %s", l.Key, l.brief())
				}
			}
		}
		one, two := shops[0].owned(shops[0].customer).Total, shops[1].owned(shops[1].customer).Total
		t.Logf("one has %d devices, two has %d", one, two)
		if len(won) != n || one+two != n || int(one) != reports[0].Created || int(two) != reports[1].Created {
			t.Errorf("%d devices have an owner; they are counted as %d and %d", len(won), one, two)
		}
		var kept int
		must(t, b.store.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM devices").Row().Scan(&kept))
		if kept != n {
			t.Errorf("there are %d devices", kept)
		}
	})
}
