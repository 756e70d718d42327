package anidb

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
)

var (
	emptyRoot = regexp.MustCompile(prolog + `<export(?:\s[^<>]*)?/>`)
	nextRoot  = regexp.MustCompile(`^\s*(?:<!--(?s:.*?)-->\s*)*<([A-Za-z_][\w.-]*)`)
)

// withoutEmptyRoot leaves out an empty root element that another one follows, and
// names the root that counts.
func withoutEmptyRoot(in io.Reader) (rest io.Reader, root string, err error) {
	file := bufio.NewReaderSize(in, headSize)
	head, err := file.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	empty := emptyRoot.FindIndex(head)
	if empty == nil {
		return file, "export", nil
	}
	next := nextRoot.FindSubmatch(head[empty[1]:])
	if next == nil {
		return file, "export", nil // it ends there: an empty list
	}
	root = string(bytes.Clone(next[1]))
	_, err = file.Discard(empty[1])
	return file, root, err
}
