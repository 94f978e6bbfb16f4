package protocol

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// Reopening is a custodian's signed word that exact variants of a cohort may be given
// over either of two sets of sites, of which one has its own site. Who holds both sums
// holds what the sites make of them that are in one only, so all of those have to say so.
// It goes to every site that is in both.
type Reopening struct {
	Study, Cohort string
	// Node names the site: the id of its node key.
	Node KeyID
	// Sets are the ids of the sites' node keys, each ascending. Which of them was answered
	// first makes no difference.
	Sets    [2][]KeyID
	Issued  time.Time
	Expires time.Time
	// Salt tells it from another of the same second.
	Salt [SaltSize]byte
}

// Type is the domain of its signature.
func (*Reopening) Type() string { return "locus/reopening/v1" }

// Difference is the sites that are in one of the sets only, ascending.
func (r *Reopening) Difference() (ids []KeyID) {
	for i, set := range r.Sets {
		for _, id := range set {
			if !slices.Contains(r.Sets[1-i], id) {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, KeyID.Compare)
	return ids
}

// InBoth reports whether a site is in both sets.
func (r *Reopening) InBoth(node KeyID) bool {
	return slices.Contains(r.Sets[0], node) && slices.Contains(r.Sets[1], node)
}

func (r *Reopening) encode() ([]byte, error) {
	return marshal(&pb.Reopening{
		Study: r.Study, Cohort: r.Cohort, Node: r.Node[:], One: digestsOut(r.Sets[0]), Other: digestsOut(r.Sets[1]),
		Issued: unix(r.Issued), Expires: unix(r.Expires), Salt: r.Salt[:],
	})
}

func (r *Reopening) decode(payload []byte) error {
	m := new(pb.Reopening)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	node, err := ParseDigest(m.Node)
	if err != nil {
		return err
	}
	*r = Reopening{Study: m.Study, Cohort: m.Cohort, Node: node, Issued: fromUnix(m.Issued), Expires: fromUnix(m.Expires)}
	for i, list := range [2][][]byte{m.One, m.Other} {
		if r.Sets[i], err = digestList(list, MaxSites); err != nil {
			return err
		}
		if !slices.IsSortedFunc(r.Sets[i], KeyID.Compare) || len(slices.Compact(slices.Clone(r.Sets[i]))) != len(list) {
			return fmt.Errorf("%w: the sites of a set ascend", ErrMalformed)
		}
	}
	if !studyName.MatchString(r.Study) || !plainName(r.Cohort) || copy(r.Salt[:], m.Salt) != SaltSize || len(m.Salt) != SaltSize {
		return fmt.Errorf("%w: a reopening names a study and a cohort, and has a salt of %d bytes", ErrMalformed, SaltSize)
	}
	if slices.Contains(r.Sets[0], node) == slices.Contains(r.Sets[1], node) {
		return fmt.Errorf("%w: a reopening is of a site that is in one of the sets and not in the other", ErrMalformed)
	}
	if life := r.Expires.Sub(r.Issued); life <= 0 || life > MaxGrant {
		return fmt.Errorf("%w: a reopening is for at most %d days", ErrMalformed, MaxGrant/(24*time.Hour))
	}
	return nil
}

// OpenReopening parses a reopening and requires that its site's custodian has signed it;
// custodians has each site's key, by the id of its node key.
func OpenReopening(raw []byte, custodians map[KeyID]PublicKey) (Signed[Reopening], error) {
	ring := NewKeyring(slices.Collect(maps.Values(custodians))...)
	s, err := Open[Reopening](raw, ring)
	if err != nil {
		return Signed[Reopening]{}, err
	}
	if custodians[s.Message.Node].ID() != s.signer {
		return Signed[Reopening]{}, fmt.Errorf("%w: a reopening in another site's name", ErrSigner)
	}
	return s, nil
}
