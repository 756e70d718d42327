package mangaupdates

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// maxMembers bounds how many files an archive may have.
const maxMembers = 1000

// readArchive reads the lists of a tar archive. Nothing is unpacked to anywhere:
// names of files only tell which list they are, and others are passed over.
func readArchive(in io.Reader, row func(tracker.Row) error) error {
	archive := tar.NewReader(in)
	found := false
	for n := 0; ; n++ {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF) && !found:
			return tracker.Unreadable("The archive has no MangaUpdates list: none of its files is called read.txt, wish.txt, complete.txt, unfinished.txt or hold.txt.")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return archiveError(err)
		case n >= maxMembers:
			return tracker.Unreadable(fmt.Sprintf("The archive has more than %d files, which no export has; it is refused.", maxMembers))
		}
		list := listOf(header.Name)
		if header.Typeflag != tar.TypeReg || list == "" {
			continue
		}
		found = true
		if header.Size == 0 {
			continue // a list without entries
		}
		if err := readTable(member{archive}, list, row); err != nil {
			return err
		}
	}
}

// member gives the bytes of one file of an archive, with its faults translated.
type member struct{ in io.Reader }

func (m member) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = archiveError(err)
	}
	return n, err
}

// archiveError tells a broken archive from one that could not be read.
func archiveError(err error) error {
	if _, told := errors.AsType[*tasks.Error](err); told {
		return err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return tracker.Unreadable("The archive is cut off: its end is missing. Download or upload it again.")
	case errors.Is(err, tar.ErrHeader), errors.Is(err, tar.ErrFieldTooLong):
		return tracker.Unreadable("The archive is damaged and cannot be read. Download or upload it again.")
	}
	return err
}
