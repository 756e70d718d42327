package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// Submission is a task to be submitted. A field that stands in Files is read
// from a file of that name; "-" is the standard input.
type Submission struct {
	Service, Action, Account string
	Values                   url.Values
	Files                    map[string]string
	IdempotencyKey           string
}

// Submitted answers a submission that is durable.
type Submitted struct {
	TaskID   string `json:"task_id"`
	Protocol string `json:"retrieval_protocol"`
	Stream   string `json:"stream,omitempty"`
	Endpoint string `json:"retrieval_endpoint,omitempty"`
	Success  bool   `json:"success"`
	// Replayed says that an earlier submission with the same key made the task.
	Replayed bool `json:"-"`
}

// Submit submits one task.
func (c *Client) Submit(ctx context.Context, s Submission) (Submitted, error) {
	req, err := c.submission(ctx, s)
	if err != nil {
		return Submitted{}, err
	}
	if s.IdempotencyKey != "" {
		req.Header.Set("Idempotency-Key", s.IdempotencyKey)
	}
	resp, err := c.send(req)
	if err != nil {
		return Submitted{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var done Submitted
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&done); err != nil {
		return done, fmt.Errorf("the server's answer to a submission is not understood: %w", err)
	}
	done.Replayed = resp.Header.Get("Idempotent-Replayed") == "true"
	return done, nil
}

func (c *Client) submission(ctx context.Context, s Submission) (*http.Request, error) {
	fields := url.Values{"service": {s.Service}, "action": {s.Action}, "account": {s.Account}}
	for name, values := range s.Values {
		fields[name] = append(fields[name], values...)
	}
	if len(s.Files) == 0 {
		body := bytes.NewBufferString(fields.Encode())
		return c.request(ctx, http.MethodPost, "/submit-task/", body, "application/x-www-form-urlencoded")
	}
	for _, path := range s.Files {
		if err := readable(path); err != nil {
			return nil, err
		}
	}
	// The files stream: they are never whole in memory.
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	req, err := c.request(ctx, http.MethodPost, "/submit-task/", reader, form.FormDataContentType())
	if err != nil {
		return nil, err
	}
	go func() { // ends with the body, which the transport always closes
		err := writeForm(form, fields, s.Files)
		writer.CloseWithError(errors.Join(err, form.Close()))
	}()
	return req, nil
}

// readable refuses a missing file before a connection is made.
func readable(path string) error {
	if path == "-" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("the file %s cannot be read: %w", path, errors.Unwrap(err))
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder, not a file", path)
	}
	return nil
}

func writeForm(form *multipart.Writer, fields url.Values, files map[string]string) error {
	for name, values := range fields {
		for _, v := range values {
			if err := form.WriteField(name, v); err != nil {
				return err
			}
		}
	}
	for name, path := range files {
		if err := writeFile(form, name, path); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(form *multipart.Writer, name, path string) error {
	source := os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		source = f
	}
	part, err := form.CreateFormFile(name, filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = io.Copy(part, source)
	return err
}

// SubmitMany submits up to 10,000 tasks in one request (POST /submit-tasks/) and
// gives their answers in the same order. One that the server refused has no
// TaskID and its fault in the error of the same index; nil where there is none.
func (c *Client) SubmitMany(ctx context.Context, list []map[string]string) ([]Submitted, []error, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for _, one := range list {
		if err := encoder.Encode(one); err != nil {
			return nil, nil, fmt.Errorf("encode a submission: %w", err)
		}
	}
	req, err := c.request(ctx, http.MethodPost, "/submit-tasks/", &body, "application/x-ndjson")
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.send(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	done := make([]Submitted, 0, len(list))
	faults := make([]error, 0, len(list))
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Submitted
			errorBody
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return done, faults, fmt.Errorf("the server's answer to a submission is not understood: %w", err)
		}
		done = append(done, line.Submitted)
		var fault error
		if line.TaskID == "" {
			fault = &Error{Status: http.StatusBadRequest, Message: string(line.Error), Fields: line.Errors.fields}
		}
		faults = append(faults, fault)
	}
	if err := lines.Err(); err != nil {
		return done, faults, fmt.Errorf("the server's answer broke off: %w", err)
	}
	if len(done) != len(list) {
		return done, faults, fmt.Errorf("the server answered %d of %d submissions", len(done), len(list))
	}
	return done, faults, nil
}
