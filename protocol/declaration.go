package protocol

import (
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// maxKEMLife is when a site has erased the private half of what it declared.
const maxKEMLife = 90 * 24 * time.Hour

// KEMKeySize is the length of an ML-KEM-768 + X25519 public key.
const KEMKeySize = 1184 + 32

// DeclaredCohort is what a site says of a cohort: never its exact size.
type DeclaredCohort struct {
	Name string
	// SizeClass is the largest of a few fixed sizes that is not above its own.
	SizeClass uint32
	Modes     []Mode
}

// Declaration is what a site says of its dataset, signed by its node.
type Declaration struct {
	Study string
	Point uint32
	// Content is an HMAC, under a key that stays at the site, over the canonical
	// genotypes, the sample table, the cohorts and the consent epoch. It changes
	// when the data does and tells nothing else.
	Content Digest
	Cohorts []DeclaredCohort
	// KEMKey is what questions and shares are sealed to until KEMUntil.
	KEMKey   []byte
	KEMUntil time.Time
	Issued   time.Time
}

// sizeClasses are the sizes that a declaration may say.
var sizeClasses = [...]uint32{20, 100, 500, 2_000, 10_000, 50_000, 200_000, 1_000_000}

// SizeClass rounds a number of people down to what a declaration may say, 0 below 20.
func SizeClass(people int) (class uint32) {
	for _, c := range sizeClasses {
		if people >= int(c) {
			class = c
		}
	}
	return class
}

// Type is the domain of a declaration's signature.
func (*Declaration) Type() string { return "locus/declaration/v1" }

func (d *Declaration) encode() ([]byte, error) {
	m := &pb.Declaration{
		Study: d.Study, Point: d.Point, Content: d.Content[:],
		KemKey: d.KEMKey, KemUntil: unix(d.KEMUntil), Issued: unix(d.Issued),
	}
	for _, c := range d.Cohorts {
		m.Cohorts = append(m.Cohorts, &pb.DeclaredCohort{Name: c.Name, SizeClass: c.SizeClass, Modes: modesOut(c.Modes)})
	}
	return marshal(m)
}

func (d *Declaration) decode(payload []byte) error {
	m := new(pb.Declaration)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	content, err := ParseDigest(m.Content)
	if err != nil {
		return err
	}
	*d = Declaration{
		Study: m.Study, Point: m.Point, Content: content, KEMKey: m.KemKey,
		KEMUntil: fromUnix(m.KemUntil), Issued: fromUnix(m.Issued),
	}
	if !studyName.MatchString(d.Study) || d.Point < 1 || d.Point > MaxSites || len(d.KEMKey) != KEMKeySize || len(m.Cohorts) > maxNames {
		return fmt.Errorf("%w: a declaration names a study, a site and a key of %d bytes", ErrMalformed, KEMKeySize)
	}
	if life := d.KEMUntil.Sub(d.Issued); life <= 0 || life > maxKEMLife {
		return fmt.Errorf("%w: a declared key is for at most %s", ErrMalformed, maxKEMLife)
	}
	names := make(repeats)
	for _, c := range m.Cohorts {
		if !plainName(c.Name) || names.seen("cohort", folded(c.Name)) {
			return fmt.Errorf("%w: declared cohorts have names that differ", ErrMalformed)
		}
		if c.SizeClass != SizeClass(int(c.SizeClass)) {
			return fmt.Errorf("%w: a declared size that is no class", ErrMalformed)
		}
		for _, mode := range c.Modes {
			if Mode(mode) != Exact && Mode(mode) != Private || names.seen("mode", c.Name+" "+Mode(mode).String()) {
				return fmt.Errorf("%w: a declared cohort's modes are exact and dp", ErrMalformed)
			}
		}
		d.Cohorts = append(d.Cohorts, DeclaredCohort{Name: c.Name, SizeClass: c.SizeClass, Modes: modesIn(c.Modes)})
	}
	return nil
}

// Cohort returns the declared cohort of a name.
func (d *Declaration) Cohort(name string) (DeclaredCohort, bool) {
	i := slices.IndexFunc(d.Cohorts, func(c DeclaredCohort) bool { return c.Name == name })
	if i < 0 {
		return DeclaredCohort{}, false
	}
	return d.Cohorts[i], true
}

// OpenDeclaration parses a declaration of this study and requires that the site
// it speaks for has signed it.
func (r *Roster) OpenDeclaration(raw []byte) (Signed[Declaration], error) {
	s, err := Open[Declaration](raw, r.NodeKeys())
	if err != nil {
		return Signed[Declaration]{}, err
	}
	return s, r.spokenBy(s.signer, s.Message.Point, s.Message.Study)
}

// spokenBy requires that the signer is the node at a point, and the study this one.
func (r *Roster) spokenBy(signer KeyID, point uint32, study string) error {
	site, ok := r.Site(point)
	if !ok || site.NodeKey.ID() != signer {
		return fmt.Errorf("%w: site %d", ErrSigner, point)
	}
	if study != r.Study {
		return fmt.Errorf("%w: a message of another study", ErrMalformed)
	}
	return nil
}

func modesOut(modes []Mode) (out []uint32) {
	for _, m := range modes {
		out = append(out, uint32(m))
	}
	return out
}

func modesIn(modes []uint32) (in []Mode) {
	for _, m := range modes {
		in = append(in, Mode(m))
	}
	return in
}
