package protocol

import (
	"fmt"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// Voice is the signed word of one of a site's officers on a question, or on a change of the
// site's rules, that waits for people. It stays at the site.
type Voice struct {
	// Node names the site: the id of its node key.
	Node KeyID
	// Motion names what is decided.
	Motion Digest
	Yes    bool
	Issued time.Time
}

// Type is the domain of a voice's signature.
func (*Voice) Type() string { return "locus/voice/v1" }

func (v *Voice) encode() ([]byte, error) {
	return marshal(&pb.Voice{Node: v.Node[:], Motion: v.Motion[:], Yes: v.Yes, Issued: unix(v.Issued)})
}

func (v *Voice) decode(payload []byte) error {
	m := new(pb.Voice)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Node, m.Motion)
	if err != nil {
		return err
	}
	*v = Voice{Node: d[0], Motion: d[1], Yes: m.Yes, Issued: fromUnix(m.Issued)}
	if v.Issued.Unix() <= 0 {
		return fmt.Errorf("%w: a voice says when it was given", ErrMalformed)
	}
	return nil
}

// OpenVoice parses a voice and requires that one of some officers has signed it.
func OpenVoice(raw []byte, officers Keyring) (Signed[Voice], error) {
	return Open[Voice](raw, officers)
}
