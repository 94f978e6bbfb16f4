package passport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Trust is a site's list: whom it believes what. docs/reference/passports.md describes the
// file.
type Trust struct {
	// Audience are the names under which this site may be meant by aud.
	Audience []string `json:"audience,omitempty"`
	Issuers  []Issuer `json:"issuers"`
	// People are holders of keys, for brokers that sign no cnf.
	People []Person `json:"people,omitempty"`
}

// Issuer is one that the site believes something.
type Issuer struct {
	// Issuer is its iss, byte for byte.
	Issuer string `json:"issuer"`
	// JKU is where its keys are: the only address that is ever asked for them.
	JKU string `json:"jku,omitempty"`
	// Keys is its key set, where it was got in another way. Then nothing is fetched.
	Keys json.RawMessage `json:"keys,omitempty"`
	// Passports says that it is a broker whose passports are accepted.
	Passports bool `json:"passports,omitempty"`
	// Visas are what it may assert.
	Visas []VisaRule `json:"visas,omitempty"`
	// PassportHours, VisaDays and AssertedDays bound how long a passport and a visa are
	// good, and how long ago something was asserted. Zero is 24, 400 and 400.
	PassportHours int `json:"passport_hours,omitempty"`
	VisaDays      int `json:"visa_days,omitempty"`
	AssertedDays  int `json:"asserted_days,omitempty"`
}

// VisaRule is a kind of visa that an issuer may assert.
type VisaRule struct {
	Type Type `json:"type"`
	// Sources are the organisations that it may speak for, byte for byte.
	Sources []string `json:"sources"`
	// By are the authorities that are enough. Empty: any, and where the specification
	// lets by out, none.
	By []By `json:"by,omitempty"`
	// Links are the issuers whose identities a LinkedIdentities visa may speak of, beside
	// its own.
	Links []string `json:"links,omitempty"`
}

// Bounds of the list, far over what a site can keep in mind.
const (
	maxTrustBytes = 1 << 20
	maxIssuers    = 64
	maxRules      = 64
	maxPeople     = 10_000
)

func (i *Issuer) passportLife() time.Duration { return orDefault(i.PassportHours, 24) * time.Hour }
func (i *Issuer) visaLife() time.Duration     { return orDefault(i.VisaDays, 400) * 24 * time.Hour }
func (i *Issuer) assertedLife() time.Duration { return orDefault(i.AssertedDays, 400) * 24 * time.Hour }

func orDefault(n, otherwise int) time.Duration {
	if n == 0 {
		return time.Duration(otherwise)
	}
	return time.Duration(n)
}

// ParseTrust reads the file of a site's list and checks it. Names that are not known, stand
// twice or are written in capitals are faults: a list that is read otherwise than it was
// meant lets people in.
func ParseTrust(raw []byte) (*Trust, error) {
	if len(raw) > maxTrustBytes {
		return nil, fmt.Errorf("the list of trusted issuers has %d bytes, at most %d", len(raw), maxTrustBytes)
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("the list of trusted issuers is no JSON: %w", json.Unmarshal(raw, new(any)))
	}
	tree, r := readStrictly(raw, len(raw)) // bounded by its bytes
	if r != 0 {
		return nil, fmt.Errorf("the list of trusted issuers: %s", reasons[r].what)
	}
	if name, is := capital(tree); is {
		return nil, fmt.Errorf("the list of trusted issuers has a field %q: fields are written in small letters", name)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	t := new(Trust)
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("the list of trusted issuers: %w", err)
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t, nil
}

// capital finds a name with a capital letter, which encoding/json would take for the
// small one.
func capital(v any) (string, bool) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			if name, is := capital(inner); is {
				return name, true
			}
		}
	case object:
		for name, inner := range v {
			if strings.ToLower(name) != name {
				return name, true
			}
			if name, is := capital(inner); is {
				return name, true
			}
		}
	}
	return "", false
}

