package protocol

import (
	"fmt"

	"github.com/locus-genomics/locus/protocol/pb"
)

// maxStudies bounds the studies that one site takes part in.
const maxStudies = 1024

// Sync is the leader's greeting: the rosters in force that list this site, as
// their custodians signed them.
type Sync struct{ Rosters [][]byte }

// Bytes is the greeting as it travels.
func (s Sync) Bytes() ([]byte, error) {
	m := new(pb.Sync)
	for _, raw := range s.Rosters {
		e, err := parseEnvelope(raw)
		if err != nil {
			return nil, err
		}
		m.Rosters = append(m.Rosters, e)
	}
	return marshal(m)
}

// ParseSync reads a greeting. The rosters in it are not verified: OpenRoster does.
func ParseSync(raw []byte) (Sync, error) {
	m := new(pb.Sync)
	if err := unmarshal(raw, m); err != nil {
		return Sync{}, err
	}
	if len(m.Rosters) > maxStudies {
		return Sync{}, fmt.Errorf("%w: more than %d studies", ErrMalformed, maxStudies)
	}
	var s Sync
	for _, e := range m.Rosters {
		b, err := marshal(e)
		if err != nil {
			return Sync{}, fmt.Errorf("%w: a roster", ErrMalformed)
		}
		s.Rosters = append(s.Rosters, b)
	}
	return s, nil
}

// StudyState is where a node stands in a study.
type StudyState struct {
	Study string
	// Roster is the one in force at the node.
	Roster Digest
	// Ready nodes contribute and vote; one that is not asks for its head.
	Ready       bool
	Declaration []byte
	HeadQuery   []byte
	// Report is a SiteReport, nil where the custodian does not let one leave.
	Report []byte
}

// NodeState answers a Sync.
type NodeState struct {
	Version string
	Studies []StudyState
}

// Bytes is the state as it travels.
func (s NodeState) Bytes() ([]byte, error) {
	m := &pb.NodeState{Version: s.Version}
	for _, st := range s.Studies {
		p := &pb.StudyState{Study: st.Study, Roster: st.Roster[:], Ready: st.Ready}
		for _, f := range []struct {
			to   **pb.Envelope
			from []byte
		}{{&p.Declaration, st.Declaration}, {&p.HeadQuery, st.HeadQuery}, {&p.Report, st.Report}} {
			if len(f.from) == 0 {
				continue
			}
			e, err := parseEnvelope(f.from)
			if err != nil {
				return nil, err
			}
			*f.to = e
		}
		m.Studies = append(m.Studies, p)
	}
	return marshal(m)
}

// ParseNodeState reads a node's answer. The envelopes in it are not verified yet.
func ParseNodeState(raw []byte) (NodeState, error) {
	m := new(pb.NodeState)
	if err := unmarshal(raw, m); err != nil {
		return NodeState{}, err
	}
	if len(m.Studies) > maxStudies || len(m.Version) > maxNameLength {
		return NodeState{}, fmt.Errorf("%w: more than %d studies", ErrMalformed, maxStudies)
	}
	s := NodeState{Version: m.Version}
	for _, p := range m.Studies {
		roster, err := ParseDigest(p.Roster)
		if err != nil {
			return NodeState{}, err
		}
		if !studyName.MatchString(p.Study) {
			return NodeState{}, fmt.Errorf("%w: a study's name", ErrMalformed)
		}
		st := StudyState{Study: p.Study, Roster: roster, Ready: p.Ready}
		if st.Declaration, err = envelopeBytes(p.Declaration); err != nil {
			return NodeState{}, err
		}
		if st.HeadQuery, err = envelopeBytes(p.HeadQuery); err != nil {
			return NodeState{}, err
		}
		if st.Report, err = envelopeBytes(p.Report); err != nil {
			return NodeState{}, err
		}
		s.Studies = append(s.Studies, st)
	}
	return s, nil
}

func envelopeBytes(e *pb.Envelope) ([]byte, error) {
	if e == nil {
		return nil, nil
	}
	return marshal(e)
}

// Witness hands a site what others say of their heads, to be kept and countersigned.
type Witness struct {
	Votes       []Signed[Vote]
	HeadQueries []Signed[HeadQuery]
}

// Bytes is the message as it travels.
func (w Witness) Bytes() ([]byte, error) {
	return marshal(&pb.Witness{Votes: envelopes(w.Votes), HeadQueries: envelopes(w.HeadQueries)})
}

