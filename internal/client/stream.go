package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Stream is a connection to a stream of messages.
type Stream struct {
	body    io.ReadCloser
	decoder *Decoder
}

// Stream connects to a stream of the token's client and returns once the server
// has said that it is connected. It stays open until Close or the end of ctx.
func (c *Client) Stream(ctx context.Context, stream string) (*Stream, error) {
	address, err := c.streamAddress(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?stream="+url.QueryEscape(stream), nil)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Authorization", "Token "+c.token)
	resp, err := c.send(req)
	if err != nil {
		return nil, err
	}
	s := &Stream{body: resp.Body, decoder: NewDecoder(resp.Body)}
	first, err := s.decoder.Next()
	if err != nil {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the stream ended at once: %w", err)
	}
	if code := systemCode(&first); code != "connected" {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the stream began with %q instead of its greeting", first.Payload)
	}
	return s, nil
}

// streamAddress asks discovery where streams are, which may be another host.
func (c *Client) streamAddress(ctx context.Context) (string, error) {
	d, err := c.Discover(ctx)
	if err != nil {
		return "", err
	}
	if len(d.Streams) == 0 {
		return "", errors.New("this token has no stream: it is of the protocol " + d.Protocol)
	}
	e := d.Streams[0]
	return e.Protocol + "://" + e.Host + e.URI, nil
}

// Next gives the next message that is kept until it is consumed; heartbeats and what
// the server says of the connection are left out. It gives io.EOF where the server
// ended the stream.
func (s *Stream) Next() (Frame, error) {
	for {
		f, err := s.Event()
		if err != nil || !f.Heartbeat {
			return f, err
		}
	}
}

// Event is Next with heartbeats.
func (s *Stream) Event() (Frame, error) {
	for {
		f, err := s.decoder.Event()
		if err != nil || !f.System() || f.Header.TaskID != "" {
			return f, err
		}
		if strings.Contains(string(f.Payload), "error") {
			return f, fmt.Errorf("the server ended the stream: %s", f.Payload)
		}
	}
}

// Raw is Decoder.Raw: it leaves nothing out, not even the server's own messages.
func (s *Stream) Raw() (header, payload []byte, err error) { return s.decoder.Raw() }

// Close ends the connection in order; what has not arrived is delivered again.
func (s *Stream) Close() error { return s.body.Close() }

func systemCode(f *Frame) string {
	var payload struct {
		Code string `json:"code"`
	}
	if !f.System() || json.Unmarshal(f.Payload, &payload) != nil {
		return ""
	}
	return payload.Code
}
