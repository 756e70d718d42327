package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"asapi/internal/client"
	"asapi/tasks"
)

// reader is an open classic stream.
type reader struct {
	w      *world
	conn   net.Conn
	resp   *http.Response
	frames *client.Decoder
}

// open connects with a socket of its own, so that a test decides how it ends.
// The first message, which greets, was read.
func (m *member) open(query string, header ...string) *reader {
	m.w.t.Helper()
	r := m.connect(http.MethodGet, "/stream/?stream="+m.channel.Stream+query, "", header...)
	if r.resp.StatusCode != http.StatusOK {
		m.w.t.Fatalf("the stream answered %s", r.resp.Status)
	}
	if !strings.Contains(query, "format") {
		greeting := r.next()
		if !greeting.System() {
			m.w.t.Fatalf("the first message was %+v", greeting.Header)
		}
	}
	return r
}

// connect makes one request on a connection of its own.
func (m *member) connect(method, target, body string, header ...string) *reader {
	m.w.t.Helper()
	return m.dial(tasks.ASChannel, method, target, body, header...)
}

// fetchSlowly begins a download and reads nothing of it yet.
func (m *member) fetchSlowly(id tasks.ID) *reader {
	m.w.t.Helper()
	r := m.dial(tasks.ASStore, http.MethodGet, "/fetch/"+id.String()+"/", "")
	if r.resp.StatusCode != http.StatusOK {
		m.w.t.Fatalf("the download answered %s", r.resp.Status)
	}
	return r
}

// read fills b.
func (r *reader) read(b []byte) {
	r.w.t.Helper()
	_, err := io.ReadFull(r.resp.Body, b)
	r.w.must(err)
}

func (m *member) dial(p tasks.Protocol, method, target, body string, header ...string) *reader {
	m.w.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(m.w.t.Context(), "tcp", strings.TrimPrefix(m.w.url, "http://"))
	m.w.must(err)
	m.w.must(conn.SetDeadline(time.Now().Add(patience)))
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: test\r\nAuthorization: Token %s\r\nAccept-Encoding: gzip\r\n", method, target, m.secrets[p])
	for i := 0; i+1 < len(header); i += 2 {
		head += header[i] + ": " + header[i+1] + "\r\n"
	}
	if body != "" {
		head += fmt.Sprintf("Content-Type: %s\r\nContent-Length: %d\r\n", formType, len(body))
	}
	_, err = conn.Write([]byte(head + "\r\n" + body))
	m.w.must(err)
	br := bufio.NewReader(conn)
	r, err := http.NewRequestWithContext(context.WithoutCancel(m.w.t.Context()), method, m.w.url+target, nil)
	m.w.must(err)
	resp, err := http.ReadResponse(br, r)
	m.w.must(err)
	m.w.t.Cleanup(func() { // the connection first: closing a body reads it to its end
		_ = conn.Close()
		_ = resp.Body.Close()
	})
	return &reader{w: m.w, conn: conn, resp: resp, frames: client.NewDecoder(resp.Body)}
}

func (r *reader) next() client.Frame {
	r.w.t.Helper()
	f, err := r.frames.Next()
	r.w.must(err)
	f.Payload = append([]byte(nil), f.Payload...)
	return f
}

// tasks reads n messages and gives the ids of their tasks.
func (r *reader) tasks(n int) []string {
	r.w.t.Helper()
	var ids []string
	for range n {
		ids = append(ids, r.next().Header.TaskID)
	}
	return ids
}

// reset breaks the connection off.
func (r *reader) reset() {
	r.w.t.Helper()
	tcp, _ := r.conn.(*net.TCPConn)
	r.w.must(tcp.SetLinger(0))
	r.w.must(r.conn.Close())
}