// WitnessStudy reads which study the message is for, before anything is verified.
func WitnessStudy(raw []byte) (string, error) {
	m := new(pb.Witness)
	if err := unmarshal(raw, m); err != nil {
		return "", err
	}
	if len(m.Votes) > 0 {
		v := new(pb.Vote)
		err := unmarshal(m.Votes[0].GetPayload(), v)
		return v.Study, err
	}
	if len(m.HeadQueries) > 0 {
		q := new(pb.HeadQuery)
		err := unmarshal(m.HeadQueries[0].GetPayload(), q)
		return q.Study, err
	}
	return "", fmt.Errorf("%w: nothing to witness", ErrMalformed)
}

// ParseWitness reads the message and verifies every signature in it.
func (r *Roster) ParseWitness(raw []byte) (Witness, error) {
	m := new(pb.Witness)
	if err := unmarshal(raw, m); err != nil {
		return Witness{}, err
	}
	var w Witness
	var err error
	if w.Votes, err = reopenAll(m.Votes, r.OpenVote); err != nil {
		return Witness{}, err
	}
	w.HeadQueries, err = reopenAll(m.HeadQueries, r.OpenHeadQuery)
	return w, err
}

// Testimony is what a site answers to a Witness, or what is handed to the site
// that asked.
type Testimony struct{ Seen []Signed[Seen] }

// Bytes is the message as it travels.
func (t Testimony) Bytes() ([]byte, error) {
	return marshal(&pb.Testimony{Seen: envelopes(t.Seen)})
}

// ParseTestimony reads the message and verifies every signature in it.
func (r *Roster) ParseTestimony(raw []byte) (Testimony, error) {
	m := new(pb.Testimony)
	if err := unmarshal(raw, m); err != nil {
		return Testimony{}, err
	}
	seen, err := reopenAll(m.Seen, r.OpenSeen)
	return Testimony{Seen: seen}, err
}

// TestimonyStudy reads which study the message is for, before anything is verified.
func TestimonyStudy(raw []byte) (string, error) {
	m := new(pb.Testimony)
	if err := unmarshal(raw, m); err != nil {
		return "", err
	}
	if len(m.Seen) == 0 {
		return "", fmt.Errorf("%w: nothing seen", ErrMalformed)
	}
	s := new(pb.Seen)
	err := unmarshal(m.Seen[0].GetPayload(), s)
	return s.Study, err
}

// OpenRequest delivers what the others have seen of a site's vote and asks for its
// opening.
type OpenRequest struct {
	Session SessionID
	Seen    []Signed[Seen]
}

// Bytes is the request as it travels.
func (o OpenRequest) Bytes() ([]byte, error) {
	return marshal(&pb.OpenRequest{Session: o.Session[:], Seen: envelopes(o.Seen)})
}

// OpenRequestSession reads which session is asked for, before anything is verified.
func OpenRequestSession(raw []byte) (SessionID, error) {
	m := new(pb.OpenRequest)
	if err := unmarshal(raw, m); err != nil {
		return SessionID{}, err
	}
	return ParseDigest(m.Session)
}

// ParseOpenRequest reads the request and verifies every signature in it.
func (r *Roster) ParseOpenRequest(raw []byte) (OpenRequest, error) {
	m := new(pb.OpenRequest)
	if err := unmarshal(raw, m); err != nil {
		return OpenRequest{}, err
	}
	session, err := ParseDigest(m.Session)
	if err != nil {
		return OpenRequest{}, err
	}
	seen, err := reopenAll(m.Seen, r.OpenSeen)
	return OpenRequest{Session: session, Seen: seen}, err
}

// Reply is a node's answer to a call: bytes whose meaning the call gives, a signed
// refusal, or neither while the node is still at it and should be asked again.
type Reply struct {
	Answer  []byte
	Refusal []byte
	Working bool
}

// Bytes is the reply as it travels.
func (r Reply) Bytes() ([]byte, error) {
	m := &pb.Reply{Answer: r.Answer, Working: r.Working}
	if len(r.Refusal) > 0 {
		e, err := parseEnvelope(r.Refusal)
		if err != nil {
			return nil, err
		}
		m.Refusal = e
	}
	return marshal(m)
}

// ParseReply reads a reply: one of its three forms.
func ParseReply(raw []byte) (Reply, error) {
	m := new(pb.Reply)
	if err := unmarshal(raw, m); err != nil {
		return Reply{}, err
	}
	refusal, err := envelopeBytes(m.Refusal)
	if err != nil {
		return Reply{}, err
	}
	forms := 0
	for _, is := range []bool{refusal != nil, len(m.Answer) > 0, m.Working} {
		if is {
			forms++
		}
	}
	if forms != 1 {
		return Reply{}, fmt.Errorf("%w: a reply is an answer, a refusal or a word of patience", ErrMalformed)
	}
	return Reply{Answer: m.Answer, Refusal: refusal, Working: m.Working}, nil
}
