package passport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
)

// What is fetched, and when: the clock is an argument.
func TestKeysAreFetchedWhenTheyHaveTo(t *testing.T) {
	rotated, err := issuer.New(brokerURL, "key-2", "ES256")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	c := w.clearinghouse()
	live := func(i *issuer.Issuer) func(at time.Time) error {
		return func(at time.Time) error {
			_, err := c.Check(t.Context(), []byte(i.Passport("alice-b", cnf(w.alice), at)), at, w.alice)
			return err
		}
	}
	old, fresh := live(w.broker), live(rotated)
	both, none := issuer.KeySet(w.broker, rotated), []byte(nil)
	for _, step := range []struct {
		what    string
		after   time.Duration
		set     []byte
		check   func(time.Time) error
		want    error
		fetches int
	}{
		{"the first passport", 0, issuer.KeySet(w.broker), old, nil, 1},
		{"another one", 14 * time.Minute, issuer.KeySet(w.broker), old, nil, 1},
		{"one that has read the clock before the first", -time.Second, issuer.KeySet(w.broker), old, nil, 1},
		{"after a quarter of an hour", 15 * time.Minute, issuer.KeySet(w.broker), old, nil, 2},
		{"a new key, too soon after the last fetch", 15*time.Minute + 30*time.Second, both, fresh, passport.KeyUnknown, 2},
		{"the old key meanwhile", 15*time.Minute + 31*time.Second, both, old, nil, 2},
		{"the new key a minute after the last fetch", 16 * time.Minute, both, fresh, nil, 3},
		{"the issuer is down", 40 * time.Minute, none, fresh, nil, 4},
		{"and is not asked again within a minute", 40*time.Minute + 59*time.Second, none, fresh, nil, 4},
		{"it stays down, and its keys are good for an hour", 75 * time.Minute, none, fresh, nil, 5},
		{"and no longer", 76 * time.Minute, none, fresh, passport.KeysUnavailable, 6},
		{"nor within the next minute", 76*time.Minute + 30*time.Second, both, fresh, passport.KeysUnavailable, 6},
		{"it is back", 77 * time.Minute, both, fresh, nil, 7},
		{"it takes a key back", 92 * time.Minute, issuer.KeySet(rotated), old, passport.KeyUnknown, 8},
		{"and then the clock is set back by an hour", 30 * time.Minute, issuer.KeySet(w.broker), old, nil, 9},
	} {
		w.net.sets[w.broker.JKU()] = step.set
		if step.set == nil {
			delete(w.net.sets, w.broker.JKU())
		}
		if err := step.check(now.Add(step.after)); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.what, err, step.want)
		}
		if got := w.net.count(); got != step.fetches {
			t.Errorf("%s: %d fetches, want %d", step.what, got, step.fetches)
		}
	}
}

// Who makes up key names knocks at the issuer's door once a minute, however often he asks.
func TestMadeUpKeysFetchOnceAMinute(t *testing.T) {
	w := newWorld(t)
	c := w.clearinghouse()
	for n := range 60 {
		at := now.Add(time.Duration(n) * time.Second)
		raw := w.editedPassport(func(h, claims object) { h["kid"] = strings.Repeat("k", n+1) })
		if _, err := c.Check(t.Context(), []byte(raw), at, w.alice); !errors.Is(err, passport.KeyUnknown) {
			t.Fatalf("%d: %v, want KeyUnknown", n, err)
		}
	}
	if got := w.net.count(); got != 1 {
		t.Errorf("%d fetches in a minute, want 1", got)
	}
}

func TestNothingIsFetchedBeforeItIsOnTheList(t *testing.T) {
	w := newWorld(t)
	for name, raw := range map[string]string{
		"a passport of a stranger":               w.evil.Passport("alice-b", cnf(w.alice), now, w.evil.Visa(w.affiliation(), now)),
		"a passport with a key set elsewhere":    w.editedPassport(func(h, c object) { h["jku"] = evilURL + "/jwks" }),
		"a passport of one who issues visas":     w.uni.Passport("alice-u", cnf(w.alice), now),
		"a passport signed by what is not asked": w.editedPassport(func(h, c object) { h["alg"] = "HS256" }),
	} {
		if _, err := w.check(raw); err == nil || w.net.count() > 0 {
			t.Errorf("%s: %v, %d fetches, want a refusal and none", name, err, w.net.count())
		}
	}
	got, err := w.check(w.passport(
		w.evil.Visa(w.affiliation(), now),
		w.edited(func(h, c, v object) { h["jku"] = evilURL + "/jwks" }),
		w.edited(func(h, c, v object) { h["jku"] = "http://127.0.0.1/jwks" }),
		w.edited(func(h, c, v object) { delete(h, "jku") }),
		w.edited(func(h, c, v object) { h["alg"] = "none" }),
		w.edited(func(h, c, v object) { c["scope"] = "openid" }),
	))
	if err != nil || len(got.Passed) != 6 {
		t.Fatalf("%v, %v passed over, want 6", err, got.Passed)
	}
	if diff := cmp.Diff([]string{w.broker.JKU()}, w.net.asked); diff != "" {
		t.Errorf("asked for keys (-want +got):\n%s", diff)
	}
}

