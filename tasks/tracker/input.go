package tracker

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"asapi/tasks"
)

// What an unpacked file may be. Real lists shrink 17-fold, lists of equal
// entries some 150-fold; a bomb 1,000-fold.
const (
	maxUnpacked  = 1 << 30
	freeUnpacked = 16 << 20
	maxRatio     = 400
)

// readFile opens an uploaded list, unpacks it when it is gzip, drops a byte
// order mark, and hands it to read. Faults of the file are permanent errors.
func readFile(ctx context.Context, f tasks.File, read func(io.Reader) error) error {
	file, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer file.Close()
	packed := &counter{r: file}
	in := bufio.NewReaderSize(packed, 64<<10)
	head, err := in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(head) == 0 {
		return Unreadable("The file is empty.")
	}
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return readPlain(in, read)
	}
	zr, err := gzip.NewReader(in)
	if err != nil {
		return unpackError(err)
	}
	defer zr.Close()
	return readPlain(bufio.NewReaderSize(&unpacker{zr: zr, packed: packed}, 64<<10), read)
}

// inputOf gives the input of a list file whose unpacked content is r.
func inputOf(ctx context.Context, f tasks.File, r io.Reader) Input {
	return Input{r, f.Name, func(read func(io.Reader) error) error { return readFile(ctx, f, read) }}
}

func readPlain(in *bufio.Reader, read func(io.Reader) error) error {
	head, err := in.Peek(3)
	if len(head) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return Unreadable("The file is empty.")
		}
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		if _, err := in.Discard(3); err != nil {
			return err
		}
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return Unreadable("The file is in the encoding UTF-16; save it as UTF-8 and send it again.")
	}
	return read(in)
}

// counter counts what was read; it stops nothing.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// unpacker bounds what a packed file may become.
type unpacker struct {
	zr     *gzip.Reader
	packed *counter
	n      int64
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.zr.Read(p)
	u.n += int64(n)
	if u.n > maxUnpacked || (u.n > freeUnpacked && u.n > maxRatio*u.packed.n) {
		return 0, Unreadable(fmt.Sprintf("The packed file grows beyond measure when it is unpacked (more than %d MB from %d KB); this is no list.",
			u.n>>20, u.packed.n>>10))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, unpackError(err)
	}
	return n, err
}

// unpackError tells a broken archive from a file that could not be read.
func unpackError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return Unreadable("The gzip file is cut off: its end is missing. Download or upload it again.")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		e := Unreadable("The gzip file is damaged and cannot be unpacked. Download or upload it again.")
		e.Err = err
		return e
	}
	return err
}
