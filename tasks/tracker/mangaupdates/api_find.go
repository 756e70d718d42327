package mangaupdates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// seen is the first of the two answers that show an entry. Where a limit stands before
// the second, the next attempt goes on with that one, or it might never get it.
type seen struct {
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
	Entry record    `json:"entry"`
}

// seenTime is for how long an answer stands for the entry: its user may change it.
const seenTime = time.Minute

// Find implements tracker.LiveList.
func (s *session) Find(ctx context.Context, key tracker.RecordKey) (row tracker.Row, there bool, err error) {
	r, known, err := s.recall(ctx, key.NativeID)
	if err == nil && !known {
		err = s.ask(ctx, false, http.MethodGet, "/lists/series/"+key.NativeID, nil, &r)
	}
	if errors.Is(err, errAbsent) {
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	at := s.live.now()
	var rated struct {
		Rating *float64 `json:"rating"`
	}
	err = s.ask(ctx, false, http.MethodGet, "/series/"+key.NativeID+"/rating", nil, &rated)
	if _, waits := tasks.AsLater(err); waits {
		return row, false, errors.Join(err, s.keep(ctx, seen{key.NativeID, at, r}))
	}
	if err != nil && !errors.Is(err, errAbsent) {
		return row, false, err
	}
	return rowFrom(&r, rated.Rating), true, nil
}

// recall gives the answer that an attempt just before this one got, once.
func (s *session) recall(ctx context.Context, id string) (r record, known bool, err error) {
	text, err := s.access.Remembered(ctx, "seen")
	if err != nil || text == "" {
		return r, false, err
	}
	var last seen
	if err := json.Unmarshal([]byte(text), &last); err != nil {
		return r, false, fmt.Errorf("decode what was seen of an entry: %w", err)
	}
	if err := s.access.Remember(ctx, "seen", ""); err != nil {
		return r, false, err
	}
	if last.ID != id || s.live.now().Sub(last.At) > seenTime {
		return r, false, nil
	}
	return last.Entry, true, nil
}

func (s *session) keep(ctx context.Context, one seen) error {
	text, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("encode what was seen of an entry: %w", err)
	}
	return s.access.Remember(ctx, "seen", string(text))
}
