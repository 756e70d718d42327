package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxIDs is the greatest number of ids in one request.
const MaxIDs = 10000

// Status is what the server says of one task.
type Status struct {
	TaskID      string    `json:"task_id"` // filled in by this package
	Status      string    `json:"status,omitempty"`
	Success     bool      `json:"success"`
	Error       string    `json:"error,omitempty"`
	ErrorCode   string    `json:"error_code,omitempty"`
	ErrorDetail string    `json:"error_detail,omitempty"`
	Subscribed  string    `json:"subscription_id,omitempty"`
	Protocol    string    `json:"retrieval_protocol,omitempty"`
	Endpoint    string    `json:"retrieval_endpoint,omitempty"`
	Retrieved   bool      `json:"result_retrieved"`
	Expired     bool      `json:"result_expired,omitempty"`
	Progress    int       `json:"progress"`
	Attempts    int       `json:"attempts"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	CompletedAt time.Time `json:"completed_at,omitzero"`
	Items       *Items    `json:"items,omitempty"`
	// Of the answer to a cancellation: it has ended so, or was asked to.
	Cancelled       bool `json:"cancelled,omitempty"`
	CancelRequested bool `json:"cancel_requested,omitempty"`
}

// Items counts the items of a batch task.
type Items struct {
	Total     int64 `json:"total"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
}

// Found reports whether the id is a task of this client.
func (s *Status) Found() bool { return s.Status != "" }

// Ended reports whether the task will never run again.
func (s *Status) Ended() bool {
	switch s.Status {
	case "Publish complete", "Publish failed", "Task did not complete successfully.":
		return true
	}
	return false
}

// Status asks for up to MaxIDs tasks and answers in the order asked. With a wait
// (at most 60 s) it answers as soon as one of them has ended. An id that is no
// task of this client has a Status that is not Found.
func (c *Client) Status(ctx context.Context, ids []string, wait time.Duration) ([]Status, error) {
	fields := url.Values{"task_ids": {strings.Join(ids, ",")}}
	if wait > 0 {
		fields.Set("wait", strconv.FormatFloat(wait.Seconds(), 'f', -1, 64))
	}
	return c.byID(ctx, "/task-status/", fields)
}

// Consumed tells the server that the results of up to MaxIDs tasks have arrived.
func (c *Client) Consumed(ctx context.Context, ids []string) ([]Status, error) {
	return c.byID(ctx, "/results-consumed/", url.Values{"task_ids": {strings.Join(ids, ",")}})
}

// Cancel cancels up to MaxIDs tasks: one that waits never starts, one that runs
// stops at its next step. What has ended stays as it is.
func (c *Client) Cancel(ctx context.Context, ids []string) ([]Status, error) {
	return c.byID(ctx, "/cancel-task/", url.Values{"task_ids": {strings.Join(ids, ",")}})
}

// byID posts fields and reads an answer of the shape {"<id>": {...}, "success": ..}.
// The refusal that none of the ids is known is an answer too.
func (c *Client) byID(ctx context.Context, path string, fields url.Values) ([]Status, error) {
	req, err := c.request(ctx, http.MethodPost, path, strings.NewReader(fields.Encode()), "application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, fmt.Errorf("the server at %s did not answer: %w", c.base.Redacted(), unwrapURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		return decodeByID(io.LimitReader(resp.Body, maxAnswer))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the server's answer broke off: %w", err)
	}
	if resp.StatusCode == http.StatusBadRequest {
		if list, err := decodeByID(bytes.NewReader(body)); err == nil && len(list) > 0 {
			return list, nil
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil, readError(resp)
}

// decodeByID keeps the order of the entries, which a map would lose.
func decodeByID(r io.Reader) ([]Status, error) {
	decoder := json.NewDecoder(r)
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("the server's answer is no JSON object: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	var list []Status
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return list, fmt.Errorf("the server's answer broke off: %w", err)
		}
		name, _ := key.(string) // a key is always a string
		switch name {
		case "success", "error", "errors":
			var ignored json.RawMessage
			err = decoder.Decode(&ignored)
		default:
			one := Status{TaskID: name}
			err = decoder.Decode(&one)
			one.TaskID = name
			list = append(list, one)
		}
		if err != nil {
			return list, fmt.Errorf("the server's answer is not understood: %w", err)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return list, fmt.Errorf("the server's answer broke off: %w", err)
	}
	return list, nil
}
