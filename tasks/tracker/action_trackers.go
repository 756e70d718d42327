package tracker

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// libraryActions are the use cases of the Library as actions, each one call.
func (s *service) libraryActions() []tasks.Action {
	return []tasks.Action{
		tasks.NewAction(tasks.Action{
			Slug: "create-tracker", Name: "Create Tracker",
			Description: "Makes a tracker of one work. There is one for an account, or an audience, and a work.",
		}, s.createTracker),
		tasks.NewAction(tasks.Action{
			Slug: "get-tracker", Name: "Get Tracker",
			Description: "Gives one tracker, with the tree of its progress.",
		}, s.getTracker),
		tasks.NewAction(tasks.Action{
			Slug: "update-tracker", Name: "Update Tracker",
			Description: "Sets fields of one tracker: those that update_mask names, or else those that are given.",
		}, s.updateTracker),
		tasks.NewAction(tasks.Action{
			Slug: "list-trackers", Name: "List Trackers",
			Description: "Gives a page of the trackers that a filter selects.",
		}, s.listTrackers),
		tasks.NewAction(tasks.Action{
			Slug: "delete-tracker", Name: "Delete Tracker",
			Description: "Deletes one tracker with its activities and what lists said of it.",
		}, s.deleteTracker),
		tasks.NewAction(tasks.Action{
			Slug: "delete-activity", Name: "Delete Activity",
			Description: "Deletes one activity. What it completed stays completed.",
		}, s.deleteActivity),
		tasks.NewAction(tasks.Action{
			Slug: "create-audience", Name: "Create Audience",
			Description: "Makes an audience: a group of accounts. What it newly consumes, its members consume too.",
		}, s.createAudience),
		tasks.NewAction(tasks.Action{
			Slug: "set-audience-members", Name: "Set Audience Members",
			Description: "Makes exactly the given accounts the members of an audience. Who is new gets what is consumed from now on.",
		}, s.setAudienceMembers),
		tasks.NewAction(tasks.Action{
			Slug: "list-audiences", Name: "List Audiences",
			Description: "Gives the audiences of the client, or the members of one.",
		}, s.listAudiences),
		tasks.NewAction(tasks.Action{
			Slug: "delete-audience", Name: "Delete Audience",
			Description: "Deletes an audience and its trackers. What it consumed still reaches its members, whose own trackers stay.",
		}, s.deleteAudience),
		tasks.NewAction(tasks.Action{
			Slug: "store-credentials", Name: "Store Credentials",
			Description: "Keeps what the account signs in to a provider with, encrypted; it replaces what was stored before.",
		}, s.storeCredentials),
		tasks.NewAction(tasks.Action{
			Slug: "list-credentials", Name: "List Credentials",
			Description: "Tells for which providers the account has credentials, and since when; never what they are.",
		}, s.listCredentials),
		tasks.NewAction(tasks.Action{
			Slug: "delete-credentials", Name: "Delete Credentials",
			Description: "Forgets what the account signs in to a provider with.",
		}, s.deleteCredentials),
	}
}

// trackerNamed gives the full name of a tracker that is named by it or by its id.
func trackerNamed(owner Owner, tracker string) (string, error) {
	if !strings.Contains(tracker, "/") {
		tracker = TrackerName{owner.Parent, tracker}.String()
	}
	n, err := ParseTrackerName(tracker)
	if err != nil || n.Parent != owner.Parent {
		return "", invalid("tracker", "tracker must be an id, or read %s/trackers/{id}.", owner.Parent)
	}
	return n.String(), nil
}

