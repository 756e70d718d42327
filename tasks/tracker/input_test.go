package tracker

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"asapi/tasks"
)

func packed(t *testing.T, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func fileOf(raw []byte) tasks.File {
	return tasks.NewFile("list", "", int64(len(raw)), func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(raw)), nil
	})
}

func TestAFileIsUnpackedAndFreedOfItsByteOrderMark(t *testing.T) {
	for name, raw := range map[string][]byte{
		"plain": []byte("hello"), "gzip": packed(t, []byte("hello")), "a mark": []byte("\xef\xbb\xbfhello"), "a mark in gzip": packed(t, []byte("\xef\xbb\xbfhello")),
	} {
		t.Run(name, func(t *testing.T) {
			var got []byte
			err := readFile(t.Context(), fileOf(raw), func(r io.Reader) (err error) {
				got, err = io.ReadAll(r)
				return err
			})
			if err != nil || string(got) != "hello" {
				t.Errorf("read %q, error %v", got, err)
			}
		})
	}
}

func TestAFileThatCannotBeUnpackedEndsInASentence(t *testing.T) {
	good := packed(t, []byte(strings.Repeat("a list of things ", 1000)))
	damaged := bytes.Clone(good)
	damaged[len(damaged)-6] ^= 0xff // in the checksum
	for _, tt := range []struct {
		name, says string
		raw        []byte
	}{
		{"empty", "empty", nil},
		{"packed emptiness", "empty", packed(t, nil)},
		{"cut off", "cut off", good[:len(good)-10]},
		{"a head only", "cut off", good[:5]},
		{"damaged", "damaged", damaged},
		{"no gzip after all", "damaged", []byte("\x1f\x8bnonsense of some length")},
		{"a bomb", "beyond measure", packed(t, make([]byte, 64<<20))},
		{"UTF-16", "UTF-16", []byte("\xff\xfe<\x00m\x00")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := readFile(t.Context(), fileOf(tt.raw), func(r io.Reader) error {
				_, err := io.Copy(io.Discard, r)
				return err
			})
			var fault *tasks.Error
			if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.Contains(fault.Message, tt.says) {
				t.Errorf("error %v, want a sentence that says %q", err, tt.says)
			}
		})
	}
}
