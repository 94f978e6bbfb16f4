package coordinator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

var (
	// ErrExists is returned when a member's directory would be overwritten.
	ErrExists = errors.New("coordinator: there is a member here already; it is not overwritten")
	// ErrNoHome is returned when a directory holds no member.
	ErrNoHome = errors.New("coordinator: no member here; make one with `locus-coordinator init`")
)

const (
	keyFile     = "keys.json"
	listenFile  = "listen.json"
	certFile    = "tls.pem"
	memberFile  = "member.json"
	membersDir  = "members"
	maxHomeFile = 1 << 20
	// certLife is long because the pin, not the date, is what is trusted.
	certLife = 20 * 365 * 24 * time.Hour
)

// MemberCard is what a member shows to the others, to sites and to researchers. It
// is public.
type MemberCard struct {
	protocol.Endpoint
	// Key signs tasks and cuts, Operator what its operator asks for.
	Key      []byte `json:"key"`
	Operator []byte `json:"operator"`
}

// Home is one member's directory: its secrets, and the cards of all members.
type Home struct {
	Dir string
	// Signing signs tasks and cuts; Operator signs the operator's requests.
	Signing, Operator *protocol.SigningKey
	Network           wire.Identity
	Certificate       tls.Certificate
	Card              MemberCard
	// Members are all members by name, this one included.
	Members []MemberCard
	// API is host:port where this member serves its HTTP API.
	API string
}

// listen is where a member listens when its card shows another address.
type listen struct {
	API string `json:"api"`
}

// secrets are the seeds of a member, in a file that only its owner reads.
type secrets struct {
	Signing  []byte `json:"signing"`
	Operator []byte `json:"operator"`
	Network  []byte `json:"network"`
}

// InitConfig is what a new member is told.
type InitConfig struct {
	// Name is short and differs from the other members'.
	Name string
	// Listen are the multiaddresses where nodes and members connect.
	Listen []string
	// API is host:port of the HTTP API; Advertise is its URL when that differs.
	API, Advertise string
}

// Init makes a member. It refuses a directory that has one.
func Init(dir string, c InitConfig) (*Home, error) {
	host, _, err := net.SplitHostPort(c.API)
	if err != nil || c.Name == "" || strings.ContainsAny(c.Name, "/\\ ") || len(c.Listen) == 0 {
		return nil, errors.New("coordinator: a member needs a name without spaces, an address to listen on such as /ip4/127.0.0.1/tcp/7101, and host:port for its API")
	}
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, membersDir), 0o700); err != nil {
		return nil, fmt.Errorf("make member: %w", err)
	}
	var s secrets
	for _, seed := range []*[]byte{&s.Signing, &s.Operator, &s.Network} {
		*seed = make([]byte, 32)
		if _, err := rand.Read(*seed); err != nil {
			return nil, fmt.Errorf("make keys: %w", err)
		}
	}
	cert, err := makeCertificate(c.Name, host)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, certFile), cert, 0o600); err != nil {
		return nil, fmt.Errorf("make member: %w", err)
	}
	h := &Home{Dir: dir}
	if err := h.unlock(s); err != nil {
		return nil, err
	}
	url := c.Advertise
	if url == "" {
		url = "https://" + c.API
	}
	pin, err := rest.Pin(h.Certificate)
	if err != nil {
		return nil, err
	}
	h.Card = MemberCard{
		Endpoint: protocol.Endpoint{Name: c.Name, URL: url, Pin: pin, Peer: string(h.Network.ID()), Addresses: c.Listen},
		Key:      h.Signing.Public().Bytes(), Operator: h.Operator.Public().Bytes(),
	}
	// The keys are last: a directory without them is no member, and is made again.
	for _, f := range []struct {
		path string
		v    any
	}{{memberFile, h.Card}, {filepath.Join(membersDir, c.Name+".json"), h.Card}, {listenFile, listen{API: c.API}}, {keyFile, s}} {
		if err := saveJSON(filepath.Join(dir, f.path), f.v); err != nil {
			return nil, err
		}
	}
	return LoadHome(dir)
}