// Check returns all faults.
func (t *Trust) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(t.Issuers) == 0 {
		fault("the list of trusted issuers is empty: add the broker whose passports the site accepts")
	}
	if len(t.Issuers) > maxIssuers || len(t.People) > maxPeople {
		fault("the list has %d issuers and %d people, at most %d and %d", len(t.Issuers), len(t.People), maxIssuers, maxPeople)
	}
	for n, name := range t.Audience {
		if !fit(name, maxURL) {
			fault("audience %d is empty, too long or not printable", n+1)
		}
	}
	seen := map[string]bool{}
	for n := range t.Issuers {
		i := &t.Issuers[n]
		if seen[i.Issuer] {
			fault("issuer %q stands twice in the list: put all of it into one entry", i.Issuer)
		}
		seen[i.Issuer] = true
		i.check(fault)
	}
	people := map[Person]bool{}
	for n, p := range t.People {
		switch {
		case p.Key == (protocol.KeyID{}) || !fit(p.Subject, maxName):
			fault("person %d needs a key and a subject of at most %d printable characters", n+1, maxName)
		case !seen[p.Issuer]:
			fault("person %d is of issuer %q, which is not in the list: add it", n+1, p.Issuer)
		case people[p]:
			fault("person %d stands twice in the list", n+1)
		}
		people[p] = true
	}
	return errors.Join(faults...)
}

func (i *Issuer) check(fault func(string, ...any)) {
	if !fit(i.Issuer, maxName) || !secure(i.Issuer) {
		fault("issuer %q is no https address without user and fragment, as iss has to be", i.Issuer)
	}
	if i.JKU != "" && (!fit(i.JKU, maxURL) || !secure(i.JKU)) {
		fault("issuer %q: jku %q is no https address without user and fragment", i.Issuer, i.JKU)
	}
	switch {
	case i.JKU == "" && len(i.Visas) > 0:
		fault("issuer %q needs a jku: its visas name one, and it has to be this", i.Issuer)
	case i.JKU == "" && i.Keys == nil:
		fault("issuer %q needs a jku or keys", i.Issuer)
	}
	if i.Keys != nil {
		i.checkKeys(fault)
	}
	if !i.Passports && len(i.Visas) == 0 {
		fault("issuer %q is believed nothing: set passports or add visas, or take it out", i.Issuer)
	}
	if len(i.Visas) > maxRules {
		fault("issuer %q has %d visas, at most %d", i.Issuer, len(i.Visas), maxRules)
	}
	for n := range i.Visas {
		i.Visas[n].check(fmt.Sprintf("issuer %q, visa %d", i.Issuer, n+1), fault)
	}
	for _, limit := range []struct {
		name      string
		is, upper int
	}{{"passport_hours", i.PassportHours, 31 * 24}, {"visa_days", i.VisaDays, 3660}, {"asserted_days", i.AssertedDays, 36600}} {
		if limit.is < 0 || limit.is > limit.upper {
			fault("issuer %q: %s is %d, want 1 to %d", i.Issuer, limit.name, limit.is, limit.upper)
		}
	}
}

func (i *Issuer) checkKeys(fault func(string, ...any)) {
	set, err := parseKeySet(i.Keys)
	if err != nil || len(set) == 0 {
		fault("issuer %q: keys is no JSON Web Key Set with kid in each key", i.Issuer)
	}
	for kid, key := range set {
		if key.key == nil {
			fault("issuer %q: key %q is unfit: %s", i.Issuer, kid, reasons[KeyUnfit].mend)
		}
	}
}

func (rule *VisaRule) check(where string, fault func(string, ...any)) {
	if !slices.Contains([]Type{AffiliationAndRole, AcceptedTermsAndPolicies, ResearcherStatus, ControlledAccessGrants, LinkedIdentities}, rule.Type) {
		fault("%s: type %q is not one of the five standard visa types", where, rule.Type)
	}
	if len(rule.Sources) == 0 {
		fault("%s needs sources: the organisations that the issuer may speak for", where)
	}
	for _, source := range rule.Sources {
		if !fit(source, maxName) || !isURL(source) {
			fault("%s: source %q is no absolute URL of at most %d characters", where, source, maxName)
		}
	}
	for _, by := range rule.By {
		if !slices.Contains(authorities, by) {
			fault("%s: by %q is not self, peer, system, so or dac", where, by)
		}
	}
	if (len(rule.Links) > 0) != (rule.Type == LinkedIdentities) {
		fault("%s: links names the issuers whose identities a LinkedIdentities visa may speak of; it stands there and only there", where)
	}
	for _, link := range rule.Links {
		if !fit(link, maxName) {
			fault("%s: a link is empty, too long or not printable", where)
		}
	}
}

// secure: nothing is asked for over a connection that anybody may answer.
func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == ""
}
