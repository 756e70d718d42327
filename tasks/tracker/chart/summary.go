package chart

import (
	"fmt"
	"io"
)

// Summary is a picture of two panels: rows of stacked bars, and columns.
type Summary struct {
	Text
	Legend  []string // the parts of every row; at most four
	Rows    []Row
	Columns []Column
	// What stands above each panel, and in the second when it has nothing.
	RowsTitle, ColumnsTitle, ColumnsEmpty string
}

// Row is one stacked bar.
type Row struct {
	Label string
	Parts []int64 // as many as the legend has
}

// Column is one bar of the second panel.
type Column struct {
	Label string // short; below the bar
	Tip   string // the whole, shown by viewers that can
	Value float64
}

// Sizes of a summary's parts.
const (
	summaryWidth  = 800
	rowHeight     = 28
	rowsTop       = 104
	barLeft       = 190
	barRight      = 710
	columnsHeight = 170
)

// WriteSummary draws the summary.
func WriteSummary(w io.Writer, s Summary) error {
	rowsBottom := rowsTop + len(s.Rows)*rowHeight
	columnsTop := rowsBottom + 52
	c := begin(w, summaryWidth, columnsTop+columnsHeight+44, s.Text)
	c.text(margin, rowsTop-22, "ink", s.RowsTitle)
	c.legend(s.Legend)
	c.rows(s.Rows, s.Legend)
	c.text(margin, float64(columnsTop-18), "ink", s.ColumnsTitle)
	c.columns(s.Columns, s.ColumnsEmpty, float64(columnsTop), float64(columnsTop+columnsHeight))
	return c.end()
}

func (c *canvas) legend(names []string) {
	x := float64(barLeft)
	for i, name := range names {
		c.rect(fmt.Sprintf("c%d", i), x, rowsTop-31, 10, 10, "")
		c.text(x+15, rowsTop-22, "soft", name)
		x += 36 + 6.5*float64(len([]rune(name)))
	}
}

// rows draws the bars, all to the scale of the longest.
func (c *canvas) rows(rows []Row, legend []string) {
	longest := int64(1)
	for _, r := range rows {
		longest = max(longest, r.total())
	}
	for i, r := range rows {
		y := float64(rowsTop + i*rowHeight)
		c.text(barLeft-10, y+15, "ink end", clip(r.Label, 26))
		x := float64(barLeft)
		for p, n := range r.Parts {
			width := float64(n) * (barRight - barLeft) / float64(longest)
			if n > 0 {
				c.rect(fmt.Sprintf("c%d", p), x, y+2, max(width, 1), 18, fmt.Sprintf("%s, %s: %s", r.Label, legend[p], Count(n)))
			}
			x += width
		}
		c.text(x+8, y+15, "soft", Count(r.total()))
	}
}

func (r Row) total() int64 {
	var sum int64
	for _, n := range r.Parts {
		sum += n
	}
	return sum
}

func (c *canvas) columns(columns []Column, empty string, top, bottom float64) {
	const left, right = 68.0, 780.0
	greatest := 0.0
	for _, col := range columns {
		greatest = max(greatest, col.Value)
	}
	end := c.countAxis(greatest, left, right, top, bottom)
	if greatest == 0 {
		c.text((left+right)/2, (top+bottom)/2, "soft mid", empty)
	}
	// Few columns are not drawn wider than reads well, many are labelled now and then.
	slot := min((right-left)/float64(max(len(columns), 1)), 60)
	every := max(1, int(46/slot+0.999))
	for i, col := range columns {
		x := left + float64(i)*slot
		if height := col.Value * (bottom - top) / float64(end); height > 0 {
			c.rect("bar", x+slot*0.15, bottom-max(height, 1), slot*0.7, max(height, 1), col.Tip)
		}
		if i%every == 0 {
			c.text(x+slot/2, bottom+18, "soft mid", col.Label)
		}
	}
	c.rule("axis", left, bottom, right, bottom)
}
