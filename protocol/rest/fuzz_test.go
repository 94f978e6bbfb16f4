package rest_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// FuzzSignatureHeader feeds what a request says of its signer: nobody is believed
// but alice, and what is refused is refused as a request.
func FuzzSignatureHeader(f *testing.F) {
	alice := newKey(f, "alice")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	signed, err := protocol.Sign(protocol.Request{Method: http.MethodGet, Path: "//example.com/v1/things", Body: protocol.Digest{}, At: now, Nonce: protocol.Hash("n")}, alice)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "%", "AAAA", base64.StdEncoding.EncodeToString(signed.Bytes()), strings.Repeat("A", 20_000)} {
		f.Add(seed)
	}
	ring := protocol.NewKeyring(alice.Public())
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/v1/things", nil)
		r.Header.Set(rest.Header, header)
		var v rest.Verifier
		c, err := v.Open(r, ring, now)
		switch {
		case err == nil && c.Signer() != alice.Public().ID():
			t.Error("somebody else is believed")
		case err != nil && !errors.Is(err, rest.ErrRequest):
			t.Errorf("error of another sort: %v", err)
		}
		if _, err := v.Verify(c, []byte("body")); !errors.Is(err, rest.ErrRequest) {
			t.Errorf("another body is believed: %v", err)
		}
	})
}

// FuzzProblem feeds what a server says went wrong: it is an error that can be
// written to a terminal, whatever was sent.
func FuzzProblem(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", `{"title":"no","status":403,"code":"LOC-AUTH-DENIED","fix":"ask"}`, `{"title":"\u001b[2J\r\n"}`, `{"status":"x"}`, strings.Repeat("x", 70_000),
	} {
		f.Add(seed)
	}
	var body string
	e := newServer(f, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(body))
	}, nil)
	c := rest.NewClient([]protocol.Endpoint{e}, nil)
	f.Cleanup(c.Close)
	c.Patience = time.Nanosecond
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		_, err := c.Bytes(t.Context(), http.MethodGet, "/", nil)
		if err == nil {
			t.Fatal("a refusal is taken for an answer")
		}
		if at := strings.IndexFunc(err.Error(), func(c rune) bool { return !unicode.IsPrint(c) }); at >= 0 {
			t.Errorf("%q is not for a terminal", err)
		}
	})
}
