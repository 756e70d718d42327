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
	case isMini.Match(head):
		return readMini(file, row)
	case isMyStatus.Match(head):
		return readMyStatus(file, row)
	case isJSON.Match(head):
		return readJSON(file, row)
	case isCSV.Match(head):
		return readCSV(file, row)
	case isArchive.Match(head):
		return readArchive(file, row)
	}
	return tracker.NotA(title, head)
}

// prolog is what may stand before the root element.
const prolog = `^(?s:\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<![A-Za-z][^>]*>\s*)*)`

// Templates are told by what they begin with.
var (
	isPlainCS  = regexp.MustCompile(prolog + `<MyList[\s/>]`)
	isPlainNew = regexp.MustCompile(prolog + `<my_anime_list[\s/>]`)
	isMini     = regexp.MustCompile(prolog + `<mylist[\s/>]`)
	isMyStatus = regexp.MustCompile(prolog + `<export[\s/>]`)
	isJSON     = regexp.MustCompile(`^\s*\{`)
	isCSV      = regexp.MustCompile(`^"?AID"?\|`)
	isArchive  = regexp.MustCompile(`^(?s:.{257})ustar`)
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

// noteOf tells that a template says nothing of what was watched.
func noteOf(a *anime) string {
	if len(a.episodes) == 0 && a.watched != "1" && a.seen == "" {
		return "This file does not tell which episodes were watched; the templates xml-plain-cs and csv-adborg (the whole archive) do."
	}
	return ""
}
