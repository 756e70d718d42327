package faulttest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"testing"

	"asapi/internal/testserver"
)

// download is one open answer to a fetch.
type download struct {
	t    *testing.T
	resp *http.Response
	tag  string // the ETag
	sum  string // the SHA-256 that the answer names
	hash hash.Hash
	size int64 // bytes read
}

// ask sends one fetch; header holds names and values in turn.
func (c *tenant) ask(url, id string, header ...string) (*http.Response, error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), most)
	c.t.Cleanup(stop)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/fetch/"+id+"/", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Token "+c.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
}

// fetch begins a download. While another one has the result it asks again.
func (c *tenant) fetch(url, id string, header ...string) *download {
	c.t.Helper()
	var d *download
	testserver.Eventually(c.t, patience, func() error {
		resp, err := c.ask(url, id, header...)
		if err != nil {
			return err
		}
		if resp.StatusCode/100 != 2 {
			_ = resp.Body.Close()
			return fmt.Errorf("the fetch answers %s", resp.Status)
		}
		c.t.Cleanup(func() { _ = resp.Body.Close() })
		tag := resp.Header.Get("ETag")
		d = &download{t: c.t, resp: resp, tag: tag, sum: strings.Trim(tag, `"`), hash: sha256.New()}
		return nil
	}, "a download to begin")
	return d
}

// fetchStatus tells how a fetch is answered.
func (c *tenant) fetchStatus(url, id string) int {
	c.t.Helper()
	resp, err := c.ask(url, id)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// read reads n bytes.
func (d *download) read(n int64) {
	d.t.Helper()
	got, err := io.CopyN(d.hash, d.resp.Body, n)
	d.size += got
	if err != nil {
		d.t.Fatal(err)
	}
}

// drain reads what still comes. The error says why no more does, nil: all came.
func (d *download) drain() (int64, error) {
	n, err := io.Copy(d.hash, d.resp.Body)
	d.size += n
	return n, err
}

// finish reads to the end, which must be that of the whole.
func (d *download) finish() {
	d.t.Helper()
	if _, err := d.drain(); err != nil {
		d.t.Fatal(err)
	}
	if got := d.got(); got != d.sum {
		d.t.Errorf("%d bytes have the sum %s, not %s", d.size, got, d.sum)
	}
}

// got is the SHA-256 of what was read.
func (d *download) got() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// resume goes on with another answer where d ended.
func (d *download) resume(c *tenant, url, id string) *download {
	d.t.Helper()
	next := c.fetch(url, id, "Range", fmt.Sprintf("bytes=%d-", d.size), "If-Range", d.tag)
	if next.resp.StatusCode != http.StatusPartialContent {
		d.t.Fatalf("resuming is answered with %s", next.resp.Status)
	}
	next.hash, next.size = d.hash, d.size
	_ = d.resp.Body.Close()
	return next
}
