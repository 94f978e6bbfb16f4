package passport_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
	"github.com/locus-genomics/locus/protocol"
)

// now is when the tests are.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const (
	brokerURL = "https://broker.example"
	uniURL    = "https://login.uni.example"
	dacURL    = "https://dac.example"
	evilURL   = "https://evil.example"

	registered = "https://doi.org/10.1038/s41431-018-0219-y"
	dataset    = "https://dac.example/datasets/7"
)

// world is a site with its list, and the issuers on it: a broker (RS256), a university
// (RS256) and a data access committee (ES256). evil is on nobody's list.
type world struct {
	t                       *testing.T
	once                    string // a token that stands in a passport twice
	broker, uni, dac, evil  *issuer.Issuer
	trust                   *passport.Trust
	net                     *network
	alice, bob              passport.Asker
	aliceBroker, aliceAtUni passport.Identity
}

// keys are made once: RSA is slow.
var keys = sync.OnceValue(func() (k struct{ broker, uni, dac, evil *issuer.Issuer }) {
	for _, m := range []struct {
		to       **issuer.Issuer
		url, alg string
	}{{&k.broker, brokerURL, "RS256"}, {&k.uni, uniURL, "RS256"}, {&k.dac, dacURL, "ES256"}, {&k.evil, evilURL, "RS256"}} {
		i, err := issuer.New(m.url, "key-1", m.alg)
		if err != nil {
			panic(err)
		}
		*m.to = i
	}
	return k
})

func newWorld(t *testing.T) *world {
	t.Helper()
	k := keys()
	w := &world{t: t, broker: k.broker, uni: k.uni, dac: k.dac, evil: k.evil,
		alice: passport.AskerOf(publicKey(t, 1)), bob: passport.AskerOf(publicKey(t, 2)),
		aliceBroker: passport.Identity{Issuer: brokerURL, Subject: "alice-b"}, aliceAtUni: passport.Identity{Issuer: uniURL, Subject: "alice-u"},
	}
	w.net = &network{sets: map[string][]byte{}}
	for _, i := range []*issuer.Issuer{k.broker, k.uni, k.dac, k.evil} {
		w.net.sets[i.JKU()] = issuer.KeySet(i)
	}
	w.trust = &passport.Trust{
		Audience: []string{"https://node.hospital.example"},
		Issuers: []passport.Issuer{
			{Issuer: brokerURL, JKU: k.broker.JKU(), Passports: true, Visas: []passport.VisaRule{
				{Type: passport.LinkedIdentities, Sources: []string{brokerURL}, By: []passport.By{passport.BySystem}, Links: []string{uniURL, dacURL}},
				{Type: passport.AcceptedTermsAndPolicies, Sources: []string{"https://uni.example"}},
			}},
			{Issuer: uniURL, JKU: k.uni.JKU(), Visas: []passport.VisaRule{
				{Type: passport.AffiliationAndRole, Sources: []string{"https://uni.example"}, By: []passport.By{passport.BySO, passport.BySystem}},
				{Type: passport.ResearcherStatus, Sources: []string{"https://uni.example"}},
			}},
			{Issuer: dacURL, JKU: k.dac.JKU(), Visas: []passport.VisaRule{
				{Type: passport.ControlledAccessGrants, Sources: []string{dacURL}, By: []passport.By{passport.ByDAC}},
			}},
		},
	}
	return w
}

func publicKey(t *testing.T, seed byte) protocol.PublicKey {
	t.Helper()
	key, err := protocol.NewSigningKey([]byte(strings.Repeat(string(rune(seed)), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// network is a Fetcher, which remembers what it was asked for.
type network struct {
	mu    sync.Mutex
	sets  map[string][]byte
	asked []string
	hold  chan struct{} // while it is set, a fetch waits for it
}

func (n *network) Fetch(ctx context.Context, address string) ([]byte, error) {
	n.mu.Lock()
	n.asked = append(n.asked, address)
	set, hold := n.sets[address], n.hold
	n.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if set == nil {
		return nil, errors.New("no such host")
	}
	return set, nil
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.asked)
}

func (w *world) clearinghouse() *passport.Clearinghouse {
	w.t.Helper()
	c, err := passport.New(passport.Config{Trust: w.trust, Keys: w.net})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// check asks as alice.
func (w *world) check(raw string) (passport.Claims, error) {
	w.t.Helper()
	return w.clearinghouse().Check(w.t.Context(), []byte(raw), now, w.alice)
}

// cnf binds a passport to a key.
func cnf(who passport.Asker) issuer.Object { return issuer.Object{"jkt": who.Thumbprint} }

// passport is alice's, bound to her key.
func (w *world) passport(visas ...string) string {
	return w.broker.Passport(w.aliceBroker.Subject, cnf(w.alice), now, visas...)
}

// links says that alice of the broker is alice of the university and of the committee.
func (w *world) links() string {
	return w.broker.Visa(w.linksVisa(), now)
}

func (w *world) linksVisa() issuer.Visa {
	return issuer.Visa{Subject: "alice-b", Type: "LinkedIdentities", Value: link("alice-u", uniURL) + ";" + link("alice-d", dacURL), Source: brokerURL, By: "system"}
}

func link(sub, iss string) string { return url.PathEscape(sub) + "," + url.QueryEscape(iss) }

func (w *world) affiliation() issuer.Visa {
	return issuer.Visa{Subject: "alice-u", Type: "AffiliationAndRole", Value: "faculty@uni.example", Source: "https://uni.example", By: "so"}
}

func (w *world) status() issuer.Visa {
	return issuer.Visa{Subject: "alice-u", Type: "ResearcherStatus", Value: registered, Source: "https://uni.example"}
}

func (w *world) terms() issuer.Visa {
	return issuer.Visa{Subject: "alice-b", Type: "AcceptedTermsAndPolicies", Value: registered, Source: "https://uni.example", By: "self"}
}

func (w *world) grant() issuer.Visa {
	return issuer.Visa{Subject: "alice-d", Type: "ControlledAccessGrants", Value: dataset, Source: dacURL, By: "dac"}
}

// edited is alice's affiliation, with what is wrong about it, signed.
func (w *world) edited(edit func(header, claims, visa issuer.Object)) string {
	header, claims := w.uni.VisaHeader(), w.uni.VisaClaims(w.affiliation(), now)
	edit(header, claims, claims["ga4gh_visa_v1"].(issuer.Object))
	return w.uni.Sign(header, claims)
}

// editedPassport is the same for the passport.
func (w *world) editedPassport(edit func(header, claims issuer.Object)) string {
	header, claims := w.broker.PassportHeader(), w.broker.PassportClaims(w.aliceBroker.Subject, cnf(w.alice), now, w.links())
	edit(header, claims)
	return w.broker.Sign(header, claims)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// values are what facts say, in order.
func values(facts []passport.Fact) (v []string) {
	for _, f := range facts {
		v = append(v, string(f.Type)+" "+f.Value)
	}
	return v
}
