package mangadex

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// columns maps the names of columns, as listfile.Plain gives them, to those of
// the JSON form. Columns that are not among them are kept under their own name.
var columns = map[string]string{
	"id": elID, "uuid": elID, "mangaid": elID, "mangadexid": elID,
	"title": elTitle, "name": elTitle, "maintitle": elTitle, "primarytitle": elTitle, "mangatitle": elTitle,
	"status": elStatus, "readingstatus": elStatus, "followstatus": elStatus, "liststatus": elStatus,
	"rating": elRating, "personalrating": elRating, "myrating": elRating, "userrating": elRating, "score": elRating,
	"current": elCurrent, "highestreadchapter": elCurrent, "lastreadchapter": elCurrent, "lastchapterread": elCurrent,
	"currentchapter": elCurrent, "chapter": elCurrent, "progress": elCurrent,
	"volume": elVolume, "highestreadvolume": elVolume, "lastreadvolume": elVolume, "currentvolume": elVolume,
	"chapters": elChapters, "readchapters": elChapters,
	"url": elURL, "mangadexurl": elURL, "link": elURL,
}

// linkColumns maps the names of columns that hold ids at other sites to the
// API's names of links.
var linkColumns = map[string]string{
	"al": "al", "anilist": "al", "anilistid": "al", "mal": "mal", "myanimelist": "mal", "malid": "mal", "myanimelistid": "mal",
	"mu": "mu", "mangaupdates": "mu", "mangaupdatesid": "mu", "ap": "ap", "animeplanet": "ap", "bw": "bw", "bookwalker": "bw",
	"kt": "kt", "kitsu": "kt", "nu": "nu", "novelupdates": "nu", "amz": "amz", "amazon": "amz", "ebj": "ebj", "ebookjapan": "ebj",
	"cdj": "cdj", "cdjapan": "cdj", "raw": "raw", "engtl": "engtl",
}

// table is what the first row says of the cells of the others.
type table struct {
	*listfile.Table
	names []string // of the JSON form; empty: a link, or kept
	links []string // names of links
}

func readTable(in io.Reader, row func(tracker.Row) error) error {
	rows, err := listfile.NewTable(in, Format{}.Title())
	if err != nil {
		return err
	}
	t := &table{Table: rows}
	for _, name := range rows.Columns {
		t.names = append(t.names, columns[listfile.Plain(name)])
		t.links = append(t.links, linkColumns[listfile.Plain(name)])
	}
	if !slices.Contains(t.names, elID) && !slices.Contains(t.names, elTitle) && !slices.Contains(t.names, elURL) {
		return t.NotOurs()
	}
	for {
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := row(t.rowOf(r)); err != nil {
			return err
		}
	}
}

// rowOf makes a row of the cells of one row.
func (t *table) rowOf(r listfile.Row) tracker.Row {
	where := fmt.Sprintf("The row at line %d", r.Line)
	cells := t.fitted(r.Cells)
	if len(cells) < len(t.names) {
		return tracker.Row{
			Key:   tracker.RecordKey{Provider: tracker.MangaDex, Kind: tracker.Manga, NativeID: "0"},
			Fault: fmt.Sprintf("%s has %d cells where the first row names %d; it may be cut off, or a quote in it may not be closed.", where, len(r.Cells), len(t.names)),
		}
	}
	var e tracker.Entry
	var links listfile.Writer
	linked := false
	broken := listfile.NoText([]byte(strings.Join(cells, "")))
	for i, name := range t.names {
		cell := strings.TrimSpace(cells[i])
		switch {
		case t.links[i] != "":
			if cell != "" && cell != "null" {
				links.Put(t.links[i], listfile.Quote(cell))
				linked = true
			}
		case cell == "":
		case name == elChapters:
			e = e.With(elChapters, chaptersIn(cell))
		case name == elRating && numberPattern.MatchString(cell):
			e = e.With(elRating, cell)
		case name != "":
			e = e.With(name, listfile.Quote(cell))
		case t.Columns[i] != "":
			e = e.With(t.Columns[i], listfile.Quote(cell))
		}
	}
	if linked {
		e = e.With(elLinks, links.String())
	}
	return rowOf(e, broken, where)
}

var numberPattern = regexp.MustCompile(`^(?:10|[0-9])$`)

// fitted gives the cells of a row whose title holds commas that were not quoted,
// as one exporter writes them: its first column is the title, and each row ends
// in a comma more than the first.
func (t *table) fitted(cells []string) []string {
	if len(cells) > len(t.names) && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	surplus := len(cells) - len(t.names)
	if surplus <= 0 || t.names[0] != elTitle {
		return cells
	}
	title := strings.Join(cells[:surplus+1], ",")
	return append([]string{title}, cells[surplus+1:]...)
}

// chaptersIn reads a cell such as "1;2;10.5" as an array of texts, in JSON.
func chaptersIn(cell string) string {
	var out []string
	for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(";,| ", r) }) {
		out = append(out, part)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return "[]" // texts always encode
	}
	return string(text)
}

// written are the columns of the table that is written.
var written = []string{elID, elTitle, elStatus, elRating, elCurrent, elVolume, elChapters, "al", "mal", "mu", "ap", "bw", "kt", "nu", "amz", "ebj", "cdj", "raw", "engtl", elURL}

// writeTable writes a table of follows. It has no room for which chapters of
// which translation were read, and for members that are none of its columns.
func writeTable(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(written); err != nil {
		return err
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := out.Write(cellsOf(e)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func cellsOf(e tracker.Entry) []string {
	id, links := idIn(e), linksIn(e)
	cells := make([]string, 0, len(written))
	for _, name := range written {
		cell := ""
		switch name {
		case elID:
			cell = id
		case elTitle:
			cell = titleOf(e)
		case elRating:
			cell = ratingOf(e.Score)
		case elChapters:
			cell = strings.Join(numbersIn(listed(e, elChapters)), ";")
		case elURL:
			if id != "" {
				cell = "https://mangadex.org/title/" + id
			}
		case elCurrent:
			cell = highest(e)
		case elStatus, elVolume:
			cell = plainOf(listed(e, name))
		default:
			raw, _ := links.Get(name)
			cell = plainOf(raw)
		}
		cells = append(cells, cell)
	}
	return cells
}

// highest gives the highest chapter that was read, as far as the entry says.
func highest(e tracker.Entry) string {
	if listed(e, elChapters) == "" {
		return plainOf(listed(e, elCurrent))
	}
	text := string(e.Seen)
	text = text[strings.LastIndexAny(text, ",-")+1:]
	return text
}

// plainOf gives a text as it reads, and anything else as it stands.
func plainOf(value string) string {
	if text, ok := listfile.Text(value); ok {
		return text
	}
	return value
}

// numbersIn gives the distinct numbers of chapters, those too that are none of
// regular ones.
func numbersIn(value string) []string {
	var numbers []string
	seen := map[string]bool{}
	for _, item := range listfile.Items(value) {
		if o, ok := listfile.ParseObject(item); ok {
			item, _ = o.Get("chapter")
		}
		if n := strings.TrimSpace(plainOf(item)); n != "" && !uuidPattern.MatchString(n) && !seen[n] {
			seen[n] = true
			numbers = append(numbers, n)
		}
	}
	return numbers
}
