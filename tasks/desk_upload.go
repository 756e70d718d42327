package tasks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// upload reads one file; it is durable when it returns.
func (d *Desk) upload(ctx context.Context, field Field) (Input, error) {
	in := Input{Parameter: field.Name, Filename: baseName(field.File.Filename), ContentType: Clip(field.File.ContentType, 100)}
	sum := sha256.New()
	body := io.TeeReader(&limitedReader{r: field.File.Body, left: d.cfg.Limits.UploadBytes, limit: d.cfg.Limits.UploadBytes, field: field.Name}, sum)
	head, err := io.ReadAll(io.LimitReader(body, InlineLimit+1))
	if err != nil {
		return in, uploadError(err)
	}
	in.Size = int64(len(head))
	if len(head) <= InlineLimit {
		in.Inline = head
		sum.Sum(in.SHA256[:0])
		return in, nil
	}
	w, err := d.cfg.Blobs.Create(ctx, "inputs")
	if err != nil {
		return in, err
	}
	if _, err = w.Write(head); err == nil {
		var n int64
		n, err = io.Copy(w, body)
		in.Size += n
	}
	if err != nil {
		w.Abort()
		return in, uploadError(err)
	}
	if in.Blob, err = w.Commit(); err != nil {
		return in, err
	}
	sum.Sum(in.SHA256[:0])
	return in, nil
}

// uploadError tells a body that broke off from our own faults.
func uploadError(err error) error {
	if _, ours := errors.AsType[*Error](err); ours {
		return err
	}
	return &Error{Code: CodeInvalid, Message: "The request's body broke off or is malformed.", Err: err}
}

// limitedReader fails past its limit instead of ending early.
type limitedReader struct {
	r           io.Reader
	left, limit int64
	field       string
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, &Error{Code: CodeTooLarge, Field: l.field, Message: fmt.Sprintf("The file is larger than %d bytes, the most that is taken.", l.limit)}
	}
	return n, err
}

// baseName keeps the last element of a client's file name: it is shown and
// stored, never used as a path.
func baseName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "?")
	if name == "." || name == "/" {
		return ""
	}
	return Clip(name, 200)
}

func inlineInput(parameter, text string) Input {
	return Input{
		Parameter: parameter, ContentType: "text/plain; charset=utf-8", Size: int64(len(text)),
		Inline: []byte(text), SHA256: sha256.Sum256([]byte(text)),
	}
}

// OpenInput makes a File of a stored input.
func OpenInput(blobs Blobs, in Input) File {
	return NewFile(in.Filename, in.ContentType, in.Size, func(ctx context.Context) (io.ReadCloser, error) {
		if in.Blob == "" {
			return io.NopCloser(bytes.NewReader(in.Inline)), nil
		}
		return blobs.Open(ctx, in.Blob, 0, -1)
	})
}