type createTrackerParams struct {
	Resource   string     `param:"resource" doc:"The work, such as animes/7, graphicNovels/7, lightNovels/7 or visualNovels/7."`
	Tracker    string     `param:"tracker" optional:"true" doc:"An id of your own: letters, digits and -_.~, at most 100 bytes. Not given: the server makes a number."`
	State      string     `param:"state" enum:"STATE_UNSPECIFIED,IN_PROGRESS,COMPLETED,ON_HOLD" optional:"true" doc:"How far it is; not given: STATE_UNSPECIFIED."`
	Start      tasks.Date `param:"start_time" optional:"true" doc:"When it was begun."`
	End        tasks.Date `param:"end_time" optional:"true" doc:"When it was ended; not before start_time."`
	Percentage float64    `param:"progress_percentage" optional:"true" doc:"The progress set by hand, 0 to 100; not given: it is computed."`
	Completed  []string   `param:"completed_resources" optional:"true" doc:"Parts of the work that are completed, such as animes/7/episodes/1."`
	Audience   string     `param:"audience" optional:"true" doc:"The id of an audience, for its trackers instead of the account's."`
}

func (s *service) createTracker(ctx context.Context, run *tasks.Run, p createTrackerParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	d := draftOf(run, p.State, p.Start, p.End, p.Percentage, p.Completed)
	if d.Resource = p.Resource; p.Tracker != "" {
		if d.Name, err = trackerNamed(owner, p.Tracker); err != nil {
			return err
		}
	}
	v, err := s.library.CreateTracker(ctx, owner.Client, owner.Parent, d)
	if tasks.CodeOf(err) == tasks.CodeUnique && run.Task.Attempt > 1 {
		// An attempt before this one may have made it and not lived to tell.
		if made, findErr := s.madeBefore(ctx, owner, d, run.Task.CreatedAt); findErr == nil {
			v, err = made, nil
		}
	}
	if err != nil {
		return err
	}
	return answer(run, shownOf(&v))
}

// madeBefore finds the tracker that an earlier attempt of the same task made.
func (s *service) madeBefore(ctx context.Context, owner Owner, d Draft, since time.Time) (View, error) {
	found, err := s.library.ListTrackers(ctx, owner.Client, PageQuery{Parent: owner.Parent, Filter: "resource = " + strconv.Quote(d.Resource), Size: 1})
	if err != nil {
		return View{}, err
	}
	if len(found.Trackers) == 0 || found.Trackers[0].CreatedAt.Before(since) || (d.Name != "" && found.Trackers[0].Name() != d.Name) {
		return View{}, errNoTracker(TrackerName{owner.Parent, d.Resource})
	}
	return found.Trackers[0], nil
}

func draftOf(run *tasks.Run, state string, start, end time.Time, percentage float64, completed []string) Draft {
	d := Draft{Start: start, End: end, Completed: completed}
	d.State, _ = ParseState(state)
	if given := run.Args.Values[fieldPercentage]; len(given) > 0 && given[0] != "" {
		d.Percentage = &percentage
	}
	return d
}

type getTrackerParams struct {
	Tracker  string `param:"tracker" doc:"The tracker's id or name."`
	Audience string `param:"audience" optional:"true" doc:"The id of an audience, for its trackers instead of the account's."`
}

func (s *service) getTracker(ctx context.Context, run *tasks.Run, p getTrackerParams) error {
	owner, name, err := namedIn(run, p.Audience, p.Tracker)
	if err != nil {
		return err
	}
	v, tree, err := s.library.InspectTracker(ctx, owner.Client, name)
	if err != nil {
		return err
	}
	return answer(run, struct {
		trackerDoc
		Tree nodeDoc `json:"tree"`
	}{shownOf(&v), nodeOf(tree)})
}

// namedIn gives the owner and the full name of a tracker.
func namedIn(run *tasks.Run, audience, tracker string) (Owner, string, error) {
	owner, err := ownerFor(run, audience)
	if err != nil {
		return owner, "", err
	}
	name, err := trackerNamed(owner, tracker)
	return owner, name, err
}

type updateTrackerParams struct {
	Tracker    string     `param:"tracker" doc:"The tracker's id or name."`
	State      string     `param:"state" enum:"STATE_UNSPECIFIED,IN_PROGRESS,COMPLETED,ON_HOLD" optional:"true" doc:"How far it is."`
	Start      tasks.Date `param:"start_time" optional:"true" doc:"When it was begun."`
	End        tasks.Date `param:"end_time" optional:"true" doc:"When it was ended; not before start_time."`
	Percentage float64    `param:"progress_percentage" optional:"true" doc:"The progress set by hand, 0 to 100; given and empty: it is computed."`
	Completed  []string   `param:"completed_resources" optional:"true" doc:"All parts of the work that are completed, such as animes/7/episodes/1."`
	Mask       []string   `param:"update_mask" optional:"true" doc:"The fields to set; one that is not given is unset. * is all of them. Not given: the fields that are given."`
	Audience   string     `param:"audience" optional:"true" doc:"The id of an audience, for its trackers instead of the account's."`
}

