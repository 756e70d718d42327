package anilist

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// Read implements tracker.Format. It looks at the file twice and holds one
// entry in memory, and a number for each. An entry that stands in several lists
// is one row.
func (Format) Read(file tracker.Input, row func(tracker.Row) error) error {
	s := newSurvey(file.Name)
	err := file.Again(func(in io.Reader) error { return walk(in, s) })
	if err != nil {
		return err
	}
	return walk(file, &reader{survey: s, row: row, seen: map[uint64]uint64{}, scale: s.scale()})
}

// reader makes rows of what a file holds.
type reader struct {
	*survey
	scale scale
	row   func(tracker.Row) error
	seen  map[uint64]uint64 // hashes of entries, by their key
	count int64
}

func (r *reader) user(json.RawMessage)        {}
func (r *reader) collection(int, int, string) {}
func (r *reader) hint(int, string)            {}
func (r *reader) list(place, string, bool)    {}

func (r *reader) entry(p place, o listfile.Object) error {
	r.count++
	row, content := r.rowOf(p, o)
	if row.Fault == "" {
		key := maphash.String(r.seed, row.Key.String())
		hash := maphash.String(r.seed, content)
		if known, again := r.seen[key]; again && known == hash {
			return nil // the same entry in another list
		}
		r.seen[key] = hash
	}
	return r.row(row)
}

// rowOf makes a row of an entry; content is equal for the same entry in another
// list.
func (r *reader) rowOf(p place, o listfile.Object) (row tracker.Row, content string) {
	row.Key.Provider = tracker.AniList
	var e tracker.Entry
	kind := tracker.Kind("")
	if _, export := o.Get("series_id"); export {
		e, kind = r.exported(&o)
	} else {
		e, kind = r.queried(p, &o)
	}
	row.Key.Kind, row.Key.NativeID, row.Entry = kind, "0", e
	id, _ := e.Get(elID)
	number, err := numberIn(id)
	switch {
	case o.Broken:
		row.Fault = fmt.Sprintf("Entry %d holds what is no text (NUL characters, or another encoding than UTF-8).", r.count)
	case id == "" || err == nil && number == 0:
		row.Fault, row.Foreign = fmt.Sprintf("Entry %d has no mediaId, so it is not known which work it is.", r.count), true
	case err != nil || number < 0:
		row.Fault = fmt.Sprintf("Entry %d has the mediaId %s, which is not a number above 0.", r.count, tasks.Clip(id, 40))
	case kind == "":
		row.Fault = fmt.Sprintf("Nothing tells whether entry %d is an anime or a manga. Name the file after what it holds, such as animelist.json, and send it again.", r.count)
	default:
		row.Key.NativeID = fmt.Sprint(number)
		row.Entry.Facts, row.Fault = factsOf(e)
	}
	if row.Key.Kind == "" {
		row.Key.Kind = tracker.Anime
	}
	if row.Fault != "" {
		row.Fault = withTitle(row.Fault, e)
		return row, ""
	}
	concern(&row)
	return row, contentOf(e)
}

// withTitle adds the title of the work to a fault, where the file has it.
func withTitle(fault string, e tracker.Entry) string {
	fault = strings.ToValidUTF8(strings.ReplaceAll(fault, "\x00", "?"), "?")
	value, _ := e.Get(elTitle)
	if title := titleIn(value); title != "" && !listfile.NoText([]byte(title)) {
		fault += fmt.Sprintf(" Its title is %q.", tasks.Clip(title, 80))
	}
	return fault
}

// concern fills in what the entry says beyond its facts.
func concern(row *tracker.Row) {
	if format, _ := row.Entry.Get(elMediaFormat); format == `"NOVEL"` {
		row.Collection = "lightNovels"
	}
	mal, _ := row.Entry.Get(elMAL)
	if id, err := numberIn(mal); err == nil && id > 0 {
		row.Same = append(row.Same, tracker.RecordKey{Provider: tracker.MyAnimeList, Kind: row.Key.Kind, NativeID: fmt.Sprint(id)})
	}
}

func contentOf(e tracker.Entry) string {
	var out strings.Builder
	for _, f := range e.Native {
		out.WriteString(f[0] + "\x00" + f[1] + "\x00")
	}
	return out.String()
}

// queried takes over an entry of a GraphQL answer.
func (r *reader) queried(p place, o *listfile.Object) (e tracker.Entry, kind tracker.Kind) {
	for _, m := range o.Members {
		switch m.Name {
		case "media":
			media, _ := listfile.ParseObject(m.Value)
			for _, inner := range media.Members {
				e.Native = append(e.Native, tracker.Field{elMedia + inner.Name, inner.Value})
			}
		case elScore, elScoreRaw:
		default:
			e.Native = append(e.Native, tracker.Field{m.Name, m.Value})
		}
	}
	kind = ownKind(o)
	if kind == "" {
		kind = r.kindOf(p.collection)
	}
	id := idOf(o)
	if value, _ := e.Get(elID); value == "" && id != "" {
		e = e.With(elID, id)
	}
	if value, _ := e.Get(elCustom); value == "" {
		if custom := r.customOf(p, id); custom != "" {
			e = e.With(elCustom, custom)
		}
	}
	if kind != "" {
		e = e.With(elType, typeOf(kind))
	}
	return grouped(r.scored(e, o)), kind
}

// scored adds the score out of 100, and the format the file had it in.
func (r *reader) scored(e tracker.Entry, o *listfile.Object) tracker.Entry {
	said, _ := e.Get(elScoreFormat)
	format, ok := scaleNamed(said)
	if !ok {
		format = r.scale
	}
	e = e.With(elScoreFormat, listfile.Quote(format.name))
	if raw, ok := o.Get(elScoreRaw); ok && raw != "" {
		return e.With(elScore, raw)
	}
	value, given := o.Get(elScore)
	if !given {
		return e
	}
	score, err := scoreOf(value)
	raw, fits := format.raw(score)
	if err != nil || !fits {
		return e.With(elScore, value) // factsOf tells what is wrong
	}
	if value == "" {
		return e.With(elScore, "")
	}
	return e.With(elScore, fmt.Sprint(raw))
}

// grouped puts the members of media side by side, where the first stands.
func grouped(e tracker.Entry) tracker.Entry {
	isMedia := func(f tracker.Field) bool { return strings.HasPrefix(f[0], elMedia) }
	at := slices.IndexFunc(e.Native, isMedia)
	if at < 0 {
		return e
	}
	var media, after []tracker.Field
	for _, f := range e.Native[at:] {
		if isMedia(f) {
			media = append(media, f)
		} else {
			after = append(after, f)
		}
	}
	e.Native = slices.Concat(e.Native[:at], media, after)
	return e
}
