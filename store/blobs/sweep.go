package blobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
)

const (
	dayFormat = "20060102"
	// sweepPage is how many keys Sweep has in memory at a time.
	sweepPage = 2000
)

// Sweep deletes the blobs of a prefix ("inputs" or "results") that were written
// longer than olderThan ago and that exists does not say are needed: crashes leave
// such orphans. olderThan must exceed the time from a blob's Create to the commit
// of the row that names it. It gives how many it deleted.
func (s *Store) Sweep(ctx context.Context, prefix string, olderThan time.Duration, exists func(keys []string) (map[string]bool, error)) (int, error) {
	before := time.Now().Add(-olderThan)
	days, err := s.days(ctx, prefix, before.UTC().Format(dayFormat))
	if err != nil {
		return 0, err
	}
	deleted := 0
	for _, day := range days {
		n, err := s.sweepDay(ctx, day, before, exists)
		deleted += n
		if err != nil {
			return deleted, err
		}
		// Nobody writes into a folder of the day before yesterday.
		if s.dir != nil && filepath.Base(day) < before.UTC().AddDate(0, 0, -1).Format(dayFormat) {
			s.dir.prune(day)
		}
	}
	return deleted, nil
}

// days lists the folders of a prefix up to a day, each with a slash at its end.
func (s *Store) days(ctx context.Context, prefix, last string) ([]string, error) {
	var days []string
	err := s.pages(ctx, &blob.ListOptions{Prefix: prefix + "/", Delimiter: "/"}, func(objects []*blob.ListObject) error {
		for _, o := range objects {
			day := strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix+"/"), "/")
			if o.IsDir && day <= last {
				days = append(days, o.Key)
			}
		}
		return nil
	})
	return days, err
}

func (s *Store) sweepDay(ctx context.Context, day string, before time.Time, exists func([]string) (map[string]bool, error)) (int, error) {
	deleted := 0
	err := s.pages(ctx, &blob.ListOptions{Prefix: day}, func(objects []*blob.ListObject) error {
		var old []string
		for _, o := range objects {
			if !o.IsDir && o.ModTime.Before(before) {
				old = append(old, o.Key)
			}
		}
		if len(old) == 0 {
			return nil
		}
		needed, err := exists(old)
		if err != nil {
			return err
		}
		orphans := old[:0]
		for _, key := range old {
			if !needed[key] {
				orphans = append(orphans, key)
			}
		}
		if err := s.Delete(ctx, orphans...); err != nil {
			return err
		}
		deleted += len(orphans)
		return nil
	})
	return deleted, err
}

// pages calls f with one page of keys after the other.
func (s *Store) pages(ctx context.Context, o *blob.ListOptions, f func([]*blob.ListObject) error) error {
	for token := blob.FirstPageToken; token != nil; {
		objects, next, err := s.bucket.ListPage(ctx, token, sweepPage, o)
		if err != nil {
			return unavailable(ctx, "The blob store cannot be listed.", err)
		}
		if err := f(objects); err != nil {
			return err
		}
		if token = next; len(next) == 0 {
			token = nil
		}
	}
	return nil
}

// prune removes the folder of a day if nothing is in it.
func (d *directory) prune(day string) {
	path := filepath.Join(d.root, filepath.FromSlash(day))
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return // blobs are still in it
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.synced, path)
}
