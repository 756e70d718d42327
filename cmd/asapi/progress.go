package main

import (
	"fmt"
	"io"
	"strings"

	"asapi/internal/client"
)

const barWidth = 30

// progressBar draws one line for all tasks that are waited for, and only where a
// person can see it.
type progressBar struct {
	w     io.Writer // nil: nobody looks
	drawn bool
}

func newProgressBar(t *terminal) *progressBar {
	if !isTerminal(t.err) {
		return &progressBar{}
	}
	return &progressBar{w: t.err}
}

// draw shows the mean progress of the tasks, and one task's items.
func (b *progressBar) draw(list []client.Status) {
	if b.w == nil || len(list) == 0 {
		return
	}
	b.drawn = true
	fmt.Fprintf(b.w, "\r\033[K%s", barLine(list)) // a lost line of a bar is no loss
}

// done leaves the line, so that what follows starts on a new one.
func (b *progressBar) done() {
	if b.drawn {
		fmt.Fprintln(b.w)
	}
}

func barLine(list []client.Status) string {
	sum, ended := 0, 0
	for i := range list {
		if list[i].Ended() {
			ended++
			sum += 100
			continue
		}
		sum += list[i].Progress
	}
	percent := sum / len(list)
	filled := percent * barWidth / 100
	line := fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), percent)
	if len(list) > 1 {
		return fmt.Sprintf("%s  %d of %d ended", line, ended, len(list))
	}
	line += "  " + list[0].Status
	if items := list[0].Items; items != nil && items.Total > 0 {
		line += fmt.Sprintf("  %d of %d items", items.Succeeded+items.Failed, items.Total)
	}
	return printable(line)
}

// rows shows how many rows of a file are done.
func (b *progressBar) rows(done, total int64) error {
	if b.w == nil || total == 0 {
		return nil
	}
	b.drawn = true
	percent := int(done * 100 / total)
	filled := percent * barWidth / 100
	fmt.Fprintf(b.w, "\r\033[K[%s%s] %3d%%  %d of %d rows", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), percent, done, total)
	return nil
}
