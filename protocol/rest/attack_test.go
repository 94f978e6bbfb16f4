package rest_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }

func classical(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }

// Who sits between offers a key exchange that a quantum computer will read.
func TestAttackClassicalServer(t *testing.T) {
	e := newServer(t, hello, classical)
	debug.Defended(t, debug.PostQuantum, func() error {
		c := rest.NewClient([]protocol.Endpoint{e}, nil)
		defer c.Close()
		c.Patience = time.Nanosecond
		return c.JSON(t.Context(), http.MethodGet, "/", nil, nil)
	})
}

func TestAttackClassicalClient(t *testing.T) {
	debug.Defended(t, debug.PostQuantum, func() error {
		e := newServer(t, hello, nil)
		conn, err := tls.Dial("tcp", strings.TrimPrefix(e.URL, "https://"), &tls.Config{
			InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519},
		})
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Who has seen a signed request sends it again.
func TestAttackRepeatedRequest(t *testing.T) {
	alice := newKey(t, "alice")
	var captured *http.Request
	e := newServer(t, func(w http.ResponseWriter, r *http.Request) { captured = r; hello(w, r) }, nil)
	c := rest.NewClient([]protocol.Endpoint{e}, alice)
	defer c.Close()
	if _, err := c.Bytes(t.Context(), http.MethodPost, "/v1/things", []byte("body")); err != nil {
		t.Fatal(err)
	}
	ring, now := protocol.NewKeyring(alice.Public()), time.Now()
	var v rest.Verifier
	if _, err := verify(&v, captured, "body", ring, now); err != nil {
		t.Fatal(err)
	}
	debug.Defended(t, debug.Replay, func() error {
		_, err := verify(&v, captured, "body", ring, now)
		return err
	})
}
