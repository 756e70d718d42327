package blobs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"

	"asapi/tasks"
)

// file reads a part of a blob in a directory. Its WriteTo hands the operating
// system's file to the other side, so that a connection can let the kernel copy.
type file struct {
	ctx  context.Context // io.Reader has no place for it; Close ends it
	file *os.File
	part io.LimitedReader // of file
}

var _ io.WriterTo = (*file)(nil)

// open reads a part of a blob. A key that leads out of the directory is not found.
func (d *directory) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	from, err := os.OpenInRoot(d.root, key)
	if errors.Is(err, fs.ErrNotExist) && d.away(key) {
		return nil, unavailable(ctx, "The blob store's directory is not there.", err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &tasks.Error{Code: tasks.CodeNotFound, Message: "The blob store does not have these bytes any more.", Err: err}
	}
	if err == nil && offset > 0 {
		_, err = from.Seek(offset, io.SeekStart)
	}
	if err != nil {
		if from != nil {
			err = errors.Join(err, from.Close())
		}
		return nil, unavailable(ctx, "The blob store cannot be read.", err)
	}
	if length < 0 {
		length = math.MaxInt64
	}
	return &file{ctx: ctx, file: from, part: io.LimitedReader{R: from, N: length}}, nil
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	return n, f.failed(err)
}

// WriteTo implements io.WriterTo. A w with a ReadFrom gets an *io.LimitedReader
// of an *os.File.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, &f.part)
	return n, f.failed(err)
}

// Close implements io.Closer.
func (f *file) Close() error { return f.failed(f.file.Close()) }

// failed translates errors of the file; those of the other side of a copy, and
// the end, pass.
func (f *file) failed(err error) error {
	if _, own := errors.AsType[*fs.PathError](err); own {
		return unavailable(f.ctx, "The blob store cannot be read.", err)
	}
	return err
}
