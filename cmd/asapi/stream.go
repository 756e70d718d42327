package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"asapi/internal/client"
)

type streamCmd struct {
	remote
	Stream  string `arg:"" help:"Stream to receive, as a submission's answer names it."`
	Out     string `short:"o" type:"existingdir" help:"Folder to write each payload to; default: print them."`
	Count   int    `short:"n" help:"Stop at the first pause after so many whole results; 0: never." default:"0"`
	Consume bool   `help:"Tell the server that each result has arrived once it is written; a token with --ack explicit needs it."`
}

// Run receives until the server ends the stream, --count is reached, or Ctrl-C.
func (s *streamCmd) Run(ctx context.Context, t *terminal) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	stream, err := c.Stream(ctx, s.Stream)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }() // what was read is written by then
	return s.receive(ctx, t, c, stream)
}

// receive stops at a heartbeat only, which says that nothing is on its way: what
// had reached this machine would count as received and be lost.
func (s *streamCmd) receive(ctx context.Context, t *terminal, c *client.Client, stream *client.Stream) error {
	for results := 0; ; {
		frame, err := stream.Event()
		if err != nil {
			return streamEnd(ctx, err)
		}
		if frame.Heartbeat {
			if s.Count > 0 && results >= s.Count {
				return nil
			}
			continue
		}
		whole, err := s.take(t, &frame)
		if err == nil && whole {
			results++
			err = s.consume(ctx, c, frame.Header.TaskID)
		}
		if err != nil {
			return err
		}
	}
}

// streamEnd: an interrupted stream and one the server ended in order are no errors.
func streamEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil //nolint:nilerr // this is how a stream ends
	}
	return fmt.Errorf("the stream broke off: %w", err)
}

func (s *streamCmd) consume(ctx context.Context, c *client.Client, id string) error {
	if !s.Consume {
		return nil
	}
	_, err := c.Consumed(ctx, []string{id})
	return err
}

// received describes a message to a script.
type received struct {
	client.Header
	File    string `json:"file,omitempty"`
	Payload string `json:"payload,omitempty"`
}

// take writes or prints a message and reports whether its result is whole.
func (s *streamCmd) take(t *terminal, f *client.Frame) (bool, error) {
	whole := f.Header.Chunk >= f.Header.TotalChunks
	if s.Out != "" {
		path, err := saveChunk(s.Out, f)
		if err != nil || !whole {
			return false, err
		}
		if !t.interactive() {
			return true, t.json(received{Header: f.Header, File: path})
		}
		return true, t.printf("%s %s\n", f.Header.Type, path)
	}
	if !t.interactive() {
		return whole, t.json(received{Header: f.Header, Payload: string(f.Payload)})
	}
	if f.Header.Chunk <= 1 {
		if err := t.printf("--- %s %s %s\n", f.Header.TaskID, f.Header.Type, f.Header.Account); err != nil {
			return false, err
		}
	}
	return whole, t.printf("%s\n", f.Payload)
}

// saveChunk writes a chunk to its place in a part file, which gets its name once
// the last chunk is there. Chunks arrive in order; one that comes again
// overwrites itself.
func saveChunk(folder string, f *client.Frame) (string, error) {
	root, err := os.OpenRoot(folder) // a server's names cannot leave the folder
	if err != nil {
		return "", fmt.Errorf("write to %s: %w", folder, err)
	}
	defer func() { _ = root.Close() }()
	name := fileName(f.Header.TaskID, f.Header.SafeName(), f.Header.ContentType)
	file, err := root.OpenFile(name+".part", os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("write to %s: %w", folder, err)
	}
	offset := int64(max(f.Header.Chunk-1, 0)) * f.Header.ChunkSize
	_, err = file.WriteAt(f.Payload, offset)
	if err == nil && f.Header.Chunk >= f.Header.TotalChunks {
		err = errors.Join(file.Truncate(offset+int64(len(f.Payload))), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err == nil && f.Header.Chunk >= f.Header.TotalChunks {
		err = root.Rename(name+".part", name)
	}
	if err != nil {
		return "", fmt.Errorf("write %s to %s: %w", name, folder, err)
	}
	return folder + string(os.PathSeparator) + name, nil
}
