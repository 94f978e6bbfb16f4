package passport_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/protocol"
)

func TestBind(t *testing.T) {
	alice, bob := passport.AskerOf(publicKey(t, 1)), passport.AskerOf(publicKey(t, 2))
	her, his := passport.Identity{Issuer: brokerURL, Subject: "alice-b"}, passport.Identity{Issuer: brokerURL, Subject: "bob-b"}
	line := func(who passport.Asker, id passport.Identity) passport.Person {
		return passport.Person{Key: who.Key, Issuer: id.Issuer, Subject: id.Subject}
	}
	jkt := func(who passport.Asker) *passport.Confirmation {
		return &passport.Confirmation{Thumbprint: who.Thumbprint}
	}
	for _, tt := range []struct {
		name   string
		cnf    *passport.Confirmation
		roster []passport.Identity
		site   []passport.Person
		want   passport.Binding // 0: refused
	}{
		{"nobody speaks", nil, nil, nil, 0},
		{"the broker, by thumbprint", jkt(alice), nil, nil, passport.ByBroker},
		{"the broker, by key id", &passport.Confirmation{KeyID: alice.Key.String()}, nil, nil, passport.ByBroker},
		{"the broker, by both", &passport.Confirmation{Thumbprint: alice.Thumbprint, KeyID: alice.Key.String()}, nil, nil, passport.ByBroker},
		{"the broker, by both, of two people", &passport.Confirmation{Thumbprint: alice.Thumbprint, KeyID: bob.Key.String()}, nil, nil, 0},
		{"the broker names another's key", jkt(bob), nil, nil, 0},
		{"the broker names nothing that is understood", &passport.Confirmation{}, nil, nil, 0},
		{"the site", nil, nil, []passport.Person{line(bob, his), line(alice, her)}, passport.BySite},
		{"the site, for another key", nil, nil, []passport.Person{line(bob, her)}, 0},
		{"the site, for another person", nil, nil, []passport.Person{line(alice, his)}, 0},
		{"the site, for two persons of one key", nil, nil, []passport.Person{line(alice, his), line(alice, her)}, passport.BySite},
		{"the site, for the subject at another broker", nil, nil, []passport.Person{line(alice, passport.Identity{Issuer: uniURL, Subject: her.Subject})}, 0},
		{"the roster", nil, []passport.Identity{her}, nil, passport.ByRoster},
		{"the roster, for another person", nil, []passport.Identity{his}, nil, 0},
		{"site and roster agree", nil, []passport.Identity{her}, []passport.Person{line(alice, her)}, passport.ByRoster},
		{"site and roster disagree", nil, []passport.Identity{her}, []passport.Person{line(alice, his)}, 0},
		{"the site speaks of others only, and the broker binds", jkt(alice), nil, []passport.Person{line(bob, his)}, passport.ByBroker},
		{"the broker binds, and the site says it is another", jkt(alice), nil, []passport.Person{line(alice, his)}, 0},
		{"the site binds, and the broker says it is another key", jkt(bob), nil, []passport.Person{line(alice, her)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			who := alice
			who.Named = tt.roster
			got, err := passport.Bind(her, tt.cnf, who, tt.site)
			if got != tt.want || (err == nil) != (tt.want != 0) || err != nil && !errors.Is(err, passport.KeyUnbound) {
				t.Errorf("bound by %v, %v; want %v", got, err, tt.want)
			}
		})
	}
	t.Run("a query without a key", func(t *testing.T) {
		nobody := passport.AskerOf(protocol.PublicKey{})
		if _, err := passport.Bind(her, nil, nobody, []passport.Person{line(nobody, her)}); !errors.Is(err, passport.KeyUnbound) {
			t.Errorf("%v, want KeyUnbound", err)
		}
	})
}

// RFC 8037 appendix A.3 has a thumbprint of the key of RFC 8032 section 7.1, test 1.
func TestThumbprintIsThatOfRFC8037(t *testing.T) {
	key := publicKey(t, 1).Bytes()
	copy(key, "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a")
	parsed, err := protocol.ParsePublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := passport.Thumbprint(parsed), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
