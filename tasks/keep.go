package tasks

import (
	"context"
	"io"
)

// Keep copies an uploaded file, so that it outlives the task; inputs are erased
// at a task's end. The copy is durable when it returns: up to InlineLimit in
// itself, else as a blob, which is swept unless the caller keeps the Input where
// BlobsInUse finds it. The Input has no Parameter.
func (r *Run) Keep(ctx context.Context, f File) (Input, error) {
	in := Input{Filename: f.Name, ContentType: f.ContentType}
	from, err := f.Open(ctx)
	if err != nil {
		return in, err
	}
	defer from.Close()
	head, err := io.ReadAll(io.LimitReader(from, InlineLimit+1))
	if err != nil {
		return in, err
	}
	if in.Size = int64(len(head)); in.Size <= InlineLimit {
		in.Inline = head
		return in, nil
	}
	w, err := r.blobs.Create(ctx, "inputs")
	if err != nil {
		return in, err
	}
	if _, err = w.Write(head); err == nil {
		var more int64
		more, err = io.Copy(w, from)
		in.Size += more
	}
	if err != nil {
		w.Abort()
		return in, err
	}
	in.Blob, err = w.Commit()
	return in, err
}

// Open gives an Input that was kept beyond its task as a file.
func (d *Desk) Open(in Input) File { return OpenInput(d.cfg.Blobs, in) }
