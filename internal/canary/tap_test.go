package canary_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// What goes over the network is encrypted, so that a plain recorder would see noise. The taps
// stand in the middle with the keys of both sides, which lie in the parties' directories, and
// see what the other side sees.

// tapAPI stands before the HTTP API of the coordinator's member.
func (h *house) tapAPI(home *coordinator.Home, port int) {
	to := &url.URL{Scheme: "https", Host: home.API}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		// The member is on this machine, and this test has made its certificate.
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			r.Body = &tee{ReadCloser: r.Body, done: func(b []byte) {
				h.saw(fmt.Sprintf("answer to %s %s, %d", r.Request.Method, r.Request.URL.Path, r.StatusCode), b)
			}}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		h.t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		head, _ := httputil.DumpRequest(r, false)
		h.saw("request "+r.Method+" "+r.URL.Path, append(head, body...))
		h.left(body)
		h.left([]byte(r.URL.Path))
		h.left([]byte(r.URL.RequestURI()))
		proxy.ServeHTTP(w, r)
	}), TLSConfig: &tls.Config{Certificates: []tls.Certificate{home.Certificate}, MinVersion: tls.VersionTLS13}}
	go func() { _ = server.ServeTLS(l, "", "") }()
	h.t.Cleanup(func() { _ = server.Close() })
}

// tee keeps what is read.
type tee struct {
	io.ReadCloser
	kept bytes.Buffer
	done func([]byte)
	once sync.Once
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.kept.Write(p[:n])
	return n, err
}

func (t *tee) Close() error {
	t.once.Do(func() { t.done(t.kept.Bytes()) })
	return t.ReadCloser.Close()
}

// tapCalls stands between the coordinator's member and the nodes: to these it is the member,
// and to the member it is each of them.
func (h *house) tapCalls(home *coordinator.Home, address string, sites ...string) {
	identities := make(map[string]wire.Identity)
	var peers []wire.PeerID
	for _, site := range sites {
		seed, err := os.ReadFile(h.path(site, "keys", "network"))
		if err != nil {
			h.t.Fatal(err)
		}
		if identities[site], err = wire.NewIdentity([32]byte(seed)); err != nil {
			h.t.Fatal(err)
		}
		peers = append(peers, identities[site].ID())
	}
	front, err := wire.NewHost(wire.Config{Identity: home.Network, Kinds: egress.Kinds(), Allow: wire.NewAllowList(peers...), Listen: []string{address}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.keepUp(front)
	member, err := wire.ParseAddress(home.Card.Addresses[0] + "/p2p/" + home.Card.Peer)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, site := range sites {
		back, err := wire.NewHost(wire.Config{
			Identity: identities[site], Kinds: egress.Kinds(), Allow: wire.NewAllowList(member.Peer), Dial: []wire.Address{member},
		})
		if err != nil {
			h.t.Fatal(err)
		}
		t := &tap{h: h, site: site, node: identities[site].ID(), front: front}
		back.Serve(t, t)
		h.keepUp(back)
	}
	h.front = front
}

// keepUp runs a host until the test ends.
func (h *house) keepUp(host *wire.Host) {
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	done := make(chan struct{})
	go func() {
		_ = host.Run(ctx)
		close(done)
	}()
	h.t.Cleanup(func() {
		stop()
		_ = host.Close()
		<-done
	})
}

// tap passes on what one node is asked and answers.
type tap struct {
	h     *house
	site  string
	node  wire.PeerID
	front *wire.Host
}

// ServeCall passes a call on.
func (t *tap) ServeCall(ctx context.Context, _ wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	name := egress.Kinds()[kind].Name
	t.h.saw("call "+name+" to "+t.site, request)
	answer, err := t.front.Call(ctx, t.node, kind, request)
	if errors.Is(err, wire.ErrNotConnected) {
		return nil, wire.CodeUnavailable
	}
	if err == nil {
		t.h.saw("answer to call "+name+" of "+t.site, answer)
		t.h.left(answer)
	}
	return answer, err
}

// OpenBulk passes hidden words on. How many they are is asked of the disk: who pulls knows it
// from what was signed.
func (t *tap) OpenBulk(ctx context.Context, _ wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	info, err := os.Stat(t.h.path(t.site, "outbox", hex.EncodeToString(id[:])))
	if err != nil {
		return wire.Bulk{}, wire.CodeNotFound
	}
	var words bytes.Buffer
	if _, err := t.front.Pull(ctx, t.node, wire.Item{ID: id, Size: info.Size(), Digest: id}, 0, &words); err != nil {
		return wire.Bulk{}, err
	}
	t.h.saw("hidden words of "+t.site, words.Bytes())
	t.h.left(words.Bytes())
	return wire.Bulk{Size: info.Size(), Digest: id, Body: io.NopCloser(bytes.NewReader(words.Bytes()[offset:]))}, nil
}

// through makes a token lead to the tap.
func through(t *testing.T, text string, kind protocol.TokenKind, address string) string {
	t.Helper()
	token, err := protocol.ParseToken(text, kind)
	if err != nil {
		t.Fatal(err)
	}
	for i := range token.Endpoints {
		token.Endpoints[i].Addresses = []string{address}
	}
	return token.String()
}

// egressLogged requires that everything of which the sites have logged that it leaves was
// seen by a tap: then nothing left unseen.
func (h *house) egressLogged(sites ...string) {
	h.t.Helper()
	calls := make(map[string]int)
	for _, site := range sites {
		raw, err := os.ReadFile(h.path(site, "egress.log"))
		if err != nil {
			h.t.Fatal(err)
		}
		for text := range strings.Lines(string(raw)) {
			var line struct {
				Call   string
				Size   int64
				Digest protocol.Digest
			}
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				h.t.Fatal(err)
			}
			calls[line.Call]++
			if !h.sent[line.Digest] && line.Digest != sha256.Sum256(nil) {
				h.t.Errorf("%s: a %s of %d bytes left unseen: %s", site, line.Call, line.Size, text)
			}
		}
	}
	for _, c := range protocol.Calls() {
		if calls[c.Name] == 0 {
			h.t.Logf("no answer to the call %s left", c.Name)
		}
	}
	if len(calls) < 8 {
		h.t.Errorf("only %v left: this test looks at little", calls)
	}
}
