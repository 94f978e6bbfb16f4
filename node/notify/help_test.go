package notify_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

var update = flag.Bool("update", false, "write the golden files")

var at = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// notice is one of a kind.
func notice(k notify.Kind) notify.Notice {
	n := notify.Notice{Kind: k, At: at, Study: "demo", About: protocol.Hash("test", []byte(k.String()))}
	for i := range k.Numbers() {
		n.Numbers = append(n.Numbers, uint64(7+i))
	}
	return n
}

func item(t testing.TB, n notify.Notice) notify.Item {
	t.Helper()
	body, err := n.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return notify.Item{ID: "0123456789abcdef0123456789abcdef", Form: notify.AsNotice, Body: body}
}

// certificate is one for example.com and 127.0.0.1, with who vouches for it.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, roots
}

// secretFile is a file with a new secret, which it also returns.
func secretFile(t testing.TB) (string, notify.Secret) {
	t.Helper()
	text := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of thirty-two bytes ...")[:32])
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := notify.ReadSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, s
}

// dials is a Relay that reaches a server, whatever its name.
type dials struct {
	address string
	letters []notify.Letter
}

func (d *dials) Dial(ctx context.Context, l notify.Letter) (net.Conn, error) {
	d.letters = append(d.letters, l)
	return new(net.Dialer).DialContext(ctx, "tcp", d.address)
}
