// Package chart draws the pictures of the tracker service as SVG. A picture is
// one file that needs nothing else: no script, no font, no other resource. It
// follows the viewer's light or dark preference, and tells people who cannot see
// it what it shows. It draws what it is given and knows no words of its own.
package chart

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Text says what a picture shows.
type Text struct {
	Title       string // the heading, also read to those who cannot see
	Subtitle    string // one line below it
	Description string // the whole in a sentence or two, for those who cannot see
}

// canvas writes one picture. bufio.Writer keeps the first error until the end.
type canvas struct {
	*bufio.Writer
}

// style gives every class a colour for light and one for dark surroundings. It
// uses no variables: some viewers that people look at files with know none.
const style = `.paper{fill:#ffffff}.ink{fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#d1d9e0;stroke-width:1}.axis{stroke:#818b98;stroke-width:1}` +
	`.area{fill:#0969da;fill-opacity:.22}.line{fill:none;stroke:#0969da;stroke-width:1.5;stroke-linejoin:round}.bar{fill:#0969da}` +
	`.c0{fill:#818b98}.c1{fill:#0969da}.c2{fill:#1a7f37}.c3{fill:#bf8700}` +
	`text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Ubuntu,sans-serif;font-size:12px}.title{font-size:16px;font-weight:600}` +
	`.mid{text-anchor:middle}.end{text-anchor:end}` +
	`@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.ink{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#2f353d}.axis{stroke:#656c76}` +
	`.area{fill:#4493f8;fill-opacity:.28}.line{stroke:#4493f8}.bar{fill:#4493f8}.c0{fill:#656c76}.c1{fill:#4493f8}.c2{fill:#3fb950}.c3{fill:#d29922}}`

// begin writes the head of a picture of that size, in pixels.
func begin(w io.Writer, width, height int, t Text) *canvas {
	c := &canvas{bufio.NewWriterSize(w, 16<<10)}
	// Several pictures may stand in one page, where ids must differ.
	h := fnv.New32a()
	_, _ = io.WriteString(h, t.Title+"\x00"+t.Description) // a hash's Write never fails
	id := strconv.FormatUint(uint64(h.Sum32()), 36)
	c.putf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="t%s d%s">`+"\n",
		width, height, width, height, id, id)
	c.putf(`<title id="t%s">%s</title>`+"\n"+`<desc id="d%s">%s</desc>`+"\n", id, escaped(t.Title), id, escaped(t.Description))
	c.putf("<style>%s</style>\n"+`<rect class="paper" width="%d" height="%d"/>`+"\n", style, width, height)
	c.text(margin, 28, "ink title", clip(t.Title, (width-2*margin)/11))
	c.text(margin, 47, "soft", clip(t.Subtitle, (width-2*margin)/7))
	return c
}

// margin is the room at the left of headings.
const margin = 20

func (c *canvas) end() error {
	c.putf("</svg>\n")
	return c.Flush()
}

func (c *canvas) putf(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Writer, format, args...) // the error stays until Flush
}

func (c *canvas) text(x, y float64, class, s string) {
	c.putf(`<text class="%s" x="%s" y="%s">%s</text>`+"\n", class, num(x), num(y), escaped(s))
}

func (c *canvas) rect(class string, x, y, width, height float64, tip string) {
	if tip == "" {
		c.putf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`+"\n", class, num(x), num(y), num(width), num(height))
		return
	}
	c.putf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`+"\n", class, num(x), num(y), num(width), num(height), escaped(tip))
}

func (c *canvas) rule(class string, x1, y1, x2, y2 float64) {
	c.putf(`<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, num(x1), num(y1), num(x2), num(y2))
}

// num writes a coordinate with at most two decimals.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

func escaped(s string) string {
	var b strings.Builder
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1 // it would turn around what stands beside it
		}
		return r
	}, s)
	_ = xml.EscapeText(&b, []byte(s)) // a builder's Write never fails; what XML cannot hold becomes U+FFFD
	return b.String()
}

// clip shortens a text to the room of n letters, of which a Chinese or Japanese
// one takes two.
func clip(s string, n int) string {
	for i, r := range s {
		if n--; r >= 0x1100 {
			n--
		}
		if n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
