package protocol

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/locus-genomics/locus/protocol/pb"
)

// Endpoint is where one coordinator member is found, and how it is told from an impostor.
type Endpoint struct {
	Name string `json:"name"`
	// URL is the base of its HTTP API; Pin the SHA-256 of its TLS public key.
	URL string `json:"url"`
	Pin Digest `json:"pin"`
	// Peer and Addresses are its libp2p peer id and where it listens.
	Peer      string   `json:"peer"`
	Addresses []string `json:"addresses"`
}

// TokenKind says what a token is good for.
type TokenKind string

// The kinds of a token.
const (
	SiteToken  TokenKind = "site"  // a site joins with it
	StudyToken TokenKind = "study" // a researcher pins a study with it
)

// Token is what an operator hands over, on another way than the network it opens.
type Token struct {
	Kind      TokenKind  `json:"kind"`
	Endpoints []Endpoint `json:"endpoints"`
	// Site and Secret let one site join, once.
	Site   string `json:"site,omitempty"`
	Secret []byte `json:"secret,omitempty"`
	// Study and Roster are what a researcher pins.
	Study  string `json:"study,omitempty"`
	Roster Digest `json:"roster,omitzero"`
}

const (
	maxToken       = 16 << 10
	tokenCheckSize = 4
)

// String is the token as a person copies it: its kind in clear, and a checksum.
func (t Token) String() string {
	body, err := json.Marshal(t)
	if err != nil {
		panic("protocol: a token does not marshal: " + err.Error())
	}
	check := sha256.Sum256(body)
	return "locus-" + string(t.Kind) + "-" + base64.RawURLEncoding.EncodeToString(append(body, check[:tokenCheckSize]...))
}

// ParseToken reads a token and says which kind was given where another was due.
func ParseToken(s string, want TokenKind) (Token, error) {
	s = strings.TrimSpace(s)
	kind, rest, ok := strings.Cut(strings.TrimPrefix(s, "locus-"), "-")
	if !ok || !strings.HasPrefix(s, "locus-") || len(s) > maxToken {
		return Token{}, fmt.Errorf("%w: a token starts with locus-%s-; copy the whole line", ErrMalformed, want)
	}
	if TokenKind(kind) != want {
		return Token{}, fmt.Errorf("%w: this is a %.16q token and a %q token is due", ErrMalformed, kind, want)
	}
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(raw) <= tokenCheckSize {
		return Token{}, fmt.Errorf("%w: the token is damaged; copy the whole line", ErrMalformed)
	}
	body := raw[:len(raw)-tokenCheckSize]
	check := sha256.Sum256(body)
	if string(check[:tokenCheckSize]) != string(raw[len(body):]) {
		return Token{}, fmt.Errorf("%w: the token's checksum is wrong; copy the whole line", ErrMalformed)
	}
	var t Token
	if err := json.Unmarshal(body, &t); err != nil || t.Kind != want || len(t.Endpoints) == 0 || len(t.Endpoints) > 7 {
		return Token{}, fmt.Errorf("%w: the token is of another version", ErrMalformed)
	}
	return t, nil
}

// Words are five words that two people compare: 55 bits of a digest from the
// BIP-39 English list.
func Words(d Digest) string {
	words := make([]string, 5)
	for i := range words {
		bits := 0
		for b := range 11 {
			at := i*11 + b
			bits = bits<<1 | int(d[at/8]>>(7-at%8))&1
		}
		words[i] = wordlists.English[bits]
	}
	return strings.Join(words, " ")
}

// Card is what a site shows of itself when it asks to join.
type Card struct {
	Name, Organisation, Country, Region string
	NodeKey, CustodianKey               PublicKey
	Peer                                string
	PeopleCap                           uint32
}

// Digest names the card; its Words are compared by both sides.
func (c Card) Digest() (Digest, error) {
	raw, err := marshal(c.pb(nil))
	if err != nil {
		return Digest{}, err
	}
	return Hash("locus/card/v1", raw), nil
}

// joinType is the domain of the signature in a join request.
const joinType = "locus/join/v1"

// InvitationKey is what the inviting side keeps of a token's secret: it tells a
// join request made with the token, and cannot make one.
func InvitationKey(secret []byte) (PublicKey, error) {
	key, err := invitation(secret)
	if err != nil {
		return PublicKey{}, err
	}
	return key.Public(), nil
}

