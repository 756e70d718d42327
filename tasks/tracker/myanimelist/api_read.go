package myanimelist

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
)

// pageSize is the most that the API gives at once.
const pageSize = 1000

// apiNames are the names of the API, per kind of list.
type apiNames struct {
	path, list                    string // of a work, and of a user's list
	progress, writeProgress       string
	repeating, repeats, againLike string
	watching, planned             string
	fields                        string // of a work
}

var (
	apiAnime = apiNames{
		path: "anime", list: "animelist", progress: "num_episodes_watched", writeProgress: "num_watched_episodes",
		repeating: "is_rewatching", repeats: "num_times_rewatched", againLike: "rewatch_value",
		watching: "watching", planned: "plan_to_watch", fields: "num_episodes,media_type",
	}
	apiManga = apiNames{
		path: "manga", list: "mangalist", progress: "num_chapters_read", writeProgress: "num_chapters_read",
		repeating: "is_rereading", repeats: "num_times_reread", againLike: "reread_value",
		watching: "reading", planned: "plan_to_read", fields: "num_chapters,num_volumes,media_type",
	}
)

func apiOf(k tracker.Kind) apiNames {
	if k == tracker.Manga {
		return apiManga
	}
	return apiAnime
}

// status are the fields of an entry: without naming them the API leaves most out.
func (n apiNames) status() string {
	names := "status,score," + n.progress + "," + n.repeating + "," + n.repeats + "," + n.againLike + ",start_date,finish_date,priority,tags,comments,updated_at"
	if n.list == apiManga.list {
		names += ",num_volumes_read"
	}
	return names
}

// work is a work as the API gives it.
type work struct {
	ID       int64      `json:"id"`
	Title    string     `json:"title"`
	Media    string     `json:"media_type"`
	Episodes int64      `json:"num_episodes"`
	Chapters int64      `json:"num_chapters"`
	Volumes  int64      `json:"num_volumes"`
	Mine     *apiStatus `json:"my_list_status"`
}

// apiStatus is an entry as the API gives it, of either kind.
type apiStatus struct {
	Status      string   `json:"status"`
	Score       int64    `json:"score"`
	Watched     int64    `json:"num_episodes_watched"`
	Chapters    int64    `json:"num_chapters_read"`
	Volumes     int64    `json:"num_volumes_read"`
	Rewatching  bool     `json:"is_rewatching"`
	Rereading   bool     `json:"is_rereading"`
	Rewatched   int64    `json:"num_times_rewatched"`
	Reread      int64    `json:"num_times_reread"`
	WatchAgain  int64    `json:"rewatch_value"`
	ReadAgain   int64    `json:"reread_value"`
	Start       string   `json:"start_date"`
	Finish      string   `json:"finish_date"`
	Priority    int64    `json:"priority"`
	Tags        []string `json:"tags"`
	CommentText string   `json:"comments"`
	Updated     string   `json:"updated_at"`
}

// Page implements tracker.LiveList. The cursor is the address of the page, as the
// page before gave it. Without nsfw ordinary works that somebody marked are missing.
func (s *session) Page(ctx context.Context, kind tracker.Kind, cursor string) (page tracker.LivePage, err error) {
	n := apiOf(kind)
	if cursor == "" {
		cursor = s.live.api + "/users/" + url.PathEscape(s.user) + "/" + n.list + "?" + url.Values{
			"fields": {"list_status{" + n.status() + "}," + n.fields}, "limit": {strconv.Itoa(pageSize)}, "offset": {"0"},
			"nsfw": {"true"}, "sort": {n.path + "_title"},
		}.Encode()
	}
	var got struct {
		Data []struct {
			Node   work      `json:"node"`
			Status apiStatus `json:"list_status"`
		} `json:"data"`
		Paging struct {
			Next string `json:"next"`
		} `json:"paging"`
	}
	err = s.ask(ctx, http.MethodGet, cursor, nil, &got)
	if isAbsent(err) {
		return page, tracker.SignIn(tracker.MyAnimeList, "does not know the user whose lists these are.")
	}
	if err != nil {
		return page, err
	}
	for _, d := range got.Data {
		page.Rows = append(page.Rows, rowOfWork(kind, &d.Node, &d.Status))
	}
	page.Next = got.Paging.Next
	return page, nil
}

