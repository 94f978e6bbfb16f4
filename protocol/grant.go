package protocol

import (
	"fmt"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// MaxGrant is how long a grant lasts at most.
const MaxGrant = 366 * 24 * time.Hour

// Grant is a custodian's signed word that a study may be given more exact variants of
// a named cohort than the limit of its node lets it. It stays at the site.
type Grant struct {
	Study, Cohort string
	// Node names the site: the id of its node key.
	Node KeyID
	// Variants is how many may have been given in all, those before the grant
	// included; 0 is any number.
	Variants uint64
	Issued   time.Time
	Expires  time.Time
	// Salt tells it from another grant of the same second.
	Salt [SaltSize]byte
}

// Type is the domain of a grant's signature.
func (*Grant) Type() string { return "locus/grant/v1" }

func (g *Grant) encode() ([]byte, error) {
	return marshal(&pb.Grant{
		Study: g.Study, Cohort: g.Cohort, Node: g.Node[:], Variants: g.Variants,
		Issued: unix(g.Issued), Expires: unix(g.Expires), Salt: g.Salt[:],
	})
}

func (g *Grant) decode(payload []byte) error {
	m := new(pb.Grant)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	node, err := ParseDigest(m.Node)
	if err != nil {
		return err
	}
	*g = Grant{
		Study: m.Study, Cohort: m.Cohort, Node: node, Variants: m.Variants,
		Issued: fromUnix(m.Issued), Expires: fromUnix(m.Expires),
	}
	if !studyName.MatchString(g.Study) || !plainName(g.Cohort) || copy(g.Salt[:], m.Salt) != SaltSize || len(m.Salt) != SaltSize {
		return fmt.Errorf("%w: a grant names a study and a cohort, and has a salt of %d bytes", ErrMalformed, SaltSize)
	}
	if life := g.Expires.Sub(g.Issued); life <= 0 || life > MaxGrant {
		return fmt.Errorf("%w: a grant is for at most %d days", ErrMalformed, MaxGrant/(24*time.Hour))
	}
	return nil
}

// OpenGrant parses a grant and requires that its custodian has signed it.
func OpenGrant(raw []byte, custodian PublicKey) (Signed[Grant], error) {
	return Open[Grant](raw, NewKeyring(custodian))
}
