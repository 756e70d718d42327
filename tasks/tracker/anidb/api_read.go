package anidb

import (
	"context"
	"slices"
	"strconv"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// What a page has: entries of which nothing has to be asked, and few of others, so that
// little is asked again after an interruption.
const (
	perPage  = 200
	askedFor = 20
)

// Page implements tracker.LiveList. The list comes in one answer and says episodes by
// their ids only, so that each of its anime is asked for; a cursor is the id of the last.
func (s *session) Page(ctx context.Context, _ tracker.Kind, cursor string) (page tracker.LivePage, err error) {
	m, err := s.list(ctx)
	if err != nil {
		return page, err
	}
	ids, last := m.ids(), int64(0)
	if cursor != "" {
		if last, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return page, err
		}
	}
	page.Total = int64(len(ids))
	from, found := slices.BinarySearch(ids, last)
	if found {
		from++
	}
	asked := 0
	for _, aid := range ids[from:] {
		if len(page.Rows) == perPage || asked == askedFor {
			page.Next = strconv.FormatInt(last, 10)
			break
		}
		in, fresh, err := s.anime(ctx, aid)
		if _, waits := tasks.AsLater(err); waits && len(page.Rows) > 0 {
			page.Next = strconv.FormatInt(last, 10) // a wait may be long, and what is here is kept
			break
		}
		if err != nil {
			return page, err
		}
		if fresh {
			asked++
		}
		page.Rows = append(page.Rows, rowFrom(aid, m.Anime[aid], &in))
		last = aid
	}
	return page, nil
}

// rowFrom makes a row of what a list has of an anime.
func rowFrom(aid int64, l *listed, in *info) tracker.Row {
	id := strconv.FormatInt(aid, 10)
	if in.Absent {
		return tracker.Row{Key: keyOf(id), Fault: "AniDB has this anime on the list, and does not tell of it any more."}
	}
	a := anime{
		aid: id, title: in.Title, kanji: in.Kanji, english: in.English, typ: in.Type, year: in.Year, eps: countText(in.Count), special: countText(in.Special),
		vote: l.Vote, tmpVote: l.TmpVote,
	}
	for _, one := range l.Items {
		told, ok := in.byID(one.EID)
		if !ok {
			told = toldEpisode{ID: one.EID, No: "E" + one.EID} // an episode that is not told of
		}
		e := episode{No: told.No, EID: told.ID, Name: told.Name, Length: told.Length, Files: []file{{
			State: one.State, FileState: one.FileState, Watched: one.Watched && one.Viewed == "", Viewed: one.Viewed,
			Storage: one.Storage, Source: one.Source, Other: one.Other,
		}}}
		if err := a.add(e); err != nil {
			a.broken = "It has more episodes and files than an anime can have."
			break
		}
	}
	return a.row("")
}

func countText(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
