package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

type benchFetchCmd struct {
	benchFlags
	Size   int64 `help:"Bytes of the result." default:"1073741824"`
	Rounds int   `help:"How often to fetch; the best round counts." default:"3"`
}

// fetched is what the measurement prints. Rates are in bytes a second.
type fetched struct {
	Bench string  `json:"bench"`
	Size  int64   `json:"size"`
	Fetch float64 `json:"fetch_bytes_per_second"`
	Plain float64 `json:"plain_bytes_per_second"`
	Ratio float64 `json:"ratio"`
}

// Run compares: bytes are counted and thrown away on both sides, from the first
// one to the last.
func (b *benchFetchCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	f := fetched{Bench: "fetch", Size: b.Size}
	ids, err := b.submitMany(ctx, c, b.Rounds, "make-bytes", map[string]string{"size": strconv.FormatInt(b.Size, 10)})
	if err != nil {
		return err
	}
	if _, err := waitEach(ctx, c, ids); err != nil {
		return err
	}
	plain, stop, err := servePlain(ctx, b.Size)
	if err != nil {
		return err
	}
	defer stop()
	for _, id := range ids {
		rate, err := b.rate(ctx, b.URL+"/fetch/"+id+"/")
		if err != nil {
			return err
		}
		f.Fetch = max(f.Fetch, rate)
		if rate, err = b.rate(ctx, plain); err != nil {
			return err
		}
		f.Plain = max(f.Plain, rate)
	}
	f.Ratio = f.Fetch / f.Plain
	if b.JSON {
		return t.json(f)
	}
	return t.printf("fetch: %d bytes, %.0f MB/s; a plain file server %.0f MB/s; ratio %.2f\n", f.Size, f.Fetch/1e6, f.Plain/1e6, f.Ratio)
}

// rate fetches once over a connection of its own.
func (b *benchFetchCmd) rate(ctx context.Context, url string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Token "+b.Token)
	began := time.Now()
	resp, err := (&http.Transport{DisableKeepAlives: true, ReadBufferSize: 256 << 10}).RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, make([]byte, 256<<10))
	if err == nil && (resp.StatusCode != http.StatusOK || n != b.Size) {
		err = fmt.Errorf("the download was answered with %s and %d bytes", resp.Status, n)
	}
	return float64(n) / time.Since(began).Seconds(), err
}

// servePlain serves a file of size bytes on a free port of this machine.
func servePlain(ctx context.Context, size int64) (url string, stop func(), err error) {
	folder, err := os.MkdirTemp("", "asapi-bench-")
	if err != nil {
		return "", nil, err
	}
	path := filepath.Join(folder, "plain")
	clean := func() { _ = os.RemoveAll(folder) } // it is in the system's folder for such
	if err := fill(path, size); err != nil {
		clean()
		return "", nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		clean()
		return "", nil, err
	}
	srv := &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) }),
	}
	ended := make(chan struct{})
	go func() { // ends with Close
		_ = srv.Serve(l)
		close(ended)
	}()
	return "http://" + l.Addr().String(), func() {
		_ = srv.Close()
		<-ended
		clean()
	}, nil
}

// fill writes a file whose bytes are in memory for the reader, like those of a
// result that was just made.
func fill(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for left := size; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = f.Write(block[:min(left, int64(len(block)))])
	}
	return errors.Join(err, f.Close())
}
