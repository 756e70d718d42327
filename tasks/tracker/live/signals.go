package live

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Verdict is what an answer says besides its content; the zero value: nothing, it is an
// answer like any other.
type Verdict struct {
	// Wait is for how long the provider wants no more requests, and Reason says why
	// in a sentence.
	Wait   time.Duration
	Reason string
	Wide   bool // from anybody, not only with this credential
	// Broken says in a sentence that the provider does not work; empty: it does.
	Broken string
}

// The waits where a provider does not say how long.
const (
	unsaidWait = time.Minute
	longestAsk = 7 * 24 * time.Hour
)

// Signals judges what providers have in common: 429 and 503 with the time after which
// to try again, redirects, which are not followed, and servers that do not work.
func Signals(a *Answer) Verdict {
	wait, said := RetryAfter(a)
	switch {
	case a.Status == http.StatusTooManyRequests && !said:
		return Verdict{Wait: unsaidWait, Reason: "It asked for fewer requests."}
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable && said:
		return Verdict{Wait: wait, Reason: fmt.Sprintf("It asked for a wait of %v.", wait.Round(time.Second))}
	case a.Status >= 500:
		return Verdict{Broken: fmt.Sprintf("It answers with an error of its own (status %d).", a.Status)}
	case a.Status >= 300 && a.Status < 400:
		return Verdict{Broken: fmt.Sprintf("It sends elsewhere (status %d), which is not followed.", a.Status)}
	}
	return Verdict{}
}

// RetryAfter reads after how long to try again, with a little more for the way: from
// Retry-After (RFC 9110 section 10.2.3, seconds or a date) or X-RateLimit-Retry-After
// (seconds since 1970, as MangaDex has it). Times are taken against the Date of the
// answer, so that a clock that is wrong on either side does not matter.
func RetryAfter(a *Answer) (wait time.Duration, said bool) {
	now := a.Now
	if date, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		now = date
	}
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	switch seconds, err := strconv.ParseFloat(text, 64); {
	case err == nil && seconds < longestAsk.Seconds():
		return time.Duration(max(seconds, 0)*float64(time.Second)) + onTheWay, true
	case err == nil:
		return longestAsk, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0)+onTheWay, longestAsk), true
	}
	if at, err := strconv.ParseInt(a.Header.Get("X-RateLimit-Retry-After"), 10, 64); err == nil {
		return min(max(time.Unix(at, 0).Sub(now), 0)+onTheWay, longestAsk), true
	}
	return 0, false
}

// onTheWay is added to every wait: dates have whole seconds, and an answer was some
// time on its way.
const onTheWay = time.Second
