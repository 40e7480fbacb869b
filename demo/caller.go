package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// caller calls the REST API of a server for one person.
type caller struct {
	url   string // of the server
	token string // of the person's sign-in; empty: a stranger
}

// refusal is an error that the server has answered with.
type refusal struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Error implements the error interface.
func (r *refusal) Error() string { return r.Code + ": " + r.Detail }

// call sends in, if it is not nil, and decodes the answer into out, if that is not nil.
func (c caller) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		r := &refusal{Code: resp.Status}
		_ = json.Unmarshal(b, r) // else the status has to do
		return fmt.Errorf("%s %s: %w", method, path, r)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
