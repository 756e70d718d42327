package tasks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
)

// ErrPublish marks errors of writing a result, as opposed to errors of the work.
var ErrPublish = errors.New("the result could not be stored")

// ResultWriter takes the bytes of one result: it hashes and counts them, keeps
// up to InlineLimit in memory and streams what is larger to the blob store.
type ResultWriter struct {
	ContentType string
	Filename    string

	blobs Blobs
	blob  BlobWriter
	buf   []byte
	size  int64
	hash  hash.Hash
	err   error
}

// NewResultWriter writes large results to blobs.
func NewResultWriter(blobs Blobs) *ResultWriter {
	return &ResultWriter{blobs: blobs, hash: sha256.New(), ContentType: "application/octet-stream"}
}

// Write implements io.Writer; its errors are ErrPublish and stay.
func (w *ResultWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.hash.Write(p)
	w.size += int64(len(p))
	if w.blob == nil && len(w.buf)+len(p) <= InlineLimit {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	if w.blob == nil {
		// A blob outlives the call that began it, so it does not take a
		// caller's context: Commit or Abort ends it.
		if w.blob, w.err = w.blobs.Create(context.Background(), "results"); w.err == nil {
			_, w.err = w.blob.Write(w.buf)
			w.buf = nil
		}
	}
	if w.err == nil {
		_, w.err = w.blob.Write(p)
	}
	if w.err != nil {
		w.err = fmt.Errorf("%w: %w", ErrPublish, w.err)
		return 0, w.err
	}
	return len(p), nil
}

// Large reports whether the bytes go to the blob store.
func (w *ResultWriter) Large() bool { return w.blob != nil }

// Commit makes the bytes durable and describes them.
func (w *ResultWriter) Commit() (Result, error) {
	r := Result{Success: true, ContentType: w.ContentType, Filename: w.Filename, Size: w.size, Inline: w.buf}
	w.hash.Sum(r.SHA256[:0])
	if w.err != nil {
		w.Abort()
		return r, w.err
	}
	if w.blob == nil {
		return r, nil
	}
	key, err := w.blob.Commit()
	w.blob = nil
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrPublish, err)
	}
	r.Blob = key
	return r, nil
}

// Abort leaves nothing behind; it may follow Commit.
func (w *ResultWriter) Abort() {
	if w.blob != nil {
		w.blob.Abort()
		w.blob = nil
	}
}
