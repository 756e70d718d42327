package modeltest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// wire makes one request on a socket of its own.
type wire struct {
	addr string
	head string
}

// fetch reads the whole answer. A patient client waits until the server, which was
// asked to, closes the connection: then the server is done with the request. Where
// it has to, it closes its own side first.
func (w wire) fetch(ctx context.Context, method string, want []byte, hasty, closing bool) (s seen, err error) {
	head := w.head
	if !hasty {
		head += "Connection: close\r\n"
	}
	tcp, resp, err := w.request(ctx, method, head, 0) //nolint:bodyclose // the connection is closed instead: closing a body reads it to its end
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, tcp.Close()) }()
	s.status = resp.StatusCode
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return s, fmt.Errorf("an answer with status %d broke off: %w", s.status, err)
	}
	switch {
	case s.status >= http.StatusBadRequest:
		var fault struct{ Error string }
		_ = json.Unmarshal(got, &fault) // HEAD has none
		s.code = fault.Error
	case method == http.MethodHead:
	case !bytes.Equal(got, want):
		return s, fmt.Errorf("status %d and %d bytes, which are not the %d that were asked for", s.status, len(got), len(want))
	default:
		s.complete, s.left = true, hasty
	}
	if hasty {
		return s, nil
	}
	if closing {
		err = tcp.CloseWrite()
	}
	_, readErr := io.Copy(io.Discard, tcp)
	return s, errors.Join(err, readErr)
}

// broken reads n bytes of the result and breaks the connection off.
func (w wire) broken(ctx context.Context, payload []byte, n int64) (s seen, err error) {
	tcp, resp, err := w.request(ctx, http.MethodGet, w.head, 4<<10) //nolint:bodyclose // the connection is closed instead: closing a body reads it to its end
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, tcp.Close()) }()
	s.status = resp.StatusCode
	if s.status >= http.StatusBadRequest {
		text, err := io.ReadAll(resp.Body)
		var fault struct{ Error string }
		_ = json.Unmarshal(text, &fault)
		s.code = fault.Error
		return s, err
	}
	got := make([]byte, n)
	if _, err := io.ReadFull(resp.Body, got); err != nil {
		return s, err
	}
	if !bytes.Equal(got, payload[:n]) {
		return s, errors.New("the download began with other bytes")
	}
	s.read, s.left = n, true
	return s, tcp.SetLinger(0)
}

func (w wire) request(ctx context.Context, method, head string, buffer int) (*net.TCPConn, *http.Response, error) {
	d := net.Dialer{Timeout: patience}
	if buffer > 0 {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			var inner error
			err := raw.Control(func(fd uintptr) {
				inner = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, buffer)
			})
			return errors.Join(err, inner)
		}
	}
	dialled, err := d.DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return nil, nil, err
	}
	tcp, _ := dialled.(*net.TCPConn)
	err = tcp.SetDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = tcp.Write([]byte(head + "\r\n"))
	}
	var resp *http.Response
	if err == nil {
		var r *http.Request
		if r, err = http.NewRequestWithContext(ctx, method, "http://"+w.addr, nil); err == nil {
			resp, err = http.ReadResponse(bufio.NewReaderSize(tcp, 512), r)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, tcp.Close())
	}
	return tcp, resp, nil
}
