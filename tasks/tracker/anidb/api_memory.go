package anidb

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// chunk is how much of what is remembered stands in one note.
const chunk = 1 << 20

// remember keeps something for the attempts after this one, packed, in as many notes as
// it takes; last the one that says how many.
func (s *session) remember(ctx context.Context, name string, what any) error {
	plain, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("encode what was read from AniDB: %w", err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(plain); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	text, n := base64.StdEncoding.EncodeToString(packed.Bytes()), 0
	for ; len(text) > 0; n++ {
		part := text[:min(chunk, len(text))]
		if err := s.access.Remember(ctx, name+":"+strconv.Itoa(n), part); err != nil {
			return err
		}
		text = text[len(part):]
	}
	return s.access.Remember(ctx, name, strconv.Itoa(n))
}

// recall gives what an attempt before this one, or this one, remembered.
func (s *session) recall(ctx context.Context, name string, to any) (known bool, err error) {
	count, err := s.access.Remembered(ctx, name)
	n, notNumber := strconv.Atoi(count)
	if err != nil || notNumber != nil {
		return false, err
	}
	var text []byte
	for i := range n {
		part, err := s.access.Remembered(ctx, name+":"+strconv.Itoa(i))
		if err != nil {
			return false, err
		}
		text = append(text, part...)
	}
	packed, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return false, fmt.Errorf("decode what was read from AniDB: %w", err)
	}
	in, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return false, fmt.Errorf("decode what was read from AniDB: %w", err)
	}
	plain, err := io.ReadAll(in)
	if err != nil {
		return false, fmt.Errorf("decode what was read from AniDB: %w", err)
	}
	if err := json.Unmarshal(plain, to); err != nil {
		return false, fmt.Errorf("decode what was read from AniDB: %w", err)
	}
	return true, nil
}
