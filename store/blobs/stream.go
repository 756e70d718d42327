package blobs

import (
	"context"
	"errors"
	"io"

	"gocloud.dev/blob"
)

// writer writes one blob.
type writer struct {
	key    string
	to     *blob.Writer
	dir    *directory
	ctx    context.Context // io.Writer has no place for it; Commit and Abort end it
	cancel context.CancelFunc
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		return n, unavailable(w.ctx, "The blob store could not be written to.", err)
	}
	return n, nil
}

// Commit implements tasks.BlobWriter. The blob is whole under its key or not
// there; after an error nobody knows the key, and Sweep finds what may be left.
func (w *writer) Commit() (string, error) {
	defer w.cancel()
	err := w.to.Close()
	if err == nil && w.dir != nil {
		err = w.dir.sync(w.key)
	}
	if err != nil {
		return "", unavailable(w.ctx, "The blob store could not keep a blob.", err)
	}
	return w.key, nil
}

// Abort implements tasks.BlobWriter.
func (w *writer) Abort() {
	w.cancel()
	_ = w.to.Close() // it says that it was cancelled
}

// reader reads one blob.
type reader struct {
	ctx  context.Context // io.Reader has no place for it; Close ends it
	from *blob.Reader
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, unavailable(r.ctx, "The blob store cannot be read.", err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reader) Close() error {
	if err := r.from.Close(); err != nil {
		return unavailable(r.ctx, "The blob store cannot be read.", err)
	}
	return nil
}
