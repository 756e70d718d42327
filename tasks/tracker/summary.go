package tracker

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker/chart"
)

// maxMonths is the greatest number of months that a summary tells of.
const maxMonths = 1200

type summaryParams struct {
	Format string `param:"format" enum:"json,svg" optional:"true" default:"json" doc:"JSON, or a picture."`
	Months int64  `param:"months" optional:"true" default:"12" doc:"How many months to tell of, 1 to 1200: the last ones, up to the newest with activities."`
}

// Check implements tasks.Checker.
func (p summaryParams) Check() tasks.Faults { return between("months", p.Months, 1, maxMonths) }

func (s *service) summaryAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "summary", Name: "Summary",
		Description: "Counts the account's trackers by state and by provider, and the hours watched and pages read per month. As JSON or as a picture (SVG).",
	}, s.summary)
}

// summaryDoc is a summary as JSON tells it; docs/services/tracker.md.
type summaryDoc struct {
	Account  string           `json:"account"`
	Trackers int64            `json:"trackers"`
	States   map[string]int64 `json:"states"`
	Lists    []listDoc        `json:"providers"`
	Hours    float64          `json:"hours"`
	Pages    int64            `json:"pages"`
	Months   []monthDoc       `json:"months"`
}

// listDoc counts the trackers of one list; those that are in none have no
// provider.
type listDoc struct {
	Provider Provider         `json:"provider"`
	Kind     Kind             `json:"kind,omitempty"`
	Trackers int64            `json:"trackers"`
	States   map[string]int64 `json:"states"`
}

type monthDoc struct {
	Month string  `json:"month"`
	Hours float64 `json:"hours"`
	Pages int64   `json:"pages"`

	first   time.Time
	seconds int64
}

func (s *service) summary(ctx context.Context, run *tasks.Run, p summaryParams) error {
	owner := ownerOf(run)
	counts, err := s.store.CountStates(ctx, owner)
	if err != nil {
		return err
	}
	days, err := s.store.Days(ctx, owner)
	if err != nil {
		return err
	}
	doc := summaryDoc{Account: run.Task.Account, Lists: []listDoc{}, Months: monthsOf(days, int(p.Months))}
	doc.Trackers, doc.States = statesDoc(counts.All)
	for _, l := range counts.Lists {
		total, states := statesDoc(l.States)
		doc.Lists = append(doc.Lists, listDoc{l.Provider, l.Kind, total, states})
	}
	if total, states := statesDoc(counts.Without); total > 0 {
		doc.Lists = append(doc.Lists, listDoc{"", "", total, states})
	}
	var seconds int64
	for _, d := range days {
		seconds += d.Seconds
		doc.Pages += d.Pages
	}
	doc.Hours = hours(seconds)
	if p.Format == formSVG {
		return chart.WriteSummary(run.Output("image/svg+xml", "summary.svg"), doc.picture())
	}
	return tell(run, "summary.json", doc)
}

// statesDoc names the states, also those that have none.
func statesDoc(counts map[State]int64) (total int64, named map[string]int64) {
	named = map[string]int64{}
	for s := range State(len(stateNames)) {
		named[s.String()] = counts[s]
		total += counts[s]
	}
	return total, named
}

// hours gives hours with two decimals.
func hours(seconds int64) float64 { return math.Round(float64(seconds)/36) / 100 }

// monthsOf sums days up to the last n months, the newest of which has
// activities; those between that have none are there too.
func monthsOf(days []Day, n int) []monthDoc {
	months := []monthDoc{}
	if len(days) == 0 {
		return months
	}
	last := days[len(days)-1].Day
	begin := time.Date(last.Year(), last.Month()-time.Month(n-1), 1, 0, 0, 0, 0, time.UTC)
	if first := days[0].Day; begin.Before(first) {
		begin = time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	for m := begin; !m.After(last); m = m.AddDate(0, 1, 0) {
		months = append(months, monthDoc{Month: m.Format("2006-01"), first: m})
	}
	for _, d := range days {
		at := (d.Day.Year()-begin.Year())*12 + int(d.Day.Month()-begin.Month())
		if at >= 0 {
			months[at].seconds += d.Seconds
			months[at].Pages += d.Pages
		}
	}
	for i := range months {
		months[i].Hours = hours(months[i].seconds)
	}
	return months
}

// pictureStates are the states as a picture shows them, in the order of its
// colours.
var pictureStates = []struct {
	state State
	label string
}{{Unspecified, "planned"}, {InProgress, "in progress"}, {Completed, "completed"}, {OnHold, "on hold"}}

func (d summaryDoc) picture() chart.Summary {
	pic := chart.Summary{
		RowsTitle: "Trackers by state", ColumnsTitle: "Hours watched per month", ColumnsEmpty: "No activities yet.",
		Rows: []chart.Row{{Label: "all", Parts: parts(d.States)}},
	}
	for _, s := range pictureStates {
		pic.Legend = append(pic.Legend, s.label)
	}
	for _, l := range d.Lists {
		label := strings.TrimSpace(string(l.Provider) + " " + string(l.Kind))
		if label == "" {
			label = "in no list"
		}
		pic.Rows = append(pic.Rows, chart.Row{Label: label, Parts: parts(l.States)})
	}
	for _, m := range d.Months {
		pic.Columns = append(pic.Columns, chart.Column{
			Label: m.first.Format("Jan 06"), Value: m.Hours,
			Tip: fmt.Sprintf("%s: %s hours", m.first.Format("January 2006"), chart.Decimal(m.Hours)),
		})
	}
	pic.Title = "Trackers of " + d.Account
	pic.Subtitle = fmt.Sprintf("%s · %s hours watched", plural(d.Trackers, "tracker"), chart.Decimal(d.Hours))
	if d.Pages > 0 {
		pic.Subtitle += " · " + plural(d.Pages, "page") + " read"
	}
	pic.Description = fmt.Sprintf("%s: %d planned, %d in progress, %d completed, %d on hold. %s hours watched in all.", plural(d.Trackers, "tracker"),
		d.States[Unspecified.String()], d.States[InProgress.String()], d.States[Completed.String()], d.States[OnHold.String()], chart.Decimal(d.Hours))
	return pic
}

func parts(states map[string]int64) []int64 {
	list := make([]int64, len(pictureStates))
	for i, s := range pictureStates {
		list[i] = states[s.state.String()]
	}
	return list
}
