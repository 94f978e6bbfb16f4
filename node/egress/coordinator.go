package egress

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// Paths of the coordinator's API that a site uses.
const (
	joinPath    = "/v1/join"
	studyPath   = "/v1/studies/"
	endorsePath = "/endorsements"
	panelPath   = "/v1/panels/"
	witnessPath = "/witnesses/"
)

// Coordinator is the coordinator's HTTP API, as far as a site needs it: to join, to
// read a proposed study, to hand in the custodian's signature, to judge tables, and to have
// the site's log cosigned by other sites.
type Coordinator struct {
	door *Door
	rest *rest.Client
	peer string
}

// Coordinator opens no connection yet. The key signs every request.
func (d *Door) Coordinator(endpoints []protocol.Endpoint, key *protocol.SigningKey) *Coordinator {
	c := &Coordinator{door: d, rest: rest.NewClient(endpoints, key)}
	if len(endpoints) > 0 {
		c.peer = endpoints[0].URL
	}
	return c
}

// Close gives connections back.
func (c *Coordinator) Close() { c.rest.Close() }

// Join hands in the site's card, with the proof that it holds the token's secret,
// and returns what the coordinator makes of it. It may be repeated.
func (c *Coordinator) Join(ctx context.Context, request []byte) (rest.Site, error) {
	var s rest.Site
	raw, err := c.post(ctx, "join", joinPath, request)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("join: the coordinator's answer is not JSON: %w", err)
	}
	return s, nil
}

// Study returns a study as proposed or open. Its roster is not verified here.
func (c *Coordinator) Study(ctx context.Context, name string) (rest.Study, error) {
	var s rest.Study
	if err := c.get("study", studyPath+name); err != nil {
		return s, err
	}
	if err := c.rest.JSON(ctx, http.MethodGet, studyPath+url.PathEscape(name), nil, &s); err != nil {
		return s, fmt.Errorf("ask for study %q: %w", name, err)
	}
	return s, nil
}

// Endorse hands in a roster with the custodian's signature.
func (c *Coordinator) Endorse(ctx context.Context, study string, roster []byte) error {
	_, err := c.post(ctx, "endorse", studyPath+url.PathEscape(study)+endorsePath, roster)
	return err
}

// Cosign asks another site of a study, by the id of its node's key, to cosign this site's
// log or to say what it remembers of it. The coordinator passes it on. What comes back is
// not verified here.
func (c *Coordinator) Cosign(ctx context.Context, study string, site protocol.KeyID, ask protocol.Cosign) (protocol.Cosigned, error) {
	raw, err := ask.Bytes()
	if err != nil {
		return protocol.Cosigned{}, err
	}
	answer, err := c.post(ctx, "relay", studyPath+url.PathEscape(study)+witnessPath+site.String(), raw)
	if err != nil {
		return protocol.Cosigned{}, err
	}
	return protocol.ParseCosigned(answer)
}

// Panel opens a panel's bytes, which prove themselves by their digest. The caller
// closes it.
func (c *Coordinator) Panel(ctx context.Context, digest protocol.Digest) (io.ReadCloser, error) {
	if err := c.get("panel", panelPath+digest.String()); err != nil {
		return nil, err
	}
	body, err := c.rest.Stream(ctx, panelPath+digest.String())
	if err != nil {
		return nil, fmt.Errorf("fetch panel %s: %w", digest.Short(), err)
	}
	return body, nil
}

// get writes down a request that has no body: what it says is its path.
func (c *Coordinator) get(call, path string) error {
	return c.door.record(line{Call: call, Peer: c.peer, Size: 0, Digest: sha256.Sum256([]byte(path))})
}

func (c *Coordinator) post(ctx context.Context, call, path string, body []byte) ([]byte, error) {
	if err := c.door.record(line{Call: call, Peer: c.peer, Size: int64(len(body)), Digest: sha256.Sum256(body)}); err != nil {
		return nil, err
	}
	answer, err := c.rest.Bytes(ctx, http.MethodPost, path, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	return answer, nil
}
