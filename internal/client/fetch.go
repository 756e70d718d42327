package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Result is a stored result that is being fetched. Reading it to its end uses
// it up at the server; the read that reaches the end checks length and checksum.
type Result struct {
	ContentType string
	Filename    string // the last path element only; empty: none
	Size        int64

	body   io.ReadCloser
	want   string // base64 of the SHA-256; empty: not told
	hash   hash.Hash
	length int64
}

// Fetch starts to fetch the result of a task. The caller closes the result.
func (c *Client) Fetch(ctx context.Context, id string) (*Result, error) {
	req, err := c.request(ctx, http.MethodGet, "/fetch/"+url.PathEscape(id)+"/", nil, "")
	if err != nil {
		return nil, err
	}
	resp, err := c.send(req) //nolint:bodyclose // Close closes it
	if err != nil {
		return nil, err
	}
	r := &Result{
		ContentType: resp.Header.Get("Content-Type"), Size: resp.ContentLength,
		body: resp.Body, hash: sha256.New(),
	}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil {
		r.Filename = safeName(params["filename"])
	}
	for part := range strings.SplitSeq(resp.Header.Get("Digest"), ",") {
		if algorithm, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok && strings.EqualFold(algorithm, "sha-256") {
			r.want = value
		}
	}
	return r, nil
}

// Read reads the result's bytes.
func (r *Result) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.hash.Write(p[:n])
	r.length += int64(n)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if r.Size >= 0 && r.length != r.Size {
		return n, io.ErrUnexpectedEOF
	}
	if sum := base64.StdEncoding.EncodeToString(r.hash.Sum(nil)); r.want != "" && sum != r.want {
		return n, fmt.Errorf("the result arrived damaged: its SHA-256 is not the one the server told")
	}
	return n, err
}

// Close ends the download.
func (r *Result) Close() error { return r.body.Close() }

// safeName keeps the last element of a name that a server gave, so that it can
// be used inside a folder; what is no name becomes empty.
func safeName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name == "." || name == ".." || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return name
}

// SafeName gives the header's file name so that it can be used inside a folder;
// empty where there is none.
func (h *Header) SafeName() string { return safeName(h.Filename) }
