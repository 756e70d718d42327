package tracker

import (
	"context"
	"io"

	"asapi/tasks"
)

// batch gathers rows of a file and hands them over by the hundred, so that
// each transaction is worth its commit and memory stays flat. Rows that an
// earlier attempt recorded are passed over.
type batch[T any] struct {
	size  int
	weigh func(T) int // what a row counts for; nil: 1
	full  int         // the weight so far
	next  int64       // the index of the first row not recorded yet
	index int64       // of the row that comes
	rows  []T
	apply func(first int64, rows []T) error
}

func (b *batch[T]) add(row T) error {
	b.index++
	if b.index <= b.next {
		return nil
	}
	b.rows = append(b.rows, row)
	weight := 1
	if b.weigh != nil {
		weight = b.weigh(row)
	}
	if b.full += weight; b.full < b.size {
		return nil
	}
	return b.flush()
}

func (b *batch[T]) flush() error {
	if len(b.rows) == 0 {
		return nil
	}
	err := b.apply(b.index-int64(len(b.rows)), b.rows)
	clear(b.rows)
	b.rows, b.full = b.rows[:0], 0
	return err
}

// checked reads a file through once, before anything changes, and gives how
// many rows it has; a file that cannot be read to its end changes nothing.
func checked(ctx context.Context, run *tasks.Run, f tasks.File, count func(io.Reader, func() error) error) (int64, error) {
	known := run.Task.Items.Total // 0 unless an earlier attempt read the file through
	run.Expect(known)
	_, before := run.Tally()
	var total int64
	err := readFile(ctx, f, func(r io.Reader) error {
		return count(r, func() error {
			if total++; total%1000 == 0 {
				return run.Progress(ctx, before.Done(), known)
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	run.Expect(total)
	return total, nil
}
