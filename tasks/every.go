package tasks

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
)

// The bounds of a subscription's rhythm.
const (
	MinEvery = 15 * time.Minute
	MaxEvery = 30 * 24 * time.Hour
)

// everyUnits are the letters that may follow the number.
var everyUnits = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}

// ParseEvery reads a rhythm: a whole number of seconds, or a whole number followed by
// s, m, h or d, from 15 minutes to 30 days. The fault names the field every.
func ParseEvery(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, &Error{Code: CodeMissing, Field: "every", Message: "This parameter is required."}
	}
	bad := &Error{Code: CodeInvalidParameter, Field: "every", Message: "every must be from 15 minutes to 30 days, in seconds (3600) or with a unit (15m, 12h, 7d)."}
	digits, unit := s, time.Second
	if u, ok := everyUnits[s[len(s)-1]]; ok {
		digits, unit = s[:len(s)-1], u
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
		bad.Err = err
		return 0, bad
	}
	if every := time.Duration(n) * unit; every >= MinEvery && every <= MaxEvery {
		return every, nil
	}
	return 0, bad
}

// soonest bounds how long a new subscription waits for its first occurrence.
const soonest = 5 * time.Minute

// Spread dates a subscription by its id alone, so that those that are made together
// do not all fire together: its occurrences lie offset behind full periods, counted
// from when it was made, and its first one follows after first.
func Spread(id ID, every time.Duration) (offset, first time.Duration) {
	sum := sha256.Sum256(id[:])
	part := float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53) // from 0 to below 1
	return time.Duration(part * float64(every)), time.Duration(part * float64(min(every/10, soonest)))
}