func invitation(secret []byte) (*SigningKey, error) {
	seed := Hash("locus/invitation/v1", secret)
	return NewSigningKey(seed[:])
}

// JoinRequest is the card with a proof that its sender holds the token's secret.
func (c Card) JoinRequest(secret []byte) ([]byte, error) {
	d, err := c.Digest()
	if err != nil {
		return nil, err
	}
	key, err := invitation(secret)
	if err != nil {
		return nil, err
	}
	sig, err := key.sign(joinType, d[:])
	if err != nil {
		return nil, err
	}
	return marshal(c.pb(append(sig.ed25519, sig.mldsa65...)))
}

func (c Card) pb(proof []byte) *pb.JoinRequest {
	return &pb.JoinRequest{
		Name: c.Name, Organisation: c.Organisation, Country: c.Country, Region: c.Region,
		NodeKey: c.NodeKey.Bytes(), CustodianKey: c.CustodianKey.Bytes(), Peer: c.Peer, PeopleCap: c.PeopleCap, Proof: proof,
	}
}

// ParseJoinRequest reads a card and its proof, under the key of the invitation.
func ParseJoinRequest(raw []byte, key PublicKey) (Card, error) {
	c, proof, err := parseCard(raw)
	if err != nil {
		return Card{}, err
	}
	d, err := c.Digest()
	if err != nil {
		return Card{}, err
	}
	if len(proof) != ed25519.SignatureSize+mldsaSignatureSize {
		return Card{}, fmt.Errorf("%w: no proof of the token", ErrSignature)
	}
	sig := signature{key: key.ID(), ed25519: proof[:ed25519.SignatureSize], mldsa65: proof[ed25519.SignatureSize:]}
	if err := key.verify(joinType, d[:], sig); err != nil {
		return Card{}, fmt.Errorf("%w: not made with this token", err)
	}
	return c, nil
}

// JoinName reads the site's name, before anything is verified.
func JoinName(raw []byte) (string, error) {
	c, _, err := parseCard(raw)
	return c.Name, err
}

// ParseCard reads a card whose proof was verified when it was stored.
func ParseCard(raw []byte) (Card, error) {
	c, _, err := parseCard(raw)
	return c, err
}

func parseCard(raw []byte) (c Card, proof []byte, err error) {
	m := new(pb.JoinRequest)
	if err := unmarshal(raw, m); err != nil {
		return Card{}, nil, err
	}
	c = Card{
		Name: m.Name, Organisation: m.Organisation, Country: m.Country, Region: m.Region,
		Peer: m.Peer, PeopleCap: m.PeopleCap,
	}
	if c.NodeKey, err = ParsePublicKey(m.NodeKey); err != nil {
		return Card{}, nil, err
	}
	if c.CustodianKey, err = ParsePublicKey(m.CustodianKey); err != nil {
		return Card{}, nil, err
	}
	if !plainName(c.Name) || !plainName(c.Organisation) || !country.MatchString(c.Country) || c.Region != "" && !plainName(c.Region) ||
		!plainName(c.Peer) || c.PeopleCap < 1 || c.PeopleCap > maxPeopleCap {
		return Card{}, nil, fmt.Errorf("%w: a site has a name, an organisation, a country of two letters, a peer id and a cap on its people", ErrMalformed)
	}
	return c, m.Proof, nil
}

// Site is the roster entry of a card.
func (c Card) Site() Site { return Site(c) }

// Request is what an HTTP request's signature covers.
type Request struct {
	Method string
	// Path is the whole target, "//host/path?query": what one coordinator was told
	// is not repeated to another.
	Path string
	// Body is the SHA-256 of the request's body.
	Body  Digest
	At    time.Time
	Nonce Digest
}

// Type is the domain of a request's signature.
func (*Request) Type() string { return "locus/request/v1" }

func (r *Request) encode() ([]byte, error) {
	return marshal(&pb.RequestSignature{
		Method: r.Method, Path: r.Path, Body: r.Body[:], At: unix(r.At), Nonce: r.Nonce[:],
	})
}

func (r *Request) decode(payload []byte) error {
	m := new(pb.RequestSignature)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Body, m.Nonce)
	if err != nil {
		return err
	}
	*r = Request{Method: m.Method, Path: m.Path, Body: d[0], At: fromUnix(m.At), Nonce: d[1]}
	return nil
}
