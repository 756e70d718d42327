package anidb

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"asapi/tasks/tracker"
)

// The columns of csv-adborg, as the site spells them.
const (
	listColumns    = "AID|Romaji|Kanji|English|Year|EpsTotal|Eps|EpsSpec|Rating|TmpRating|Vote|TmpVote|Reviews|ReviewsRating|TypeID|TypeName|isAdult"
	episodeColumns = "AID|EID|EPNo|Name|Romaji|Kanji|Length|Aired|Rating|Votes|State|myState"
	fileColumns    = "AID|EID|GID|FID|size|ed2k|md5|sha1|crc|Length|Type|Quality|Resoltuion|vCodec|aCodec|sub|dub|isWatched|State|myState|FileType"
)

// writeCSV writes the archive of the template csv-adborg. The list, whose size
// must be known before it is written, waits in a temporary file.
func writeCSV(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) (err error) {
	index, err := os.CreateTemp("", "asapi-list-*")
	if err != nil {
		return fmt.Errorf("make a temporary file: %w", err)
	}
	defer func() {
		_ = index.Close()
		_ = os.Remove(index.Name())
	}()
	rows := bufio.NewWriter(index)
	line(rows, strings.Split(listColumns, "|")...)
	packed := gzip.NewWriter(w)
	archive := tar.NewWriter(packed)
	for e, err := range entries {
		if err != nil {
			return err
		}
		a := animeOf(e)
		line(rows, a.aid, a.title, a.kanji, a.english, a.year, a.all, a.eps, a.special, "-", "-", "0", "0", "0", "-", "", a.typ, "")
		if err := member(archive, "anime/a"+a.aid+".csv", a.table()); err != nil {
			return err
		}
	}
	if err := rows.Flush(); err != nil {
		return fmt.Errorf("write a temporary file: %w", err)
	}
	size, err := index.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = index.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read a temporary file: %w", err)
	}
	if err := archive.WriteHeader(&tar.Header{Name: "mylist.csv", Mode: 0o644, Size: size, Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	if _, err := io.Copy(archive, index); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return packed.Close()
}

// table gives the table of an anime's episodes and files. Watched episodes that
// have no file get one, since the table says of files what was watched.
func (a *anime) table() []byte {
	var out bytes.Buffer
	episodes := a.listed()
	line(&out, "EPISODES")
	line(&out, strings.Split(episodeColumns, "|")...)
	for i := range episodes {
		e := &episodes[i]
		line(&out, a.aid, e.id(), e.No, e.Name, "", "", e.Length, "", "", "", "", "")
	}
	line(&out, "FILES")
	line(&out, strings.Split(fileColumns, "|")...)
	for i := range episodes {
		e := &episodes[i]
		files := e.Files
		if len(files) == 0 && e.Watched {
			files = []file{{}}
		}
		for j := range files {
			f := &files[j]
			watched := truth(f.Watched || f.Viewed != "" || e.Watched)
			line(&out, a.aid, e.id(), "", f.FID, "", "", "", "", "", "", "", "", "", "", "", "", "", watched, "", f.State, "")
		}
	}
	return out.Bytes()
}

// id names the episode in a table: by its number where the list knows no id.
func (e *episode) id() string { return firstOf(e.EID, "no."+e.No) }

// line writes a row; the writers are such as keep their errors.
func line(w io.Writer, cells ...string) {
	for i := range cells {
		cells[i] = legal(cells[i])
	}
	_, _ = io.WriteString(w, strings.Join(cells, "|")+"\n")
}

func member(archive *tar.Writer, name string, content []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}
