package tasks

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
)

// Report writes the result of a batch action (specs/asapi.md section 9) from
// the recorded items, without holding them all in memory. extra members stand
// before the items; nil: none.
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
	fmt.Fprint(w, `,"items":[`)
	separator := ""
	for item, err := range r.journal.Items(ctx, r.Task.ID) {
		if err != nil {
			return err
		}
		doc := map[string]string{"key": item.Key, "outcome": string(item.Outcome), "reason": item.Reason}
		maps.Copy(doc, item.Refs)
		b, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s%s", separator, b)
		separator = ","
	}
	fmt.Fprint(w, "]}\n")
	return w.Flush()
}
