package rest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	key, err := protocol.NewSigningKey(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newServer is a coordinator member's TLS listener with its endpoint.
func newServer(t testing.TB, h http.HandlerFunc, change func(*tls.Config)) protocol.Endpoint {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	pin, err := rest.Pin(cert)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = nil
	s.TLS = rest.ServerTLS(cert)
	if change != nil {
		change(s.TLS)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return protocol.Endpoint{Name: "c1", URL: s.URL, Pin: pin}
}

func TestOnlyThePinnedServerIsSpokenTo(t *testing.T) {
	hello := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }
	for _, tt := range []struct {
		name   string
		change func(*tls.Config)
		spoil  bool
		ok     bool
	}{
		{"the pinned key is believed", nil, false, true},
		{"another key is not", nil, true, false},
		{"a classical key exchange is not", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }, false, false},
		{"TLS 1.2 is not", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newServer(t, hello, tt.change)
			if tt.spoil {
				e.Pin[0] ^= 1
			}
			c := rest.NewClient([]protocol.Endpoint{e}, nil)
			defer c.Close()
			c.Patience = time.Nanosecond
			if err := c.JSON(t.Context(), http.MethodGet, "/", nil, nil); (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRequestSignatures(t *testing.T) {
	alice, mallory := newKey(t, "alice"), newKey(t, "mallory")
	ring := protocol.NewKeyring(alice.Public())
	var captured *http.Request
	e := newServer(t, func(w http.ResponseWriter, r *http.Request) { captured = r; fmt.Fprint(w, `{}`) }, nil)
	capture := func(t *testing.T, key *protocol.SigningKey) *http.Request {
		c := rest.NewClient([]protocol.Endpoint{e}, key)
		defer c.Close()
		if _, err := c.Bytes(t.Context(), http.MethodPost, "/v1/things?x=1", []byte("body")); err != nil {
			t.Fatal(err)
		}
		return captured
	}
	now := time.Now()
	for _, tt := range []struct {
		name string
		key  *protocol.SigningKey
		body string
		at   time.Time
		edit func(*http.Request)
		ok   bool
	}{
		{"a signed request is believed", alice, "body", now, func(*http.Request) {}, true},
		{"an unsigned one is not", nil, "body", now, func(*http.Request) {}, false},
		{"nor one by somebody else", mallory, "body", now, func(*http.Request) {}, false},
		{"nor one with another body", alice, "other", now, func(*http.Request) {}, false},
		{"nor one for another path", alice, "body", now, func(r *http.Request) { r.URL.Path = "/v1/others" }, false},
		{"nor one with another query", alice, "body", now, func(r *http.Request) { r.URL.RawQuery = "x=2" }, false},
		{"nor one to another coordinator", alice, "body", now, func(r *http.Request) { r.Host = "other.example:443" }, false},
		{"nor one by another method", alice, "body", now, func(r *http.Request) { r.Method = http.MethodDelete }, false},
		{"nor an old one", alice, "body", now.Add(3 * time.Minute), func(*http.Request) {}, false},
		{"nor one from the future", alice, "body", now.Add(-3 * time.Minute), func(*http.Request) {}, false},
		{"nor one whose header is no base64", alice, "body", now, func(r *http.Request) { r.Header.Set(rest.Header, "%") }, false},
		{"nor one whose header is endless", alice, "body", now, func(r *http.Request) { r.Header.Set(rest.Header, strings.Repeat("A", 1<<20)) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := capture(t, tt.key)
			tt.edit(r)
			var v rest.Verifier
			who, err := verify(&v, r, tt.body, ring, tt.at)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if tt.ok && who != alice.Public().ID() {
				t.Errorf("signed by %s", who.Short())
			}
		})
	}
	t.Run("nor the same one twice", func(t *testing.T) {
		r := capture(t, alice)
		var v rest.Verifier
		if _, err := verify(&v, r, "body", ring, now); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(&v, r, "body", ring, now); !errors.Is(err, rest.ErrRequest) {
			t.Errorf("got %v, want %v", err, rest.ErrRequest)
		}
	})
}

// verify is what a server does: the claim first, then the body.
func verify(v *rest.Verifier, r *http.Request, body string, ring protocol.Keyring, now time.Time) (protocol.KeyID, error) {
	c, err := v.Open(r, ring, now)
	if err != nil {
		return protocol.KeyID{}, err
	}
	return v.Verify(c, []byte(body))
}

func TestTheLeaderIsFound(t *testing.T) {
	var calls atomic.Int32
	follower := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusMisdirectedRequest)
		_ = json.NewEncoder(w).Encode(rest.Problem{Title: "not the leader", Status: http.StatusMisdirectedRequest, Code: rest.CodeNotLeader})
	}, nil)
	electing := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Load() < 2 { // there is no leader the first time round
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(rest.Problem{Title: "no leader", Status: http.StatusServiceUnavailable, Code: rest.CodeNoLeader})
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Write(bytes.ToUpper(body))
	}, nil)
	c := rest.NewClient([]protocol.Endpoint{follower, electing}, nil)
	defer c.Close()
	got, err := c.Bytes(t.Context(), http.MethodPost, "/", []byte("hello"))
	if err != nil || string(got) != "HELLO" {
		t.Errorf("got %q, %v", got, err)
	}
	t.Run("and when there is none, patience ends", func(t *testing.T) {
		c := rest.NewClient([]protocol.Endpoint{follower}, nil)
		defer c.Close()
		c.Patience = time.Millisecond
		if _, err := c.Bytes(t.Context(), http.MethodGet, "/", nil); !errors.Is(err, rest.ErrUnavailable) {
			t.Errorf("got %v, want %v", err, rest.ErrUnavailable)
		}
	})
	t.Run("a refusal is final, with its code", func(t *testing.T) {
		refuses := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(rest.Problem{Title: "no", Status: http.StatusForbidden, Code: rest.CodeDenied, Fix: "ask"})
		}, nil)
		c := rest.NewClient([]protocol.Endpoint{refuses, electing}, nil)
		defer c.Close()
		_, err := c.Bytes(t.Context(), http.MethodGet, "/", nil)
		var p *rest.Problem
		if !errors.As(err, &p) || p.Code != rest.CodeDenied || !strings.Contains(err.Error(), "ask") {
			t.Errorf("got %v", err)
		}
	})
}

func TestEvents(t *testing.T) {
	e := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, ": hello\n\nid: 1\ndata: {\"a\":1}\n\nid: 2\ndata: {\"a\":2}\n\ndata: {\"a\":3}\n\n")
	}, nil)
	c := rest.NewClient([]protocol.Endpoint{e}, nil)
	defer c.Close()
	var got []string
	err := c.Events(context.WithoutCancel(t.Context()), "/", func(data []byte) bool {
		got = append(got, string(data))
		return len(got) < 2
	})
	if err != nil || strings.Join(got, " ") != `{"a":1} {"a":2}` {
		t.Errorf("got %q, %v", got, err)
	}
}
