package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Activity is a task as watchers see it.
type Activity struct {
	UUID        string            `json:"uuid"`
	Type        string            `json:"type"`
	Title       string            `json:"title"`
	Subtitle    string            `json:"subtitle"`
	Progress    int               `json:"progress"` // -1: unknown
	Cancellable bool              `json:"cancellable"`
	Context     map[string]string `json:"Context"`
	Response    *ActivityResponse `json:"Response,omitempty"` // it has ended
}

// ActivityResponse says how an activity ended.
type ActivityResponse struct {
	Status      string `json:"status"`
	Success     bool   `json:"success"`
	ErrorCode   string `json:"error_code,omitempty"`
	ErrorDetail string `json:"error_detail,omitempty"`
}

// Activities lists what runs, waits and ended in the last minute, at most 1,000;
// total is how many there are.
func (c *Client) Activities(ctx context.Context) (list []Activity, total int64, err error) {
	req, err := c.request(ctx, http.MethodGet, "/activities", nil, "")
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	var out struct {
		MediaContainer struct {
			TotalSize int64 `json:"totalSize"`
			Activity  []Activity
		}
	}
	err = c.answer(req, &out)
	return out.MediaContainer.Activity, out.MediaContainer.TotalSize, err
}

// ActivityEvent is what a watcher is told.
type ActivityEvent struct {
	ID       string   `json:"-"` // to go on from after a connection broke
	Event    string   `json:"event"`
	UUID     string   `json:"uuid"`
	Activity Activity `json:"Activity"`
}

// eventsPath is where events are.
const eventsPath = "/:/eventsource/notifications?filters=activity"

// Watcher receives activity events.
type Watcher struct {
	body  io.Closer
	lines *bufio.Reader
}

// Watch begins to watch, from behind the event with the id after; empty: from now
// on. It stays open until Close or the end of ctx.
func (c *Client) Watch(ctx context.Context, after string) (*Watcher, error) {
	req, err := c.request(ctx, http.MethodGet, eventsPath, nil, "")
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := c.send(req) //nolint:bodyclose // Close closes it
	if err != nil {
		return nil, err
	}
	return &Watcher{resp.Body, bufio.NewReader(resp.Body)}, nil
}

// Next gives the next event of an activity; pings are left out. It gives io.EOF
// where the server ended the connection.
func (w *Watcher) Next() (ActivityEvent, error) {
	var e ActivityEvent
	var name, data string
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimRight(line, "\r\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			e.ID = value
		case "event":
			name = value
		case "data":
			data += value
		}
		if line != "" {
			continue
		}
		if name == "activity" {
			out := struct{ ActivityNotification *ActivityEvent }{&e}
			if err := json.Unmarshal([]byte(data), &out); err != nil {
				return e, fmt.Errorf("the server's event is not understood: %w", err)
			}
			return e, nil
		}
		name, data = "", ""
	}
}

// Close ends the watcher.
func (w *Watcher) Close() error { return w.body.Close() }
