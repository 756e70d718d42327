package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A folder of blobs has a mark of its own. While processes run they keep the mark
// of theirs in Redis, so that one whose folder is another, because it is on
// another machine, is found out before it loses somebody's result.
const (
	folderMark    = ".asapi-folder"
	folderKey     = "asapi:blob-folder"
	folderFor     = 30 * time.Second
	folderRenewed = 10 * time.Second
)

// sharedFolder watches that all processes have the same folder of blobs.
type sharedFolder struct {
	redis redis.UniversalClient
	mark  string
	log   *slog.Logger
}

// markFolder reads the mark of the folder, or makes it. Of several processes that
// make it at once one wins, and all read that one's.
func markFolder(dir string) (string, error) {
	path := filepath.Join(dir, folderMark)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeMark(dir, path); err == nil {
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return "", fmt.Errorf("mark the folder of blobs: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func makeMark(dir, path string) error {
	tmp, err := os.CreateTemp(dir, folderMark+"-*")
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(rand.Text() + "\n")
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		if err = os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	return errors.Join(err, os.Remove(tmp.Name()))
}

// check refuses a folder that is not the others'. While Redis is down nothing can
// be told; then the log says so later.
func (s *sharedFolder) check(ctx context.Context) error {
	same, err := s.renew(ctx)
	if err == nil && !same {
		return configError("BLOB_URL", "names another folder than the other processes have: use an object store (s3://, gs://, azblob://), or a folder that all machines share")
	}
	return nil
}

// renew says whether the folder is the others', and keeps it known.
func (s *sharedFolder) renew(ctx context.Context) (bool, error) {
	if err := s.redis.SetNX(ctx, folderKey, s.mark, folderFor).Err(); err != nil {
		return false, fmt.Errorf("compare the folders of blobs: %w", err)
	}
	known, err := s.redis.Get(ctx, folderKey).Result()
	if err != nil {
		return false, fmt.Errorf("compare the folders of blobs: %w", err)
	}
	if known != s.mark {
		return false, nil
	}
	return true, s.redis.Expire(ctx, folderKey, folderFor).Err()
}

// Run keeps the mark known until ctx ends, and complains where another process
// has another folder after all.
func (s *sharedFolder) Run(ctx context.Context) error {
	ticker := time.NewTicker(folderRenewed)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if same, err := s.renew(ctx); err == nil && !same {
				s.log.ErrorContext(ctx, "BLOB_URL names another folder than other processes have: results will be missing")
			}
		}
	}
}
