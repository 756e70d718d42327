package tracker

import (
	"context"
	"io"

	"asapi/tasks"
)

// ReadFile opens a file, unpacks it when it is gzip, drops a byte order mark,
// and hands it to read. What it may unpack to is bounded; faults of the file are
// permanent errors.
func ReadFile(ctx context.Context, f tasks.File, read func(io.Reader) error) error {
	return readFile(ctx, f, read)
}
