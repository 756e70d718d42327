package webhooks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"asapi/tasks"
)

// maxAnswer is how much of an endpoint's answer is read, in bytes.
const maxAnswer = 64 << 10

// Answer is what an endpoint answered.
type Answer struct {
	Status     int
	RetryAfter time.Duration // 0: it did not say
	Body       []byte        // its first 64 KiB
	Took       time.Duration
}

// Delivered reports whether the endpoint took the event.
func (a Answer) Delivered() bool { return a.Status >= 200 && a.Status < 300 }

// Post sends one event to a webhook, signed with its secret. An error says that
// there was no answer; it does not hold the address's path and query, which may
// be secrets.
func Post(ctx context.Context, client *http.Client, sealer tasks.Sealer, w tasks.Webhook, id string, body []byte) (Answer, error) {
	secret, err := sealer.Open(w.Sealed)
	if err != nil {
		return Answer{}, err
	}
	k, err := key(string(secret))
	if err != nil {
		return Answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return Answer{}, cause(err)
	}
	at := time.Now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "asapi")
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	request.Header.Set("webhook-signature", sign(k, id, at, body))
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, cause(err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	answer := Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"), at)}
	// The status is the answer; a body that breaks off changes nothing.
	answer.Body, _ = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	answer.Took = time.Since(at)
	return answer, nil
}

// cause takes the address off an error of the HTTP client.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	const most = 365 * 24 * 60 * 60
	if n, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(min(n, most)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
