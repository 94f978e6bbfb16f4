package he_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/he"
)

func TestParams(t *testing.T) {
	for _, c := range []struct {
		sites int
		name  string
	}{{2, "a50g8"}, {90, "a50g8"}, {91, "a50g9"}, {380, "a50g9"}, {381, "a50g10"}, {1500, "a50g10"}} {
		p, err := he.ParamsFor(c.sites)
		if err != nil || p.Name() != c.name || p.MaxSites() < c.sites || p.Payload()+p.Guard() != 48 || p.N() != 2048 {
			t.Errorf("ParamsFor(%d) = %s, %v; want %s", c.sites, p, err, c.name)
		}
		if q, err := he.ParseParams(c.name); err != nil || q != p {
			t.Errorf("ParseParams(%s) = %s, %v", c.name, q, err)
		}
	}
	for _, n := range []int{-1, 0, 1, 1501} {
		if _, err := he.ParamsFor(n); !errors.Is(err, he.ErrParams) {
			t.Errorf("ParamsFor(%d): %v, want ErrParams", n, err)
		}
	}
	for _, name := range []string{"", "A50G8", "a50g7", "a50g8 ", strings.Repeat("a", 1000)} {
		if _, err := he.ParseParams(name); !errors.Is(err, he.ErrParams) || len(err.Error()) > 200 {
			t.Errorf("ParseParams(%.20q): %v, want ErrParams", name, err)
		}
	}
}

// TestSecretsDoNotPrint formats each secret type in every way.
func TestSecretsDoNotPrint(t *testing.T) {
	s := newSession(t, 3, 2, 1)
	m, err := he.NewMask(s, newRoot(t, 0x41), []int64{0x41})
	if err != nil {
		t.Fatal(err)
	}
	shares, err := m.Shares()
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]any{
		"he.SessionRoot(…)": newRoot(t, 0x41), "he.CheckKey(…)": s.CheckKey, "he.Share(…)": shares[0], "he.Mask(…)": m,
		"he.PairKey(…)": pairKey(t, 0, 0),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, secret); got != name {
				t.Errorf("%s prints %.80s, want %s", verb, got, name)
			}
		}
		if b, err := json.Marshal(secret); err != nil || string(b) != `"`+name+`"` {
			t.Errorf("json: %.80s, %v", b, err)
		}
	}
	if got := fmt.Sprintf("%+v", s); !strings.Contains(got, "he.CheckKey(…)") || strings.Contains(got, "7 7 7") {
		t.Errorf("a session prints %.200s", got)
	}
}

func TestKeysHaveTheirLength(t *testing.T) {
	for _, n := range []int{0, 31, 33} {
		if _, err := he.NewSessionRoot(make([]byte, n)); !errors.Is(err, he.ErrKeyLength) {
			t.Errorf("NewSessionRoot of %d bytes: %v", n, err)
		}
		if _, err := he.NewCheckKey(make([]byte, n)); !errors.Is(err, he.ErrKeyLength) {
			t.Errorf("NewCheckKey of %d bytes: %v", n, err)
		}
	}
}
