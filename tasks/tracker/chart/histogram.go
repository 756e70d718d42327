package chart

import (
	"io"
	"slices"
	"strings"
)

// Histogram says how often each part of something was covered.
type Histogram struct {
	Text
	Unit   Unit
	End    int64     // where the x axis ends: seconds or pages; above 0
	Width  int64     // seconds or pages of one value
	Values []float64 // from 0 on; what they do not reach is 0
	Empty  string    // what stands in the middle when there are no values above 0
}

// The size of a histogram, and where its plot stands.
const (
	histogramWidth, histogramHeight = 800, 336
	plotLeft, plotRight             = 68, 770
	plotTop, plotBottom             = 88, 286
)

// HistogramColumns is how many values a histogram can show apart; of more than
// that, neighbours are joined.
const HistogramColumns = plotRight - plotLeft

// WriteHistogram draws the histogram.
func WriteHistogram(w io.Writer, h Histogram) error {
	greatest := 0.0
	for _, v := range h.Values {
		greatest = max(greatest, v)
	}
	h = h.reduced()
	c := begin(w, histogramWidth, histogramHeight, h.Text)
	top := c.countAxis(greatest, plotLeft, plotRight, plotTop, plotBottom)
	c.text(margin, plotTop-14, "soft", "times covered")
	end := max(h.End, 1)
	x := func(v int64) float64 {
		return plotLeft + float64(min(v, end))*(plotRight-plotLeft)/float64(end)
	}
	step := h.Unit.step(end, 9)
	for v := int64(0); v <= end; v += step {
		c.rule("axis", x(v), plotBottom, x(v), plotBottom+5)
		c.text(x(v), plotBottom+20, "soft mid", h.Unit.Label(v))
	}
	c.text((plotLeft+plotRight)/2, plotBottom+40, "soft mid", h.Unit.name())
	if greatest > 0 {
		outline := h.outline(x, top)
		c.putf(`<path class="area" d="M%d %d%sV%dZ"/>`+"\n"+`<path class="line" d="M%d %d%s"/>`+"\n",
			plotLeft, plotBottom, outline, plotBottom, plotLeft, plotBottom, outline)
	} else {
		c.text((plotLeft+plotRight)/2, (plotTop+plotBottom)/2, "soft mid", h.Empty)
	}
	c.rule("axis", plotLeft, plotBottom, plotRight, plotBottom)
	return c.end()
}

// reduced joins neighbours where there are more values than columns; the
// greatest of them stands, so that nothing that happened once is lost.
func (h Histogram) reduced() Histogram {
	n := (len(h.Values) + HistogramColumns - 1) / HistogramColumns
	if n <= 1 {
		return h
	}
	joined := make([]float64, 0, HistogramColumns)
	for part := range slices.Chunk(h.Values, n) {
		joined = append(joined, slices.Max(part))
	}
	h.Values, h.Width = joined, h.Width*int64(n)
	return h
}

// outline gives the steps of the values as a path; equal neighbours are one.
func (h Histogram) outline(x func(int64) float64, top int64) string {
	var path strings.Builder
	last := 0.0
	height := func(v float64) string { return num(plotBottom - v*(plotBottom-plotTop)/float64(top)) }
	for i, v := range h.Values {
		if v == last {
			continue
		}
		path.WriteString("H" + num(x(int64(i)*h.Width)) + "V" + height(v))
		last = v
	}
	if last > 0 {
		path.WriteString("H" + num(x(int64(len(h.Values))*h.Width)) + "V" + height(0))
	}
	return path.String()
}

// countAxis draws the grid and the labels of a y axis from 0 to a round value
// that reaches the greatest one, and gives it.
func (c *canvas) countAxis(greatest, left, right, top, bottom float64) int64 {
	step, end := ticks(greatest, 4)
	for v := int64(0); v <= end; v += step {
		y := bottom - float64(v)*(bottom-top)/float64(end)
		if v > 0 {
			c.rule("grid", left, y, right, y)
		}
		c.text(left-8, y+4, "soft end", short(v))
	}
	return end
}
