package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker/chart"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scene is a made-up coverage with a much watched scene in it.
func scene(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		x := float64(i) / float64(n)
		values[i] = math.Round(40*math.Exp(-3*x) + 55*math.Exp(-(x-0.62)*(x-0.62)/0.0016) + 4*math.Abs(math.Sin(40*x)))
	}
	return values
}

func histograms() map[string]chart.Histogram {
	text := chart.Text{Title: "How often each second was covered", Subtitle: "Made Up · animes/7/episodes/12 · 1,204 activities of alice", Description: "animes/7/episodes/12: 1,204 activities of alice."}
	busy := make([]float64, 100_000)
	for i := range busy {
		busy[i] = float64((i*7919)%1000) * float64(i) / 1000
	}
	return map[string]chart.Histogram{
		"histogram":            {Text: text, End: 1420, Width: 3, Values: scene(474)},
		"histogram_of_pages":   {Text: text, Unit: chart.Pages, End: 24, Width: 1, Values: []float64{3, 3, 3, 2, 2, 2, 2, 7, 9, 9, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		"histogram_one_point":  {Text: text, End: 7260, Width: 11, Values: append(make([]float64, 300), 1)},
		"histogram_one_second": {Text: text, End: 1, Width: 1, Values: []float64{1}},
		"histogram_no_points":  {Text: text, Empty: "No activity covers any of it yet."},
		"histogram_100000":     {Text: text, End: 100_000, Width: 1, Values: busy},
		"histogram_hostile": {
			Text: chart.Text{Title: strings.Repeat("<b>&\x00long ", 40), Subtitle: strings.Repeat("三\u202e", 300), Description: "\"quoted\" 'all' ]]>"},
			End:  math.MaxInt32, Width: math.MaxInt32 / 2, Values: []float64{math.MaxInt32, 1, 0}, Unit: chart.Pages,
		},
	}
}

func summaries() map[string]chart.Summary {
	made := chart.Summary{
		Text:      chart.Text{Title: "Trackers of alice", Subtitle: "1,490 trackers · 1,234.5 hours watched · 120 pages read", Description: "1,490 trackers."},
		RowsTitle: "Trackers by state", ColumnsTitle: "Hours watched per month", ColumnsEmpty: "No activities yet.",
		Legend: []string{"planned", "in progress", "completed", "on hold"},
		Rows: []chart.Row{
			{Label: "all", Parts: []int64{310, 42, 1100, 38}},
			{Label: "myanimelist anime", Parts: []int64{300, 30, 900, 30}},
			{Label: "anilist manga", Parts: []int64{10, 12, 180, 8}},
			{Label: "vndb visual-novel", Parts: []int64{0, 0, 1, 0}},
		},
	}
	empty := made
	empty.Rows = []chart.Row{{Label: "all", Parts: make([]int64, 4)}}
	one := made
	one.Columns = []chart.Column{{Label: "Jan 26", Tip: "January 2026: 12.5 hours", Value: 12.5}}
	many := made
	many.Columns = nil
	for i := range 100 {
		many.Columns = append(many.Columns, chart.Column{Label: fmt.Sprintf("Jan %02d", i), Tip: "hours", Value: float64(i * i % 83)})
	}
	for i := range 12 {
		made.Columns = append(made.Columns, chart.Column{Label: fmt.Sprintf("%s 26", []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}[i]), Tip: "hours", Value: float64(i*37%90) + 0.5})
	}
	return map[string]chart.Summary{"summary": made, "summary_empty": empty, "summary_one_month": one, "summary_100_months": many}
}

func pictures(t *testing.T) map[string][]byte {
	t.Helper()
	made := map[string][]byte{}
	add := func(name string, write func(io.Writer) error) {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		made[name] = out.Bytes()
	}
	for name, h := range histograms() {
		add(name, func(w io.Writer) error { return chart.WriteHistogram(w, h) })
	}
	for name, s := range summaries() {
		add(name, func(w io.Writer) error { return chart.WriteSummary(w, s) })
	}
	return made
}

func TestPicturesAreAsTheyWereLookedAt(t *testing.T) {
	for name, got := range pictures(t) {
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-looked at +drawn):\n%.2000s", name, diff)
		}
	}
}

func TestPicturesAreSmallAndNeedNothingElse(t *testing.T) {
	for name, raw := range pictures(t) {
		if len(raw) > 64<<10 {
			t.Errorf("%s has %d bytes", name, len(raw))
		}
		checkXML(t, raw)
		for _, bad := range []string{"<script", "href", "url(", "@import", "@font-face", "NaN", "Inf"} {
			if bytes.Contains(raw, []byte(bad)) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
}

func checkXML(t interface{ Fatalf(string, ...any) }, raw []byte) {
	dec := xml.NewDecoder(bytes.NewReader(raw))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v\n%s", err, raw)
		}
	}
}

func TestAnyCoverageMakesAPicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := chart.Histogram{
			Text: chart.Text{Title: rapid.String().Draw(t, "title")}, Unit: rapid.SampledFrom([]chart.Unit{chart.Seconds, chart.Pages}).Draw(t, "unit"),
			End: rapid.Int64Range(0, math.MaxInt32).Draw(t, "end"), Width: rapid.Int64Range(1, math.MaxInt32).Draw(t, "width"),
			Values: rapid.SliceOf(rapid.Float64Range(0, math.MaxInt32)).Draw(t, "values"),
		}
		var out bytes.Buffer
		if err := chart.WriteHistogram(&out, h); err != nil {
			t.Fatalf("error %v", err)
		}
		checkXML(t, out.Bytes())
		if bytes.Contains(out.Bytes(), []byte("NaN")) || strings.Count(out.String(), "<text") > 40 {
			t.Fatalf("the picture is %s", out.Bytes())
		}
	})
}

func TestNumbersReadWell(t *testing.T) {
	for want, got := range map[string]string{
		"0:00": chart.Seconds.Label(0), "22:05": chart.Seconds.Label(1325), "1:00:09": chart.Seconds.Label(3609), "7": chart.Pages.Label(7),
		"1,234,567": chart.Count(1234567), "999": chart.Count(999), "1,000": chart.Count(1000), "12.5": chart.Decimal(12.46), "3": chart.Decimal(2.96),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