// rowOfWork makes of a work and its entry what a list file says of them.
func rowOfWork(kind tracker.Kind, w *work, st *apiStatus) tracker.Row {
	n := namesOf(kind)
	e := tracker.Entry{Native: []tracker.Field{{n.id, strconv.FormatInt(w.ID, 10)}, {n.title, w.Title}}}
	if kind == tracker.Manga {
		e = e.With(n.totalVolumes, strconv.FormatInt(w.Volumes, 10)).With(n.total, strconv.FormatInt(w.Chapters, 10))
	} else {
		e = e.With(n.total, strconv.FormatInt(w.Episodes, 10))
	}
	row := rowOf(n, withStatus(kind, e, st))
	row.Changed, _ = time.Parse(time.RFC3339, st.Updated) // none where the site does not tell
	if strings.HasSuffix(w.Media, "novel") {
		row.Collection = "lightNovels"
	}
	return row
}

// withStatus sets what the API says of an entry in the names and values of list files.
func withStatus(kind tracker.Kind, e tracker.Entry, st *apiStatus) tracker.Entry {
	n := namesOf(kind)
	count := func(name string, v int64) { e = e.With(name, strconv.FormatInt(v, 10)) }
	truth := func(name string, v bool) {
		word := n.no
		if v {
			word = n.yes
		}
		e = e.With(name, word)
	}
	if kind == tracker.Manga {
		count(n.volumes, st.Volumes)
		count(n.progress, st.Chapters)
		truth(n.repeating, st.Rereading)
		count(n.repeats, st.Reread)
		e = e.With("my_reread_value", likings.word(st.ReadAgain)).With("my_priority", priorities.word(st.Priority))
	} else {
		count(n.progress, st.Watched)
		truth(n.repeating, st.Rewatching)
		count(n.repeats, st.Rewatched)
		e = e.With("my_rewatch_value", likings.word(st.WatchAgain)).With("my_priority", strings.ToUpper(priorities.word(st.Priority)))
	}
	count(elScore, st.Score)
	e = e.With(elStart, fileDate(st.Start)).With(elFinish, fileDate(st.Finish)).With(elStatus, fileStatus(n, st.Status))
	return e.With(elNotes, st.CommentText).With("my_tags", strings.Join(st.Tags, ", "))
}

// scaleOf are the words that list files have for numbers of the API.
type scaleOf []string

var (
	likings    = scaleOf{"", "Very Low", "Low", "Medium", "High", "Very High"}
	priorities = scaleOf{"Low", "Medium", "High"}
)

func (s scaleOf) word(n int64) string {
	if n < 0 || n >= int64(len(s)) {
		return ""
	}
	return s[n]
}

// number finds a word, in any case; 0 where there is none such.
func (s scaleOf) number(word string) int64 {
	for i, w := range s {
		if strings.EqualFold(w, strings.TrimSpace(word)) {
			return int64(i)
		}
	}
	return 0
}

// fileDate spells a date as list files do: the API leaves out what is not known.
func fileDate(date string) string {
	const unset = "0000-00-00"
	if len(date) >= len(unset) {
		return date
	}
	return date + unset[len(date):]
}

// fileStatus spells a status as list files do; what is none stays, and the row tells.
func fileStatus(n names, status string) string {
	switch status {
	case "watching", "reading":
		return n.watching
	case "completed":
		return "Completed"
	case "on_hold":
		return "On-Hold"
	case "dropped":
		return "Dropped"
	case "plan_to_watch", "plan_to_read":
		return n.planned
	}
	return status
}

// Find implements tracker.LiveList.
func (s *session) Find(ctx context.Context, key tracker.RecordKey) (row tracker.Row, there bool, err error) {
	n := apiOf(key.Kind)
	address := fmt.Sprintf("%s/%s/%s?%s", s.live.api, n.path, url.PathEscape(key.NativeID), url.Values{"fields": {"id,title," + n.fields + ",my_list_status{" + n.status() + "}"}}.Encode())
	var w work
	err = s.ask(ctx, http.MethodGet, address, nil, &w)
	if isAbsent(err) || err == nil && w.Mine == nil {
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	return rowOfWork(key.Kind, &w, w.Mine), true, nil
}
