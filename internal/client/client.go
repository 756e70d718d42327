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
	"time"
)

// maxAnswer bounds what is read of an answer that is no stream and no result.
const maxAnswer = 64 << 20

// Client is one token at one server. Its methods may be called from several
// goroutines.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New makes a client of the server at address, such as http://127.0.0.1:8080.
func New(address, token string) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("the server's address must look like http://127.0.0.1:8080, not %q", address)
	}
	if token == "" {
		return nil, errors.New("a token is missing: give --token or set ASAPI_TOKEN")
	}
	if strings.ContainsAny(token, "\r\n\x00 ") {
		return nil, errors.New("the token holds white space: was more than the token copied?")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.MaxIdleConnsPerHost = 64
	transport.DisableCompression = true // counts and checksums are of the bytes sent
	return &Client{base: base, token: token, http: &http.Client{Transport: transport}}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request makes a request to a path below the server's address.
func (c *Client) request(ctx context.Context, method, path string, body io.Reader, contentType string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Authorization", "Token "+c.token)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

// send gives the response; what is no success becomes an *Error. The caller
// closes the body.
func (c *Client) send(req *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(req.Context()); cause != nil {
			return nil, cause
		}
		return nil, fmt.Errorf("the server at %s did not answer: %w", c.base.Redacted(), unwrapURL(err))
	}
	if resp.StatusCode/100 != 2 {
		defer func() { _ = resp.Body.Close() }()
		return nil, readError(resp)
	}
	return resp, nil
}

// unwrapURL drops the method and address that net/http puts before an error.
func unwrapURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// form posts fields and decodes the JSON answer into out.
func (c *Client) form(ctx context.Context, path string, fields url.Values, out any) error {
	req, err := c.request(ctx, http.MethodPost, path, strings.NewReader(fields.Encode()), "application/x-www-form-urlencoded")
	if err != nil {
		return err
	}
	return c.answer(req, out)
}

func (c *Client) answer(req *http.Request, out any) error {
	resp, err := c.send(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("the server's answer to %s is not understood: %w", req.URL.Path, err)
	}
	return nil
}

// Endpoint is one of the addresses that discovery gives.
type Endpoint struct {
	Protocol string `json:"protocol"`
	Host     string `json:"host"`
	URI      string `json:"uri"`
}

// Parameter describes one parameter of an action.
type Parameter struct {
	Name        string `json:"name"`
	Slug        string `json:"slug"`
	Type        string `json:"type"`
	Description string `json:"description"`
	Optional    bool   `json:"optional"`
}

// Action describes what a token may submit.
type Action struct {
	Name        string              `json:"name"`
	Slug        string              `json:"slug"`
	Description string              `json:"description"`
	Parameters  []Parameter         `json:"parameters"`
	Permissions map[string][]string `json:"permissions,omitempty"`
}

// Service is a group of actions.
type Service struct {
	Name    string   `json:"name"`
	Slug    string   `json:"slug"`
	Actions []Action `json:"actions"`
}

// Account is a registered account.
type Account struct {
	Service      string    `json:"service"`
	Username     string    `json:"username"`
	RegisteredAt time.Time `json:"registered_at"`
}

// Discovery is what the token may do, specs section "GET /account/".
type Discovery struct {
	Services []Service  `json:"services"`
	Accounts []Account  `json:"accounts"`
	Protocol string     `json:"retrieval_protocol"`
	Streams  []Endpoint `json:"stream_endpoints"`
	Stores   []Endpoint `json:"store_endpoints,omitempty"`
}

// Discover asks what the token may do.
func (c *Client) Discover(ctx context.Context) (Discovery, error) {
	var d Discovery
	req, err := c.request(ctx, http.MethodGet, "/account/", nil, "")
	if err != nil {
		return d, err
	}
	return d, c.answer(req, &d)
}

// Register registers an account. One that is registered already is no error.
func (c *Client) Register(ctx context.Context, service, username string) error {
	var out struct{}
	err := c.form(ctx, "/register-account/", url.Values{"service": {service}, "username": {username}}, &out)
	var refused *Error
	if errors.As(err, &refused) && refused.Has("unique_together") {
		return nil
	}
	return err
}
