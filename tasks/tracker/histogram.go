package tracker

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker/chart"
)

// maxBuckets is the greatest number of buckets of a histogram.
const maxBuckets = 10_000

type histogramParams struct {
	Resource   string `param:"resource" doc:"What was covered, such as animes/7/episodes/12."`
	Scope      string `param:"scope" enum:"account,client" optional:"true" default:"account" doc:"Whose activities: the account's, or those of all accounts of the client, which shows popular scenes."`
	Format     string `param:"format" enum:"json,svg" optional:"true" default:"json" doc:"JSON, or a picture."`
	Buckets    int64  `param:"buckets" optional:"true" doc:"How many buckets to give at most, 1 to 10000. Not given: 1000; a picture has at most 702."`
	Resolution int64  `param:"resolution" optional:"true" doc:"Instead of buckets: the seconds or pages of one bucket."`
}

// Check implements tasks.Checker.
func (p histogramParams) Check() tasks.Faults {
	var faults tasks.Faults
	if _, ok := ParseResource(p.Resource); !ok {
		faults = append(faults, &tasks.Error{
			Code: tasks.CodeInvalidParameter, Field: "resource",
			Message: fmt.Sprintf("resource must read like animes/7/episodes/12 or graphicNovels/7/chapters/3, not %q.", tasks.Clip(p.Resource, 80)),
		})
	}
	if p.Buckets != 0 {
		faults = append(faults, between("buckets", p.Buckets, 1, maxBuckets)...)
	}
	if p.Resolution != 0 {
		faults = append(faults, between("resolution", p.Resolution, 1, maxSpan)...)
	}
	if p.Buckets != 0 && p.Resolution != 0 {
		faults = append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: tasks.AllFields, Message: "Give buckets or resolution, not both."})
	}
	return faults
}

func (s *service) histogramAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "histogram", Name: "Histogram",
		Description: "Counts how often each second or page of a resource was covered by activities, for the account or over all accounts of the client. As JSON or as a picture (SVG).",
	}, s.histogram)
}

func (s *service) histogram(ctx context.Context, run *tasks.Run, p histogramParams) error {
	owner := ownerOf(run)
	part, err := s.meant(ctx, owner.Client, p.Resource)
	if err != nil {
		return err
	}
	res, _ := ParseResource(part.Resource)
	work, err := s.store.FindWork(ctx, owner.Client, res.Work())
	if err != nil {
		return err
	}
	h := histogramDoc{Resource: part.Resource, Title: work.Title, Unit: unitOf(res.Collection), Scope: p.Scope, Length: part.Length}
	err = s.store.Coverage(ctx, owner, part.Resource, p.Scope == "client", func(c Covered, steps iter.Seq2[Step, error]) error {
		h.Activities, h.Accounts = c.Activities, c.Owners
		h.End = max(c.End, part.Length)
		if h.Resolution, err = p.resolution(h.End); err != nil {
			return err
		}
		return h.count(steps)
	})
	if err != nil {
		return err
	}
	name := strings.ReplaceAll(part.Resource, "/", "_") + "_histogram."
	if p.Format == formSVG {
		return chart.WriteHistogram(run.Output("image/svg+xml", name+formSVG), h.picture(run.Task.Account))
	}
	return tell(run, name+formJSON, h)
}

// meant gives what is known of a resource, and which it is where its name leaves
// the work open.
func (s *service) meant(ctx context.Context, client tasks.ClientID, name string) (Part, error) {
	res, _ := ParseResource(name)
	if !res.IsPart() {
		return Part{Resource: name}, nil
	}
	parts, err := s.store.FindParts(ctx, client, res)
	if err != nil {
		return Part{}, err
	}
	part, reason := findPart(&Held{Parts: map[string][]Part{name: parts}}, res)
	if reason != "" {
		return part, &tasks.Error{Code: tasks.CodeNotFound, Field: "resource", Message: reason}
	}
	return part, nil
}

// resolution gives the width of a bucket for something that long.
func (p histogramParams) resolution(end int64) (int64, error) {
	if p.Resolution > 0 {
		if least := (end + maxBuckets - 1) / maxBuckets; p.Resolution < least {
			return 0, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "resolution", Message: fmt.Sprintf("That makes more than %d buckets; say resolution=%d or more.", maxBuckets, least)}
		}
		return p.Resolution, nil
	}
	n := p.Buckets
	if n == 0 {
		n = 1000
	}
	if p.Format == formSVG {
		n = min(n, chart.HistogramColumns)
	}
	return max(1, (end+n-1)/n), nil
}

func (h histogramDoc) picture(account string) chart.Histogram {
	pic := chart.Histogram{End: h.End, Width: h.Resolution, Values: make([]float64, len(h.Buckets)), Empty: "No activity covers any of it yet."}
	for i, b := range h.Buckets {
		pic.Values[i] = float64(b.Peak)
	}
	each := "second"
	if h.Unit == "pages" {
		each, pic.Unit = "page", chart.Pages
	}
	whose := "of " + account
	if h.Scope == "client" {
		whose = "of " + plural(h.Accounts, "account")
	}
	pic.Title = "How often each " + each + " was covered"
	pic.Subtitle = h.Resource
	if h.Title != "" {
		pic.Subtitle = h.Title + " · " + h.Resource
	}
	pic.Subtitle += " · " + plural(h.Activities, "activity") + " " + whose
	pic.Description = fmt.Sprintf("%s: %s %s.", h.Resource, plural(h.Activities, "activity"), whose)
	if h.Peak != nil {
		pic.Description += fmt.Sprintf(" Covered most often: %s to %s, %s.", pic.Unit.Label(h.Peak.From), pic.Unit.Label(h.Peak.To), plural(h.Peak.Count, "time"))
	}
	return pic
}

// plural writes a number with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return chart.Count(n) + " " + stem + "ies"
	}
	return chart.Count(n) + " " + noun + "s"
}
