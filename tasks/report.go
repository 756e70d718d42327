package tasks

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Report writes the result of a batch action (docs/services/tracker.md shows one) from
// the recorded items, without holding them all in memory. extra members stand
// before the items; nil: none.
//
// The report of a subscription's occurrence names the subscription, and its items
// are the news: what was created, updated or failed, or has a reference that is called
// conflict. The counts are of all.
func (r *Run) Report(ctx context.Context, extra map[string]any) error {
	r.items.Total = r.items.Done()
	t := r.items
	w := bufio.NewWriter(r.Output("application/json", "")) // its first error stays until Flush
	fmt.Fprintf(w, `{"total":%d,"created":%d,"updated":%d,"unchanged":%d,"skipped":%d,"failed":%d`,
		t.Total, t.Created, t.Updated, t.Unchanged, t.Skipped, t.Failed)
	for key, value := range extra {
		b, err := json.Marshal(map[string]any{key: value})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, ",%s", b[1:len(b)-1])
	}
	news := !r.Task.Subscription.IsZero()
	if news {
		fmt.Fprintf(w, `,"subscription_id":%q`, r.Task.Subscription)
	}
	fmt.Fprint(w, `,"items":[`)
	separator := ""
	var line []byte
	for item, err := range r.journal.Items(ctx, r.Task.ID) {
		if err != nil {
			return err
		}
		if news && (item.Outcome == Unchanged || item.Outcome == Skipped) && item.Refs["conflict"] == "" {
			continue
		}
		line = appendItem(append(line[:0], separator...), &item)
		w.Write(line) //nolint:errcheck,gosec // it stays until Flush
		separator = ","
	}
	fmt.Fprint(w, "]}\n")
	return w.Flush()
}

// appendItem appends an item as JSON. Reports have a million of them, for which
// encoding a map takes four times as long.
func appendItem(b []byte, item *Item) []byte {
	b = appendString(append(b, `{"key":`...), item.Key)
	b = appendString(append(b, `,"outcome":`...), string(item.Outcome))
	b = appendString(append(b, `,"reason":`...), item.Reason)
	for _, name := range slices.Sorted(maps.Keys(item.Refs)) {
		b = appendString(append(b, ','), name)
		b = appendString(append(b, ':'), item.Refs[name])
	}
	return append(b, '}')
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil { // strings always marshal
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
