package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"asapi/internal/client"

	"golang.org/x/term"
)

// drawEvery is the least time between two drawings of the table.
const drawEvery = 100 * time.Millisecond

// endedRows is how many ended tasks stay in the table.
const endedRows = 10

// watchTable draws what is watched anew in place.
type watchTable struct {
	out   io.Writer
	rows  map[string]*watchRow
	last  time.Time
	count int
	lines int // drawn before
}

type watchRow struct {
	client.Activity
	order int
}

func newWatchTable(t *terminal) *watchTable {
	return &watchTable{out: t.out, rows: map[string]*watchRow{}}
}

func (w *watchTable) listed(list []client.Activity, _ int64) error {
	for i := range list {
		w.put(&list[i])
	}
	return w.draw()
}

func (w *watchTable) event(e *client.ActivityEvent) error {
	w.put(&e.Activity)
	// The end of a task is drawn at once: nothing may follow it for long.
	if e.Event == "updated" && time.Since(w.last) < drawEvery {
		return nil
	}
	return w.draw()
}

func (w *watchTable) put(a *client.Activity) {
	w.count++
	row, ok := w.rows[a.UUID]
	if !ok {
		row = &watchRow{}
		w.rows[a.UUID] = row
	}
	row.Activity = *a
	if !ok || a.Response != nil {
		row.order = w.count
	}
	ended := w.sorted(true)
	for _, old := range ended[min(endedRows, len(ended)):] {
		delete(w.rows, old.UUID)
	}
}

// sorted gives the ended tasks, the last one first, or the others, the first one
// first.
func (w *watchTable) sorted(ended bool) []*watchRow {
	var list []*watchRow
	for _, r := range w.rows {
		if (r.Response != nil) == ended {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *watchRow) int {
		if ended {
			return cmp.Compare(b.order, a.order)
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.order, b.order))
	})
	return list
}

// rank puts what runs before what waits.
func rank(r *watchRow) int {
	if r.Context["state"] == "pending" {
		return 1
	}
	return 0
}

func (w *watchTable) draw() error {
	w.last = time.Now()
	width, height := 100, 24
	if f, ok := w.out.(*os.File); ok {
		if x, y, err := term.GetSize(int(f.Fd())); err == nil && x > 0 && y > 0 {
			width, height = x, y
		}
	}
	lines := w.table(width, height-1)
	var b strings.Builder
	if w.lines > 0 {
		fmt.Fprintf(&b, "\033[%dA", w.lines) // to the first line drawn before
	}
	for _, line := range lines {
		b.WriteString("\r\033[K" + line + "\n")
	}
	b.WriteString("\033[J") // and nothing below
	w.lines = len(lines)
	_, err := io.WriteString(w.out, b.String())
	return err
}

// table gives the lines of the table; what does not fit is counted.
func (w *watchTable) table(width, height int) []string {
	open, ended := w.sorted(false), w.sorted(true)
	lines := []string{cut(fmt.Sprintf("%-8s  %-28s %-24s %s", "TASK", "ACTION", "ACCOUNT", "PROGRESS"), width)}
	if len(open)+len(ended) == 0 {
		return append(lines, "nothing runs or waits")
	}
	all := slices.Concat(open, ended)
	room := max(height-len(lines)-1, 1)
	for _, r := range all[:min(room, len(all))] {
		lines = append(lines, cut(r.line(), width))
	}
	if more := len(all) - room; more > 0 {
		lines = append(lines, cut(fmt.Sprintf("and %d more", more), width))
	}
	return lines
}

const watchBar = 20

func (r *watchRow) line() string {
	end := ""
	switch {
	case r.Response != nil && r.Response.Success:
		end = "done"
	case r.Response != nil:
		end = r.Response.ErrorCode
		if r.Response.ErrorDetail != "" {
			end += ": " + r.Response.ErrorDetail
		}
	case r.Context["state"] == "pending":
		end = "waits"
	case r.Progress < 0:
		end = "runs"
	default:
		filled := r.Progress * watchBar / 100
		end = fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", filled), strings.Repeat(".", watchBar-filled), r.Progress)
	}
	// Of ids that were made together the beginnings are the same.
	return fmt.Sprintf("%-8s  %-28s %-24s %s", r.UUID[max(0, len(r.UUID)-8):], r.Type, r.Subtitle, end)
}

// cut shortens a line to a number of characters, all of them printable.
func cut(s string, width int) string {
	runes := []rune(strings.ReplaceAll(printable(s), "\n", " "))
	return string(runes[:min(width, len(runes))])
}