func (s *service) updateTracker(ctx context.Context, run *tasks.Run, p updateTrackerParams) error {
	owner, name, err := namedIn(run, p.Audience, p.Tracker)
	if err != nil {
		return err
	}
	mask := p.Mask
	if len(mask) == 0 {
		for _, field := range maskFields[2:] {
			if _, given := run.Args.Values[field]; given {
				mask = append(mask, field)
			}
		}
	}
	if len(mask) == 0 {
		return invalid("update_mask", "Nothing is to be set: give a field such as state, or name fields in update_mask.")
	}
	v, err := s.library.UpdateTracker(ctx, owner.Client, name, draftOf(run, p.State, p.Start, p.End, p.Percentage, p.Completed), mask)
	if err != nil {
		return err
	}
	return answer(run, shownOf(&v))
}

type listTrackersParams struct {
	Filter   string `param:"filter" optional:"true" doc:"Which trackers, in the grammar of AIP-160, such as: state = IN_PROGRESS AND start_time >= \"2026-01-01\"."`
	Size     int64  `param:"page_size" optional:"true" doc:"How many at most; not given: 50; the largest is 1000."`
	Token    string `param:"page_token" optional:"true" doc:"The nextPageToken of the page before."`
	Audience string `param:"audience" optional:"true" doc:"The id of an audience, for its trackers instead of the account's."`
}

func (s *service) listTrackers(ctx context.Context, run *tasks.Run, p listTrackersParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	page, err := s.library.ListTrackers(ctx, owner.Client, PageQuery{owner.Parent, p.Filter, int(min(p.Size, LargestPage)), p.Token})
	if err != nil {
		return err
	}
	docs := make([]trackerDoc, len(page.Trackers))
	for i := range page.Trackers {
		docs[i] = shownOf(&page.Trackers[i])
	}
	return answer(run, struct {
		Trackers []trackerDoc `json:"trackers"`
		Next     string       `json:"nextPageToken,omitempty"`
	}{docs, page.Next})
}

func (s *service) deleteTracker(ctx context.Context, run *tasks.Run, p getTrackerParams) error {
	owner, name, err := namedIn(run, p.Audience, p.Tracker)
	if err != nil {
		return err
	}
	if err := goneAlready(run, s.library.DeleteTracker(ctx, owner.Client, name)); err != nil {
		return err
	}
	return answer(run, deletedDoc{name})
}

type deleteActivityParams struct {
	Activity string `param:"activity" doc:"The activity's name, such as users/alice/trackers/3/activities/17."`
	Audience string `param:"audience" optional:"true" doc:"The id of the audience whose activity it is, where it is not the account's."`
}

func (s *service) deleteActivity(ctx context.Context, run *tasks.Run, p deleteActivityParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	if of, _, err := ParseActivityName(p.Activity); err != nil || of.Parent != owner.Parent {
		return invalid("activity", "activity must read %s/trackers/{tracker}/activities/{activity}.", owner.Parent)
	}
	if err := goneAlready(run, s.library.DeleteActivity(ctx, owner.Client, p.Activity)); err != nil {
		return err
	}
	return answer(run, deletedDoc{p.Activity})
}

// goneAlready forgives a later attempt that an earlier one did the deletion.
func goneAlready(run *tasks.Run, err error) error {
	if run.Task.Attempt > 1 && tasks.CodeOf(err) == tasks.CodeNotFound {
		return nil
	}
	return err
}

// answer writes a document as the result.
func answer(run *tasks.Run, doc any) error {
	return json.NewEncoder(run.Output("application/json", "")).Encode(doc)
}
