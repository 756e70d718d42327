package tracker

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// neutralEntry is one entry of the JSON export.
type neutralEntry struct {
	ID       string   `json:"id"`
	Tracker  string   `json:"tracker"`
	Resource string   `json:"resource"`
	State    string   `json:"state"`
	Percent  *float64 `json:"progressPercentage"`
	Begun    string   `json:"startTime,omitempty"`
	Ended    string   `json:"endTime,omitempty"`
	Facts
	Native []Field `json:"native"`
}

// writeJSON writes the list as one JSON document; its form is documented in
// docs/services/tracker.md.
func writeJSON(w io.Writer, f Format, list List, lines iter.Seq2[Listed, error]) error {
	out := bufio.NewWriterSize(w, 32<<10)
	head, err := json.Marshal(map[string]any{"provider": f.Provider(), "kind": list.Kind, "user": list.User, "total": list.Total()})
	if err != nil {
		return err
	}
	// bufio keeps the first error of any write; Flush tells it.
	fmt.Fprintf(out, `%s,"entries":[`, head[:len(head)-1])
	comma := ""
	for line, err := range lines {
		if err != nil {
			return err
		}
		b, err := json.Marshal(neutralOf(line))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n%s", comma, b)
		comma = ","
	}
	fmt.Fprint(out, "\n]}\n")
	return out.Flush()
}

func neutralOf(l Listed) neutralEntry {
	e := neutralEntry{
		ID: l.Key.NativeID, Tracker: l.Tracker.Name(), Resource: l.Tracker.Resource, State: l.Tracker.State.String(),
		Begun: stamp(l.Tracker.Start), Ended: stamp(l.Tracker.End), Facts: l.Entry.Facts, Native: l.Entry.Native,
	}
	if p, known := l.Tracker.Progress(l.Work); known {
		e.Percent = &p
	}
	return e
}
