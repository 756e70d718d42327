package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"asapi/internal/client"
)

type benchZerotouchCmd struct {
	remote
	JSON    bool  `help:"Print the numbers as JSON."`
	Partner int64 `help:"Number of the token's client, as asapi client list shows it." required:"" env:"ASAPI_BENCH_PARTNER"`
	Count   int   `short:"n" help:"Devices that are claimed in one batch, at most 100,000." default:"100000"`
	Fill    int   `help:"Claim so many devices for the same customer before." default:"0"`
	Rounds  int   `help:"How many pages of 100 devices are asked for." default:"100"`
}

// largestBatch is the most that one batch may hold.
const largestBatch = 100_000

// Run measures a batch from its request to its end, and then pages of the
// customer's devices. The server should run with --zerotouch-queries 0.
func (b *benchZerotouchCmd) Run(ctx context.Context, t *terminal) error {
	if b.Count <= 0 || b.Count > largestBatch {
		return &usageError{fmt.Errorf("--count must be from 1 to %d", largestBatch)}
	}
	c, err := b.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	var customer struct {
		ID string `json:"companyId"`
	}
	body := strings.NewReader(`{"customer":{"companyName":"Bench","ownerEmails":["bench@example.com"]}}`)
	if err := c.JSON(ctx, b.path("/customers"), body, &customer); err != nil {
		return err
	}
	devices := imeis{next: rand.Int64N(1e14 - int64(b.Fill+b.Count))} //nolint:gosec // not for a secret: two runs should not meet
	for left := b.Fill; left > 0; left -= largestBatch {
		if _, err := b.claim(ctx, c, customer.ID, &devices, min(left, largestBatch)); err != nil {
			return err
		}
	}
	took, err := b.claim(ctx, c, customer.ID, &devices, b.Count)
	if err != nil {
		return err
	}
	times, err := b.pages(ctx, c, customer.ID)
	if err != nil {
		return err
	}
	tell := (&benchFlags{JSON: b.JSON}).tell
	if err := tell(t, measure("zerotouch claims", "the whole batch", b.Count, took, []time.Duration{took})); err != nil {
		return err
	}
	var all time.Duration
	for _, one := range times {
		all += one
	}
	return tell(t, measure("zerotouch devices", "one page", len(times), all, times))
}

func (b *benchZerotouchCmd) path(rest string) string {
	return fmt.Sprintf("/v1/partners/%d%s", b.Partner, rest)
}

// claim claims n new devices in one batch and tells how long that took.
func (b *benchZerotouchCmd) claim(ctx context.Context, c *client.Client, customer string, devices *imeis, n int) (time.Duration, error) {
	began := time.Now()
	body, to := io.Pipe()
	go func() { _ = to.CloseWithError(writeClaims(to, customer, devices, n)) }() // ends with the request's body
	var operation struct {
		Name     string
		Done     bool
		Response struct{ SuccessCount int }
	}
	err := c.JSON(ctx, b.path("/devices:claimAsync"), body, &operation)
	_ = body.Close()
	if err != nil {
		return 0, err
	}
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for !operation.Done {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-poll.C:
		}
		if err := c.JSON(ctx, "/v1/"+operation.Name+"?prettyPrint=false", nil, &operation); err != nil {
			return 0, err
		}
	}
	if operation.Response.SuccessCount != n {
		return 0, fmt.Errorf("of %d devices %d were claimed", n, operation.Response.SuccessCount)
	}
	return time.Since(began), nil
}

func writeClaims(to io.Writer, customer string, devices *imeis, n int) error {
	out := bufio.NewWriterSize(to, 64<<10)
	before := `{"claims":[`
	for range n {
		// What cannot be written shows when it is flushed.
		_, _ = fmt.Fprintf(out, `%s{"customerId":%q,"sectionType":"SECTION_TYPE_ZERO_TOUCH","deviceIdentifier":{"imei":%q},"deviceMetadata":{"entries":{"ordernumber":"7"}}}`,
			before, customer, devices.take())
		before = ",\n"
	}
	_, _ = out.WriteString("]}")
	return out.Flush()
}

// pages asks for page after page of the customer's devices.
func (b *benchZerotouchCmd) pages(ctx context.Context, c *client.Client, customer string) ([]time.Duration, error) {
	var page struct {
		Devices []json.RawMessage
		Next    string `json:"nextPageToken"`
	}
	times := make([]time.Duration, 0, b.Rounds)
	for range b.Rounds {
		body := strings.NewReader(fmt.Sprintf(`{"customerId":[%q],"sectionType":"SECTION_TYPE_ZERO_TOUCH","limit":100,"pageToken":%q}`, customer, page.Next))
		page.Devices, page.Next = nil, ""
		began := time.Now()
		if err := c.JSON(ctx, b.path("/devices:findByOwner?prettyPrint=false"), body, &page); err != nil {
			return nil, err
		}
		if times = append(times, time.Since(began)); len(page.Devices) == 0 {
			return nil, errors.New("a page has no devices")
		}
	}
	return times, nil
}

// imeis gives numbers of devices, one after the other.
type imeis struct{ next int64 }

// take gives the next 14 digits with their check digit (3GPP TS 23.003 annex B).
func (m *imeis) take() string {
	digits := fmt.Sprintf("%014d", m.next)
	m.next++
	sum := 0
	for i := range len(digits) {
		d := int(digits[i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return fmt.Sprintf("%s%d", digits, (10-sum%10)%10)
}
