package client

import (
	"context"
	"io"
	"net/http"
)

// JSON makes a request of one of the doors that speak JSON in both directions, and
// decodes the answer into out. A nil body is a GET.
func (c *Client) JSON(ctx context.Context, path string, body io.Reader, out any) error {
	method, contentType := http.MethodGet, ""
	if body != nil {
		method, contentType = http.MethodPost, "application/json"
	}
	req, err := c.request(ctx, method, path, body, contentType)
	if err != nil {
		return err
	}
	return c.answer(req, out)
}
