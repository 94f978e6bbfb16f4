package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

const (
	maxProblem = 64 << 10
	maxEvent   = 1 << 20
	// electionPause is how long a client waits before it asks again who leads.
	electionPause = 200 * time.Millisecond
)

// ErrUnavailable is returned when no member of the coordinator could be reached, or
// none leads, for as long as the client had patience.
var ErrUnavailable = errors.New("rest: the coordinator is not available")

// Client talks to whichever member leads.
type Client struct {
	endpoints []endpoint
	key       *protocol.SigningKey
	// Patience is how long an election is waited out; zero means 30 seconds.
	Patience time.Duration
}

type endpoint struct {
	url  string
	http *http.Client
}

// NewClient knows a coordinator by the endpoints of a token. The key signs every
// request; nil makes requests unsigned.
func NewClient(endpoints []protocol.Endpoint, key *protocol.SigningKey) *Client {
	c := &Client{key: key}
	for _, e := range endpoints {
		transport := &http.Transport{
			TLSClientConfig: clientTLS(e.Pin), ForceAttemptHTTP2: true, Proxy: http.ProxyFromEnvironment,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute, IdleConnTimeout: time.Minute,
		}
		c.endpoints = append(c.endpoints, endpoint{
			url: strings.TrimSuffix(e.URL, "/"),
			http: &http.Client{
				Transport:     transport,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
		})
	}
	return c
}

// Close gives idle connections back.
func (c *Client) Close() {
	for _, e := range c.endpoints {
		e.http.CloseIdleConnections()
	}
}

// JSON sends in (nil for nothing) and reads the answer into out (nil for nothing).
func (c *Client) JSON(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	answer, err := c.send(ctx, method, path, "application/json", body)
	if err != nil {
		return err
	}
	defer answer.Close()
	raw, err := readBounded(answer, protocol.MaxMessage)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("answer to %s %s: %w", method, path, err)
	}
	return nil
}

// Bytes sends a body as it is and returns the answer, at most protocol.MaxMessage.
func (c *Client) Bytes(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	answer, err := c.send(ctx, method, path, "application/octet-stream", body)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	return readBounded(answer, protocol.MaxMessage)
}

// Stream fetches a path of any length. The caller closes it.
func (c *Client) Stream(ctx context.Context, path string) (io.ReadCloser, error) {
	return c.send(ctx, http.MethodGet, path, "application/octet-stream", nil)
}

// Events calls each with the data of every server-sent event until each returns
// false, the stream ends or ctx does.
func (c *Client) Events(ctx context.Context, path string, each func(data []byte) bool) error {
	answer, err := c.send(ctx, http.MethodGet, path, "text/event-stream", nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	lines := bufio.NewScanner(answer)
	lines.Buffer(make([]byte, 0, 4096), maxEvent)
	for lines.Scan() {
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:")); ok && !each(bytes.TrimSpace(data)) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("events of %s: %w", path, err)
	}
	return nil
}

// send asks every member in turn until the leader answers, and waits out an
// election. Every request is safe to repeat: the API's writes are idempotent.
func (c *Client) send(ctx context.Context, method, path, kind string, body []byte) (io.ReadCloser, error) {
	patience := c.Patience
	if patience == 0 {
		patience = 30 * time.Second
	}
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for {
		for _, e := range c.endpoints {
			answer, err := c.ask(ctx, e, method, path, kind, body)
			if err == nil {
				return answer, nil
			}
			if !tryNext(err) || ctx.Err() != nil {
				return nil, err
			}
			last = err
		}
		pause := time.NewTimer(electionPause)
		select {
		case <-patient.Done():
			pause.Stop()
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, last)
		case <-pause.C:
		}
	}
}

// tryNext tells whether another member may know better.
func tryNext(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code == CodeNotLeader || p.Code == CodeNoLeader || p.Status == http.StatusBadGateway || p.Status == http.StatusServiceUnavailable
	}
	return !errors.Is(err, ErrPin)
}

func (c *Client) ask(ctx context.Context, e endpoint, method, path, kind string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, e.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", path, err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", kind)
	if c.key != nil {
		if err := sign(req, body, c.key, time.Now()); err != nil {
			return nil, err
		}
	}
	res, err := e.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach coordinator: %w", err)
	}
	if res.StatusCode < 300 {
		return res.Body, nil
	}
	defer res.Body.Close()
	p := &Problem{Title: http.StatusText(res.StatusCode), Status: res.StatusCode}
	if raw, err := readBounded(res.Body, maxProblem); err == nil {
		// A body that is no problem document leaves the status to speak.
		_ = json.Unmarshal(raw, p)
	}
	p.Status = res.StatusCode
	return nil, p
}

func readBounded(r io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(raw)) > most {
		return nil, fmt.Errorf("rest: an answer over %d bytes", most)
	}
	return raw, nil
}
