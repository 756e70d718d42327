package anilist

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// writeExport makes the lists of the site's own data export, for tools that
// read it. What it has no member for is left out: the work's title and counts,
// and the ids at other sites.
func writeExport(w io.Writer, list tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	names, err := customNames(entries)
	if err != nil {
		return err
	}
	out := &writer{Writer: bufio.NewWriterSize(w, 32<<10)}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = listfile.Quote(name)
	}
	all := make(map[tracker.Kind]string)
	all[list.Kind] = strings.Join(quoted, ",")
	out.put(fmt.Sprintf(`{"user":{"display_name":%s,"custom_lists":{"anime":[%s],"manga":[%s]}},"lists":[`, listfile.Quote(list.User), all[tracker.Anime], all[tracker.Manga]))
	comma := ""
	for e, err := range entries {
		if err != nil {
			return err
		}
		out.put(comma + "\n" + exportOf(e, names))
		comma = ","
	}
	out.put("\n]}\n")
	return out.Flush()
}

// customNames gives the names of all custom lists, those too that an entry is
// not in: their order says what the flags of the entries mean.
func customNames(entries iter.Seq2[tracker.Entry, error]) ([]string, error) {
	var names []string
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		value, _ := e.Get(elCustom)
		lists, _ := listfile.ParseObject(value)
		for _, m := range lists.Members {
			if !slices.Contains(names, m.Name) && len(names) < maxCustom {
				names = append(names, m.Name)
			}
		}
		for _, name := range customIn(e) {
			if !slices.Contains(names, name) && len(names) < maxCustom {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// exportOf spells one entry as the site's data export does.
func exportOf(e tracker.Entry, names []string) string {
	o := listfile.Writer{}
	get := func(name, unset string) string {
		if value, _ := e.Get(name); value != "" {
			return value
		}
		return unset
	}
	code := map[bool]string{false: "0", true: "1"}
	if id := get("id", ""); id != "" {
		o.Put("id", id)
	}
	o.Put("series_type", code[kindIn(e) == tracker.Manga])
	o.Put("user_id", get("userId", "0"))
	o.Put("series_id", get(elID, "0"))
	o.Put("status", statusCode(get(elStatus, "")))
	o.Put("score", strconv.FormatInt(e.Score, 10))
	o.Put("progress", strconv.FormatInt(e.Progress, 10))
	o.Put("progress_volume", strconv.FormatInt(e.Volumes, 10))
	o.Put("priority", get("priority", "0"))
	o.Put("repeat", strconv.FormatInt(e.Repeats, 10))
	o.Put("private", code[e.Private])
	o.Put("notes", get(elNotes, ""))
	o.Put("custom_lists", listfile.Quote(flags(customIn(e), names)))
	o.Put("advanced_scores", get("advanced_scores", `"[]"`))
	o.Put("hidden_default", code[get(elHidden, "") == "true"])
	o.Put("started_on", strconv.Itoa(dateCode(e.Start)))
	o.Put("finished_on", strconv.Itoa(dateCode(e.Finish)))
	o.Put("created_at", stamp(get("createdAt", "")))
	o.Put("updated_at", stamp(get("updatedAt", "")))
	return o.String()
}

func flags(in, names []string) string {
	set := make([]int, len(names))
	for i, name := range names {
		if slices.Contains(in, name) {
			set[i] = 1
		}
	}
	text, err := json.Marshal(set)
	if err != nil {
		return "[]" // integers always encode
	}
	return string(text)
}

func dateCode(d tracker.Date) int { return d.Year*10000 + d.Month*100 + d.Day }

// stamp spells a moment as the data export does; unset is null.
func stamp(value string) string {
	seconds, err := numberIn(value)
	if err != nil || seconds <= 0 || seconds > 1<<37 {
		return ""
	}
	return listfile.Quote(time.Unix(seconds, 0).UTC().Format(stampForm))
}
