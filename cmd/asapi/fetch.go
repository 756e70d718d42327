package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"asapi/internal/client"
)

type fetchCmd struct {
	remote
	ID  string `arg:"" name:"task-id" help:"Task whose result is fetched."`
	Out string `short:"o" help:"File to write, or a folder, where it gets the server's name; default: the standard output."`
}

// Run fetches the result, which the server deletes after it. It is written to
// the disk before the connection is closed, so that nothing is lost between.
func (f *fetchCmd) Run(ctx context.Context, t *terminal) error {
	c, err := f.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	result, err := c.Fetch(ctx, f.ID)
	if err != nil {
		return err
	}
	defer func() { _ = result.Close() }() // it was read to its end
	if f.Out == "" {
		_, err := io.Copy(t.out, result)
		return err
	}
	path := f.Out
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, fileName(f.ID, result.Filename, result.ContentType))
	}
	if err := saveResult(path, result); err != nil {
		return err
	}
	if t.interactive() {
		return t.printf("%s\n", path)
	}
	return t.json(map[string]any{"task_id": f.ID, "file": path, "size": result.Size, "content_type": result.ContentType})
}

// saveResult writes beside the file first: a broken download leaves nothing.
func saveResult(path string, result *client.Result) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".asapi-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(tmp.Name()))
		}
	}()
	if _, err = io.Copy(tmp, result); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// fileName names a result inside a folder: by its task, so that two results
// never share a name.
func fileName(id, given, contentType string) string {
	if given != "" {
		return id + "-" + given
	}
	switch kind, _, _ := strings.Cut(contentType, ";"); kind {
	case "application/json":
		return id + ".json"
	case "application/xml", "text/xml":
		return id + ".xml"
	case "text/plain":
		return id + ".txt"
	}
	return id + ".bin"
}