// Many queries at once are one fetch, and one of them that gives up is not the others' loss.
func TestOneFetchForAllWhoWait(t *testing.T) {
	w := newWorld(t)
	raw := []byte(w.passport())
	synctest.Test(t, func(t *testing.T) {
		w.net.hold = make(chan struct{})
		c := w.clearinghouse()
		first, giveUp := context.WithCancel(t.Context())
		var gaveUp error
		var all sync.WaitGroup
		all.Go(func() { _, gaveUp = c.Check(first, raw, now, w.alice) })
		synctest.Wait()
		var good atomic.Int32
		for range 10 {
			all.Go(func() {
				if _, err := c.Check(t.Context(), raw, now, w.alice); err == nil {
					good.Add(1)
				}
			})
		}
		synctest.Wait()
		if got := w.net.count(); got != 1 {
			t.Errorf("%d fetches while the first is under way, want 1", got)
		}
		giveUp()
		synctest.Wait()
		if got := w.net.count(); got != 2 {
			t.Errorf("%d fetches after the first has given up, want 2", got)
		}
		close(w.net.hold)
		all.Wait()
		if !errors.Is(gaveUp, passport.KeysUnavailable) || good.Load() != 10 || w.net.count() != 2 {
			t.Errorf("%v for who gave up, %d of 10 others good, %d fetches, want KeysUnavailable, all and 2", gaveUp, good.Load(), w.net.count())
		}
	})
}

// An issuer that never answers holds a query up for ten seconds.
func TestASlowIssuerIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	raw := []byte(w.passport())
	synctest.Test(t, func(t *testing.T) {
		w.net.hold = make(chan struct{})
		began := time.Now()
		if _, err := w.clearinghouse().Check(t.Context(), raw, now, w.alice); !errors.Is(err, passport.KeysUnavailable) {
			t.Errorf("%v, want KeysUnavailable", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v, want 10 s", took)
		}
	})
}

// badKeys are what stands in a key set in place of a good key.
func badKeys(t *testing.T) map[string]func(k object) {
	t.Helper()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(i *issuer.Issuer) func(k object) {
		return func(k object) { clear(k); maps.Copy(k, i.JWK()) }
	}
	set := func(name string, value any) func(k object) { return func(k object) { k[name] = value } }
	even := new(big.Int).Add(keys().broker.Public().(*rsa.PublicKey).N, big.NewInt(1))
	return map[string]func(k object){
		"RSA of 1024 bits":              replace(issuer.WithKey(brokerURL, "key-1", small)),
		"P-384":                         replace(issuer.WithKey(brokerURL, "key-1", wide)),
		"P-384's name on P-256":         func(k object) { replace(issuer.WithKey(brokerURL, "key-1", dacKey(t)))(k); k["crv"] = "P-384" },
		"a point that is not on P-256":  func(k object) { replace(issuer.WithKey(brokerURL, "key-1", dacKey(t)))(k); k["x"] = k["y"] },
		"exponent 3":                    set("e", "Aw"),
		"exponent 65536":                set("e", "AQAA"),
		"exponent 65538":                set("e", "AQAC"),
		"exponent of 40 bits":           set("e", "AQAAAAE"),
		"no exponent":                   set("e", ""),
		"an even modulus":               set("n", issuer.Part(even.Bytes())),
		"a modulus of 16384 bits":       set("n", issuer.Part([]byte(strings.Repeat("\xff", 2048)))),
		"a modulus that is no base64":   set("n", "+/"),
		"a key for encryption":          set("use", "enc"),
		"a key to sign with":            set("key_ops", []string{"sign"}),
		"a private key":                 set("d", "AQAB"),
		"a secret":                      func(k object) { clear(k); k["kid"], k["kty"], k["k"] = "key-1", "oct", "AQAB" },
		"a key of another kind":         set("kty", "OKP"),
		"a kind in small letters":       set("kty", "rsa"),
		"a key for HS256":               set("alg", "HS256"),
		"a key for RS512":               set("alg", "RS512"),
		"an RSA key that says ES256":    set("alg", "ES256"),
		"a key whose alg is not a text": set("alg", 1),
		"a key whose use is not a text": set("use", 1),
		"key_ops that are not a list":   set("key_ops", "verify"),
	}
}

func dacKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestUnfitKeysVerifyNothing(t *testing.T) {
	for name, spoil := range badKeys(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			k := w.broker.JWK()
			spoil(k)
			w.net.sets[w.broker.JKU()] = []byte(asJSON(t, object{"keys": []any{k}}))
			if _, err := w.check(w.passport()); !errors.Is(err, passport.KeyUnfit) {
				t.Errorf("%v, want KeyUnfit", err)
			}
		})
	}
}

