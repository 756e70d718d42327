package tracker

import (
	"archive/tar"
	"bytes"
	"path"
	"regexp"
	"strings"
)

// listFile and mangaList tell the names of files in an archive: those of lists
// in general, and those that MangaUpdates gives to its lists.
var (
	listFile  = regexp.MustCompile(`(?i)\.(?:txt|tsv|csv|xml|json)$`)
	mangaList = regexp.MustCompile(`(?i)^(?:read|wish|complete|unfinished|hold).*\.(?:txt|tsv)$`)
)

// mangaArchive reports whether the beginning of a file is that of an archive of
// MangaUpdates lists. The first file that may be a list decides: folders, links
// and other files may stand before it, such as those beginning with ._ that are
// made on a Mac.
func mangaArchive(head []byte) bool {
	archive := tar.NewReader(bytes.NewReader(head))
	for {
		h, err := archive.Next()
		if err != nil {
			return false // it is no archive, or the head ends
		}
		name := path.Base(strings.ReplaceAll(h.Name, `\`, "/"))
		if h.Typeflag == tar.TypeReg && !strings.HasPrefix(name, "._") && listFile.MatchString(name) {
			return mangaList.MatchString(name)
		}
	}
}
