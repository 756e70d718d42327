package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// Conn is one HTTP/1.1 connection that sends form after form and does little
// else, so that a load generator takes little of the machine it measures. It is
// for one goroutine.
type Conn struct {
	conn   net.Conn
	reader *bufio.Reader
	head   string // of every request, from the Host header on
	prefix string // of the path
	out    bytes.Buffer
	in     bytes.Buffer
	stop   func() bool
}

// Dial opens a connection that ends with ctx or by Close.
func (c *Client) Dial(ctx context.Context) (*Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &Conn{
		conn: conn, reader: bufio.NewReaderSize(conn, 32<<10), prefix: c.base.Path,
		head: " HTTP/1.1\r\nHost: " + c.base.Host + "\r\nAuthorization: Token " + c.token +
			"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
		stop: context.AfterFunc(ctx, func() { _ = conn.Close() }),
	}, nil
}

// DialWatch opens a connection on which the server writes its events and nothing
// else, and gives it behind the answer's head, whose status was 200. It reads no
// byte further.
func (c *Client) DialWatch(ctx context.Context) (net.Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.Write([]byte("GET " + c.base.Path + eventsPath + " HTTP/1.1\r\nHost: " + c.base.Host + "\r\nAuthorization: Token " + c.token + "\r\n\r\n"))
	var head []byte
	for one := make([]byte, 1); err == nil && !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
		if _, err = conn.Read(one); err == nil {
			head = append(head, one[0])
		}
	}
	if err == nil && !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		first, _, _ := bytes.Cut(head, []byte("\r\n"))
		err = fmt.Errorf("the server answered %q", first)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("watch: %w", err)
	}
	return conn, nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	port := c.base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[c.base.Scheme]
	}
	address := net.JoinHostPort(c.base.Hostname(), port)
	var conn net.Conn
	var err error
	if c.base.Scheme == "https" {
		dialer := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}}
		conn, err = dialer.DialContext(ctx, "tcp", address)
	} else {
		var dialer net.Dialer
		conn, err = dialer.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, fmt.Errorf("the server at %s did not answer: %w", c.base.Redacted(), err)
	}
	return conn, nil
}

// PostForm posts an encoded form and gives the answer's body, which is valid
// until the next call. What is no success is an *Error.
func (c *Conn) PostForm(path, form string) ([]byte, error) {
	c.out.Reset()
	c.out.WriteString("POST " + c.prefix + path + c.head)
	c.out.WriteString(strconv.Itoa(len(form)))
	c.out.WriteString("\r\n\r\n")
	c.out.WriteString(form)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return nil, fmt.Errorf("send a request: %w", err)
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	c.in.Reset()
	if _, err := io.Copy(&c.in, resp.Body); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		resp.Body = io.NopCloser(&c.in)
		return nil, readError(resp)
	}
	return c.in.Bytes(), nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	c.stop()
	return c.conn.Close()
}
