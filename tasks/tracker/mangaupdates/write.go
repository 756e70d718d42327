package mangaupdates

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"asapi/tasks/tracker"
)

// maxExtra is how many columns are written that are not the site's.
const maxExtra = 50

// writeTable writes all lists as one table, with the columns of the site's files,
// the id, what else the entries have, and the list.
func writeTable(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	names, err := columnsOf(entries)
	if err != nil {
		return err
	}
	return writeLines(w, append(names, elList), entries, func(tracker.Entry) bool { return true })
}

// columnsOf gives the columns of the site's files, and behind them those that
// entries have besides, but for the list.
func columnsOf(entries iter.Seq2[tracker.Entry, error]) ([]string, error) {
	var names []string
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		for _, f := range e.Native {
			if f[0] != elList && !slices.Contains(own, f[0]) && !slices.Contains(names, f[0]) && len(names) < maxExtra {
				names = append(names, f[0])
			}
		}
	}
	return slices.Concat(own, names), nil
}

// writeLines writes a table of the entries that are in it.
func writeLines(w io.Writer, names []string, entries iter.Seq2[tracker.Entry, error], in func(tracker.Entry) bool) error {
	out := bufio.NewWriterSize(w, 32<<10)
	line := func(cells []string) {
		// bufio keeps the first error of any write; Flush tells it.
		_, _ = out.WriteString(strings.Join(cells, "\t") + "\n")
	}
	line(names)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if !in(e) {
			continue
		}
		cells := make([]string, len(names))
		for i, name := range names {
			value, _ := e.Get(name)
			cells[i] = cell.Replace(value)
		}
		line(cells)
	}
	return out.Flush()
}

// cell replaces what would end a cell.
var cell = strings.NewReplacer("\t", " ", "\r\n", " ", "\n", " ", "\r", " ")

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// writeArchive writes a packed tar archive of the lists that have entries, each
// as the site's own file. It ranges over the entries twice for each list, first
// to learn the size, so that none is held in memory.
func writeArchive(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	names, err := columnsOf(entries)
	if err != nil {
		return err
	}
	packed := gzip.NewWriter(w)
	archive := tar.NewWriter(packed)
	for _, l := range lists {
		rows := 0
		in := func(e tracker.Entry) bool {
			said, _ := e.Get(elList)
			found, _ := listNamed(said)
			if found.name == l.name {
				rows++
			}
			return found.name == l.name
		}
		var size counter
		if err := writeLines(&size, names, entries, in); err != nil {
			return err
		}
		if rows == 0 {
			continue
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: l.name + ".txt", Mode: 0o644, Size: size.n, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if err := writeLines(archive, names, entries, in); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return packed.Close()
}
