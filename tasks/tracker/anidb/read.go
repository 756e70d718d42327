package anidb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"asapi/tasks/tracker"
)

// headSize is how much of a file tells which template made it.
const headSize = 4096

// Read implements tracker.Format. Templates that say an anime in one place are
// read anime by anime; of the others all that is kept is held in memory, which is
// bounded.
func (Format) Read(in tracker.Input, row func(tracker.Row) error) error {
	file := bufio.NewReaderSize(in, 64<<10)
	head, err := file.Peek(headSize)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = bytes.Clone(head)
	switch {
	case isPlainCS.Match(head):
		return readPlainCS(file, row)
	case isPlainNew.Match(head):
		return readPlainNew(file, row)
	case isMyStatus.Match(head):
		return readMyStatus(file, row)
	case isNested.Match(head):
		return readNested(file, rowsTo(row))
	case isJSON.Match(head):
		return readJSON(file, rowsTo(row))
	case isCSV.Match(head):
		return readCSV(file, row)
	case isArchive.Match(head):
		return readArchive(file, row)
	case isUnread.Match(head):
		return tracker.Unreadable("This is an AniDB export by a template that is not read here. Make an export at AniDB (My Export) with the template xml-plain-cs and send that.")
	}
	return tracker.NotA(title, head)
}

// rowsTo makes a row of each anime that was read.
func rowsTo(row func(tracker.Row) error) taker {
	return func(a *anime, broken bool) error { return row(unlessBroken(a.row(noteOf(a)), broken)) }
}

// prolog is what may stand before the root element.
const prolog = `^(?s:\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<![A-Za-z][^>]*>\s*)*)`

// Templates are told by what they begin with.
var (
	isPlainCS  = regexp.MustCompile(prolog + `<MyList[\s/>]`)
	isPlainNew = regexp.MustCompile(prolog + `<my_anime_list[\s/>]`)
	isMyStatus = regexp.MustCompile(prolog + `<export[\s/>]`)
	isJSON     = regexp.MustCompile(`^\s*\{`)
	isCSV      = regexp.MustCompile(`^"?AID"?\|`)
	isArchive  = regexp.MustCompile(`^(?s:.{257})ustar`)
	// isUnread tells csv-minimal, csv-files, txt-udp-mylist, and xml-plain, whose root
	// is that of another site's lists.
	isUnread = regexp.MustCompile(`^(?:Name;Year;Eps;Seen;|aid;episode;title;group;|# MYLIST export)|` + prolog + `<myanimelist>\s*(?:<!--(?s:.*?)-->\s*)*<(?:user_info|animes)>`)
)

// Bounds on what is held of a file whose template says an anime in several
// places. Real lists have some thousand anime and ten thousand files.
const (
	maxHeld  = 64 << 20 // bytes
	heldCost = 128      // that each thing costs besides its texts
)

// holder keeps the anime of a file until all of it was read.
type holder struct {
	byID  map[string]*anime
	order []*anime
	held  int
}

func newHolder() *holder { return &holder{byID: map[string]*anime{}} }

// of gives the anime of an id. One that has none stands alone.
func (h *holder) of(aid string) *anime {
	if a, ok := h.byID[aid]; ok && aid != "" {
		return a
	}
	a := &anime{aid: aid}
	h.byID[aid] = a
	h.order = append(h.order, a)
	return a
}

// take adds what another document of the same list says of an anime.
func (h *holder) take(b *anime, broken bool) error {
	if err := h.spend(b.title, b.kanji, b.english); err != nil {
		return err
	}
	a := h.of(b.aid)
	for i, to := range a.plain() {
		*to.value = firstOf(*to.value, *b.plain()[i].value)
	}
	a.count, a.tells = firstOf(a.count, b.count), max(a.tells, b.tells)
	if broken {
		a.broken = errNoText
	}
	for _, e := range b.episodes {
		if err := h.spend(e.Name); err != nil {
			return err
		}
		for i := range e.Files {
			if err := h.spend(e.Files[i].Storage, e.Files[i].Other); err != nil {
				return err
			}
		}
		if err := a.add(e); err != nil {
			return err
		}
	}
	return nil
}

// spend counts what is held.
func (h *holder) spend(texts ...string) error {
	h.held += heldCost
	for _, t := range texts {
		h.held += len(t)
	}
	if h.held > maxHeld {
		return tracker.Unreadable(fmt.Sprintf("The file says more than %d MB of anime and episodes; a list has not so many.", maxHeld>>20))
	}
	return nil
}

// rows gives the rows of all anime, in the order they came.
func (h *holder) rows(row func(tracker.Row) error) error {
	for _, a := range h.order {
		if err := row(a.row(noteOf(a))); err != nil {
			return err
		}
	}
	return nil
}

// What there is to tell of an anime whose file leaves open what was watched.
const (
	noteSilent  = "This file does not tell which episodes were watched; the templates xml-plain-cs and csv-adborg (the whole archive) do."
	noteCounted = "This file tells how many episodes were watched, and not which; the first ones are taken."
)

// noteOf tells that a template leaves open what was watched.
func noteOf(a *anime) string {
	switch {
	case a.watched == "1", a.seen != "":
		return ""
	case a.tells == telling && len(a.episodes) == 0 && firstOf(a.count, "0") != "0":
		return noteCounted
	case a.tells == silent, a.tells == unsure && len(a.episodes) == 0:
		return noteSilent
	}
	return ""
}
