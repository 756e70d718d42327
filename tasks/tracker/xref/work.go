package xref

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// maxParts bounds the parts of one work.
const maxParts = 20_000

// workDoc is one line of a catalogue of our own form.
type workDoc struct {
	Resource string    `json:"resource"`
	Title    string    `json:"title"`
	Regular  int64     `json:"regular"`
	Parts    []partDoc `json:"parts"`
}

type partDoc struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Ordinal int64  `json:"ordinal"`
	Length  int64  `json:"length"`
}

// workOf reads {"resource": "animes/1245678", "title": "..", "regular": 12, "parts":
// [{"id": "9001", "type": "REGULAR", "ordinal": 1, "length": 1440}]}. Without
// regular it is the count of the regular parts.
func workOf(line int64, text []byte) entry {
	e := entry{Row: Row{Line: line}, stands: true}
	var doc workDoc
	if err := json.Unmarshal(text, &doc); err != nil {
		e.wrong("The line is no JSON object with resource, title, regular and parts.")
		return e
	}
	res, ok := tracker.ParseResource(doc.Resource)
	switch {
	case !ok || res.IsPart():
		e.wrong("%q is no name of a work, such as animes/1245678.", tasks.Clip(doc.Resource, 80))
	case doc.Regular < 0 || doc.Regular > maxRegular:
		e.wrong("regular must be a count from 0 to %d.", maxRegular)
	case len(doc.Title) > maxTitle || !utf8.ValidString(doc.Title) || strings.ContainsRune(doc.Title, 0):
		e.wrong("title must be a text of at most %d bytes.", maxTitle)
	case len(doc.Parts) > maxParts:
		e.wrong("A work may have %d parts, not %d.", maxParts, len(doc.Parts))
	}
	e.work = tracker.Work{Resource: doc.Resource, Title: doc.Title, Regular: doc.Regular}
	if k, derived := tracker.KeyOf(doc.Resource); derived {
		e.Keys = []tracker.RecordKey{k}
	}
	regular := int64(0)
	seen := map[string]bool{}
	for _, p := range doc.Parts {
		if e.Fault != "" {
			return e
		}
		part := e.part(res, p)
		if seen[part.Resource] {
			e.wrong("The part %q stands twice.", tasks.Clip(p.ID, 40))
		}
		seen[part.Resource] = true
		if part.Type == tracker.RegularType {
			regular++
		}
		e.work.Parts = append(e.work.Parts, part)
	}
	if doc.Regular == 0 {
		e.work.Regular = regular
	}
	return e
}

func (e *entry) part(work tracker.Resource, p partDoc) tracker.Part {
	kind := tracker.PartsOf(work.Collection)
	types := tracker.PartTypes(kind)
	if p.Type == "" {
		p.Type = tracker.RegularType
	}
	name := work.Work() + "/" + kind + "/" + p.ID
	res, ok := tracker.ParseResource(name)
	switch {
	case kind == "":
		e.wrong("Works of %s have no parts.", work.Collection)
	case !ok || !res.IsPart():
		e.wrong("%q cannot be the id of a part: an id holds letters, digits and -_.~ only.", tasks.Clip(p.ID, 40))
	case !slices.Contains(types, p.Type):
		e.wrong("The part %q has the type %q, which is not one of %s.", tasks.Clip(p.ID, 40), tasks.Clip(p.Type, 40), strings.Join(types, ", "))
	case p.Ordinal < 0 || p.Ordinal > maxRegular || p.Length < 0 || p.Length > maxRegular:
		e.wrong("The part %q must have an ordinal and a length from 0 to %d.", tasks.Clip(p.ID, 40), maxRegular)
	}
	return tracker.Part{Resource: name, Type: p.Type, Ordinal: p.Ordinal, Length: p.Length}
}