// LoadHome opens a member's directory.
func LoadHome(dir string) (*Home, error) {
	h := &Home{Dir: dir}
	var s secrets
	if err := loadJSON(filepath.Join(dir, keyFile), &s); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w (looked in %s)", ErrNoHome, dir)
		}
		return nil, err
	}
	if err := h.unlock(s); err != nil {
		return nil, err
	}
	if err := loadJSON(filepath.Join(dir, memberFile), &h.Card); err != nil {
		return nil, err
	}
	var l listen
	if err := loadJSON(filepath.Join(dir, listenFile), &l); err != nil {
		return nil, err
	}
	h.API = l.API
	cards, err := filepath.Glob(filepath.Join(dir, membersDir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	for _, path := range cards {
		var m MemberCard
		if err := loadJSON(path, &m); err != nil {
			return nil, err
		}
		h.Members = append(h.Members, m)
	}
	slices.SortFunc(h.Members, func(a, b MemberCard) int { return strings.Compare(a.Name, b.Name) })
	return h, h.check()
}

func (h *Home) check() error {
	self := false
	for i, m := range h.Members {
		self = self || m.Peer == h.Card.Peer
		if i > 0 && h.Members[i-1].Name == m.Name {
			return fmt.Errorf("coordinator: two members are named %q", m.Name)
		}
		if _, err := protocol.ParsePublicKey(m.Key); err != nil {
			return fmt.Errorf("coordinator: the card of member %q is damaged: %w", m.Name, err)
		}
		if _, err := protocol.ParsePublicKey(m.Operator); err != nil {
			return fmt.Errorf("coordinator: the card of member %q is damaged: %w", m.Name, err)
		}
	}
	if n := len(h.Members); !self || n%2 == 0 || n > 7 {
		return fmt.Errorf("coordinator: %s holds %d member cards; it needs this member's own and those of the others, 1, 3, 5 or 7 in all",
			filepath.Join(h.Dir, membersDir), n)
	}
	return nil
}

func (h *Home) unlock(s secrets) error {
	var err error
	if h.Signing, err = protocol.NewSigningKey(s.Signing); err != nil {
		return err
	}
	if h.Operator, err = protocol.NewSigningKey(s.Operator); err != nil {
		return err
	}
	if len(s.Network) != 32 {
		return errors.New("coordinator: the network key is damaged")
	}
	if h.Network, err = wire.NewIdentity([32]byte(s.Network)); err != nil {
		return fmt.Errorf("network key: %w", err)
	}
	path := filepath.Join(h.Dir, certFile)
	if h.Certificate, err = tls.LoadX509KeyPair(path, path); err != nil {
		return fmt.Errorf("TLS key: %w", err)
	}
	if h.Certificate.Leaf == nil {
		h.Certificate.Leaf, err = x509.ParseCertificate(h.Certificate.Certificate[0])
	}
	return err
}

// Format keeps secrets out of every print.
func (h *Home) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "coordinator.Home(%s)", h.Dir) }

// Endpoints are where all members are found, for tokens.
func (h *Home) Endpoints() []protocol.Endpoint {
	list := make([]protocol.Endpoint, len(h.Members))
	for i, m := range h.Members {
		list[i] = m.Endpoint
	}
	return list
}

// RosterMembers are all members as a roster names them.
func (h *Home) RosterMembers() ([]protocol.Member, error) {
	list := make([]protocol.Member, len(h.Members))
	for i, m := range h.Members {
		key, err := protocol.ParsePublicKey(m.Key)
		if err != nil {
			return nil, err
		}
		list[i] = protocol.Member{Name: m.Name, Key: key, Peer: m.Peer}
	}
	return list, nil
}

// makeCertificate is a self-signed P-256 certificate with its key, in PEM. Browsers
// know P-256; nobody trusts the certificate but by its pin.
func makeCertificate(name, host string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make TLS key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "locus-coordinator " + name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode TLS key: %w", err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), nil
}

func saveJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func loadJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if len(raw) > maxHomeFile {
		return fmt.Errorf("read %s: over %d bytes", path, maxHomeFile)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