func TestKeySets(t *testing.T) {
	w := newWorld(t)
	good := w.broker.JWK()
	for _, tt := range []struct {
		name, set string
		want      error
	}{
		{"the key among others", asJSON(t, object{"keys": []any{named(w.dac, "other"), good, object{"kty": "OKP", "kid": "ed"}, object{"kty": "RSA"}}}), nil},
		{"a key without alg and use", asJSON(t, object{"keys": []any{object{"kty": "RSA", "kid": "key-1", "n": good["n"], "e": good["e"], "key_ops": []string{"verify"}}}}), nil},
		{"no keys", `{"keys":[]}`, passport.KeyUnknown},
		{"two keys of one name", asJSON(t, object{"keys": []any{good, w.uni.JWK()}}), passport.KeyUnfit},
		{"the same key twice", asJSON(t, object{"keys": []any{good, good}}), passport.KeyUnfit},
		{"more than 32 keys", `{"keys":[` + strings.Repeat("{},", 40) + asJSON(t, good) + `]}`, passport.KeysUnavailable},
		{"more than 64 KiB", `{"keys":[` + asJSON(t, good) + `],"note":"` + strings.Repeat("n", passport.MaxKeySetBytes) + `"}`, passport.KeysUnavailable},
		{"a name twice", `{"keys":[],"keys":[` + asJSON(t, good) + `]}`, passport.KeysUnavailable},
		{"a list alone", `[` + asJSON(t, good) + `]`, passport.KeysUnavailable},
		{"a key that is none", `{"keys":["key-1"]}`, passport.KeysUnavailable},
		{"a page", `<html>`, passport.KeysUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.net.sets[w.broker.JKU()] = []byte(tt.set)
			if _, err := w.check(w.passport()); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestKeysOfTheListAreNotFetched(t *testing.T) {
	w := newWorld(t)
	for n, i := range []*issuer.Issuer{w.broker, w.uni, w.dac} {
		w.trust.Issuers[n].Keys = issuer.KeySet(i)
	}
	c, err := passport.New(passport.Config{Trust: w.trust})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Check(t.Context(), []byte(w.passport(w.links(), w.uni.Visa(w.affiliation(), now))), now, w.alice)
	if err != nil || len(got.Facts) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWithoutAWayToFetchTheSiteIsTold(t *testing.T) {
	w := newWorld(t)
	var told []string
	c, err := passport.New(passport.Config{Trust: w.trust, Report: func(jku string, err error) { told = append(told, jku+": "+err.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check(t.Context(), []byte(w.passport()), now, w.alice); !errors.Is(err, passport.KeysUnavailable) {
		t.Errorf("%v, want KeysUnavailable", err)
	}
	if len(told) != 1 || !strings.Contains(told[0], w.broker.JKU()) {
		t.Errorf("told: %v", told)
	}
}

// The real thing: an issuer behind TLS.
func TestFetcher(t *testing.T) {
	var server *httptest.Server
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(rw http.ResponseWriter, r *http.Request) { rw.Write(issuer.KeySet(keys().broker)) })
	mux.HandleFunc("/moved", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, server.URL+"/jwks", http.StatusFound)
	})
	mux.HandleFunc("/long", func(rw http.ResponseWriter, r *http.Request) { rw.Write(make([]byte, passport.MaxKeySetBytes+1)) })
	mux.HandleFunc("/broken", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "100")
		rw.Write([]byte("{"))
	})
	server = httptest.NewTLSServer(mux)
	defer server.Close()
	f := passport.NewFetcher(server.Client().Transport)
	got, err := f.Fetch(t.Context(), server.URL+"/jwks")
	if err != nil || string(got) != string(issuer.KeySet(keys().broker)) {
		t.Errorf("%q, %v", got, err)
	}
	for _, address := range []string{server.URL + "/moved", server.URL + "/long", server.URL + "/broken", server.URL + "/none",
		strings.Replace(server.URL, "https", "http", 1) + "/jwks", "file:///etc/passwd", "https://127.0.0.1:0/", ":"} {
		if got, err := f.Fetch(t.Context(), address); !errors.Is(err, passport.ErrFetch) {
			t.Errorf("%s: %d bytes, %v, want ErrFetch", address, len(got), err)
		}
	}
	// A certificate that is not trusted is no key set.
	if _, err := passport.NewFetcher(&http.Transport{}).Fetch(t.Context(), server.URL+"/jwks"); !errors.Is(err, passport.ErrFetch) {
		t.Errorf("without trust in the certificate: %v, want ErrFetch", err)
	}
}

// An issuer as the demo has it: it serves its own key set.
func TestTheEmbeddedIssuerServesItsKeys(t *testing.T) {
	broker, err := issuer.New("", "key-1", "ES256")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(broker.Handler())
	defer server.Close()
	broker.URL = server.URL
	who := passport.AskerOf(publicKey(t, 1))
	c, err := passport.New(passport.Config{
		Trust: &passport.Trust{Issuers: []passport.Issuer{{Issuer: broker.URL, JKU: broker.JKU(), Passports: true}}},
		Keys:  passport.NewFetcher(server.Client().Transport),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Check(t.Context(), []byte(broker.Passport("alice", cnf(who), now)), now, who); err != nil || got.Person.Subject != "alice" {
		t.Errorf("%v, %v", got, err)
	}
}

// named is a key under another name.
func named(i *issuer.Issuer, kid string) object {
	k := i.JWK()
	k["kid"] = kid
	return k
}
