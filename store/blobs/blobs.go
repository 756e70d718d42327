// Package blobs keeps bytes that are too large for a row: in a directory, or in
// an object store such as S3. It implements tasks.Blobs.
//
// A key is <prefix>/<yyyymmdd>/<uuid>: the day, in UTC, keeps directories small
// and lets Sweep look at one day after another.
package blobs

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"asapi/tasks"

	"github.com/google/uuid"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"
)

// deleteAtOnce is how many blobs Delete deletes side by side.
const deleteAtOnce = 8

// Store is a store of blobs. Its methods may be called from several goroutines.
type Store struct {
	bucket *blob.Bucket
	dir    *directory // nil: not a local directory
}

var _ tasks.Blobs = (*Store)(nil)

// Open opens the store that a URL names: file:///directory, which is made if it is
// not there (file://./directory is relative), mem:// for tests, and s3://, gs://
// and azblob:// in programs that import asapi/store/blobs/clouds. What may follow
// in those is gocloud.dev's: s3://bucket?region=eu-west-1&prefix=asapi/.
func Open(ctx context.Context, rawURL string) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme == "" {
		return nil, invalid("BLOB_URL is not a URL such as file:///var/lib/asapi/blobs or s3://bucket.", err)
	}
	switch u.Scheme {
	case "file":
		return openDirectory(u)
	case memblob.Scheme:
		return &Store{bucket: memblob.OpenBucket(nil)}, nil
	}
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, invalid("BLOB_URL begins with "+tasks.Clip(u.Scheme, 20)+"://, which is none of file://, s3://, gs:// and azblob://.", nil)
	}
	bucket, err := blob.OpenBucket(ctx, rawURL)
	if err != nil {
		return nil, invalid("BLOB_URL names a blob store that cannot be opened.", err)
	}
	return &Store{bucket: bucket}, nil
}

func invalid(message string, err error) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: "BLOB_URL", Message: message, Err: err}
}

// Local reports whether the blobs lie in a directory, which other machines do not
// see unless it is a shared one.
func (s *Store) Local() bool { return s.dir != nil }

// Check tells whether the store can be reached and, a directory, be written to.
func (s *Store) Check(ctx context.Context) error {
	if s.dir != nil {
		if err := s.dir.check(); err != nil {
			return unavailable(ctx, "The blob store's directory cannot be written to.", err)
		}
		return nil
	}
	ok, err := s.bucket.IsAccessible(ctx)
	if err == nil && !ok {
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return unavailable(ctx, "The blob store cannot be reached.", err)
	}
	return nil
}

// Close gives back what the store holds; open readers and writers fail.
func (s *Store) Close() error {
	if err := s.bucket.Close(); err != nil {
		return unavailable(context.Background(), "The blob store could not be closed.", err)
	}
	return nil
}

// Create implements tasks.Blobs. The writer is bound to ctx: once that has ended,
// nothing can be committed any more.
func (s *Store) Create(ctx context.Context, prefix string) (tasks.BlobWriter, error) {
	if prefix != "inputs" && prefix != "results" {
		return nil, &tasks.Error{Code: tasks.CodeInternal, Message: "Blobs are inputs or results."}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, unavailable(ctx, "The blob store could not make a key.", err)
	}
	key := prefix + "/" + time.Now().UTC().Format(dayFormat) + "/" + id.String()
	// Only a cancelled context makes gocloud's writer drop what it has.
	inner, cancel := context.WithCancel(ctx)
	to, err := s.bucket.NewWriter(inner, key, nil)
	if err != nil {
		cancel()
		return nil, unavailable(ctx, "The blob store does not take new blobs.", err)
	}
	return &writer{key: key, to: to, dir: s.dir, ctx: inner, cancel: cancel}, nil
}

// Open implements tasks.Blobs; CodeNotFound when there is no such blob, and
// CodeUnavailable when it cannot be told, since the whole store is away. An offset
// behind the end reads nothing.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if s.dir != nil {
		return s.dir.open(ctx, key, offset, length)
	}
	r, err := s.bucket.NewRangeReader(ctx, key, offset, length, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		if away := s.Check(ctx); away != nil {
			return nil, away // no bucket says the same as no blob
		}
		return nil, &tasks.Error{Code: tasks.CodeNotFound, Message: "The blob store does not have these bytes any more.", Err: err}
	}
	if err != nil && s.endsBefore(ctx, key, offset) {
		return io.NopCloser(strings.NewReader("")), nil // S3 refuses such a range
	}
	if err != nil {
		return nil, unavailable(ctx, "The blob store cannot be read.", err)
	}
	return &reader{ctx: ctx, from: r}, nil
}

// endsBefore reports whether a blob has no byte at an offset.
func (s *Store) endsBefore(ctx context.Context, key string, offset int64) bool {
	if offset == 0 {
		return false
	}
	about, err := s.bucket.Attributes(ctx, key)
	return err == nil && offset >= about.Size
}

// Delete implements tasks.Blobs. It tries every key, also when one fails.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	var g errgroup.Group
	g.SetLimit(deleteAtOnce)
	failed := make([]error, len(keys))
	for i, key := range keys {
		g.Go(func() error {
			if err := s.bucket.Delete(ctx, key); gcerrors.Code(err) != gcerrors.NotFound {
				failed[i] = err
			}
			return nil
		})
	}
	_ = g.Wait() // every goroutine keeps its own error
	if err := errors.Join(failed...); err != nil {
		return unavailable(ctx, "The blob store could not delete blobs.", err)
	}
	return nil
}

// unavailable translates an error of the store. A caller that gave up gets the
// cause of that instead.
func unavailable(ctx context.Context, message string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &tasks.Error{Code: tasks.CodeUnavailable, Message: message, Err: err}
}
