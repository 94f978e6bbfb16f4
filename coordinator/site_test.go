package coordinator_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// site plays a site: it signs as one, and hides nothing. What it has answered it
// answers again.
type site struct {
	t              testing.TB
	point          uint32
	name           string
	key, custodian *protocol.SigningKey
	peer           wire.PeerID
	kem            []byte

	mu       sync.Mutex
	roster   protocol.Signed[protocol.Roster]
	declared protocol.Signed[protocol.Declaration]
	sessions map[protocol.SessionID]*answers
	// fresh is set when the others have said what they have seen of it.
	fresh bool
	// refuse, if set, is asked before a call is answered.
	refuse func(call protocol.Call, attempt uint32) protocol.Code
	// spoil, if set, may change the words after they were signed for.
	spoil func(words []byte)
	// change, if set, may change the header before it is signed.
	change func(*protocol.ContributionHeader)
	// sequence counts its votes; latest are the furthest heads of others that it keeps.
	sequence uint64
	latest   map[uint32]protocol.Seen
	// report is what it says of its budget, nil for nothing.
	report []byte
	// tasks are the bytes of every task that it was offered.
	tasks [][]byte
	// memory is what it has cosigned.
	memory audit.Memory
}

// answers are what the site has said in one session.
type answers struct {
	attempt  uint32
	task     []byte
	header   protocol.Signed[protocol.ContributionHeader]
	reply    map[protocol.Call][]byte
	words    []byte
	vote     protocol.Signed[protocol.Vote]
	received []protocol.Digest
	cut      protocol.Signed[protocol.Cut]
	query    protocol.QueryHeader
}

func (s *site) card() protocol.Card {
	return protocol.Card{
		Name: s.name, Organisation: "Hospital " + s.name, Country: "CH", Region: "eu",
		NodeKey: s.key.Public(), CustodianKey: s.custodian.Public(), Peer: string(s.peer), PeopleCap: 10_000,
	}
}

// wordsOf are the words of a session: any, but the same every time.
func (s *site) wordsOf(session protocol.SessionID, coefficients int) []byte {
	words := make([]byte, 0, 6*coefficients)
	for i := range coefficients {
		d := protocol.Hash("words", session[:], []byte{byte(s.point), byte(i)})
		words = append(words, d[:6]...)
	}
	return words
}

// ServeCall answers as a site does.
func (s *site) ServeCall(_ context.Context, _ wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := protocol.Call(kind)
	switch call {
	case protocol.CallSync:
		return s.sync(request)
	case protocol.CallTestify:
		heard, err := s.roster.Message.ParseTestimony(request)
		if err != nil {
			return nil, err
		}
		s.fresh = len(heard.Seen) >= siteCount-1
		state, err := s.state().Bytes()
		if err != nil {
			return nil, err
		}
		return protocol.Reply{Answer: state}.Bytes()
	case protocol.CallWitness:
		return s.witness(request)
	case protocol.CallOffer:
		return s.offer(request)
	case protocol.CallCosign:
		return s.cosign(request)
	}
	return s.inSession(call, request)
}

func (s *site) sync(request []byte) ([]byte, error) {
	m, err := protocol.ParseSync(request)
	if err != nil {
		return nil, err
	}
	for _, raw := range m.Rosters {
		if s.roster, err = protocol.OpenRoster(raw); err != nil {
			return nil, err
		}
	}
	if s.declared.IsZero() {
		now := time.Now().Truncate(time.Second)
		if s.declared, err = protocol.Sign(protocol.Declaration{
			Study: "demo", Point: s.point, Content: protocol.Hash("content", []byte{byte(s.point)}),
			Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 500, Modes: []protocol.Mode{protocol.Exact}}},
			KEMKey:  s.kem, KEMUntil: now.Add(time.Hour), Issued: now,
		}, s.key); err != nil {
			return nil, err
		}
	}
	return s.state().Bytes()
}

func (s *site) state() protocol.NodeState {
	st := protocol.StudyState{Study: "demo", Roster: s.roster.Digest(), Ready: s.fresh, Declaration: s.declared.Bytes(), Report: s.report}
	if !s.fresh {
		q, err := protocol.Sign(protocol.HeadQuery{Study: "demo", Point: s.point, Nonce: protocol.Hash("nonce", []byte{byte(s.point)})}, s.key)
		if err != nil {
			s.t.Error(err)
		}
		st.HeadQuery = q.Bytes()
	}
	return protocol.NodeState{Version: "test", Studies: []protocol.StudyState{st}}
}

func (s *site) witness(request []byte) ([]byte, error) {
	w, err := s.roster.Message.ParseWitness(request)
	if err != nil {
		return nil, err
	}
	var t protocol.Testimony
	see := func(seen protocol.Seen) error {
		signed, err := protocol.Sign(seen, s.key)
		t.Seen = append(t.Seen, signed)
		return err
	}
	for _, q := range w.HeadQueries {
		if err := see(protocol.Seen{Study: "demo", Point: s.point, Of: q.Message.Point, Nonce: q.Message.Nonce}); err != nil {
			return nil, err
		}
	}
	for _, v := range w.Votes {
		of := v.Message.Point
		if v.Message.Sequence > s.latest[of].Sequence {
			s.latest[of] = protocol.Seen{Study: "demo", Point: s.point, Of: of, Sequence: v.Message.Sequence, Head: v.Message.Head}
		}
		if err := see(s.latest[of]); err != nil {
			return nil, err
		}
	}
	raw, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	return protocol.Reply{Answer: raw}.Bytes()
}

// cosign answers as a witness of the members' logs and of other sites'.
func (s *site) cosign(request []byte) ([]byte, error) {
	ask, err := protocol.ParseCosign(request)
	if err != nil {
		return nil, err
	}
	keys := make(map[string]protocol.PublicKey)
	for _, m := range s.roster.Message.Members {
		keys[audit.CoordinatorOrigin(m.Key.ID())] = m.Key
	}
	for _, other := range s.roster.Message.Sites {
		keys[audit.NodeOrigin(other.NodeKey.ID())] = other.NodeKey
	}
	w := &audit.Witness{
		Name: audit.NodeOrigin(s.key.Public().ID()), Key: s.key, Memory: s.memory,
		Log: func(origin string) (protocol.PublicKey, bool) { key, ok := keys[origin]; return key, ok },
	}
	said := protocol.Cosigned{Status: audit.StatusUnknown}
	if len(ask.Request) > 0 {
		r, err := w.AddCheckpoint(s.t.Context(), ask.Request)
		if err != nil {
			return nil, err
		}
		said = protocol.Cosigned{Status: r.Status, Body: r.Body}
	} else if note, err := w.Known(s.t.Context(), ask.Origin); err != nil {
		return nil, err
	} else if note != nil {
		said = protocol.Cosigned{Status: audit.StatusDone, Body: note}
	}
	raw, err := said.Bytes()
	if err != nil {
		return nil, err
	}
	return protocol.Reply{Answer: raw}.Bytes()
}

// refusal is a reply that says no, or nothing.
func (s *site) refusal(call protocol.Call, session protocol.SessionID, attempt uint32) ([]byte, error) {
	if s.refuse == nil {
		return nil, nil
	}
	code := s.refuse(call, attempt)
	if code == 0 {
		return nil, nil
	}
	r, err := protocol.Sign(protocol.Refusal{Session: session, Point: s.point, Code: code}, s.key)
	if err != nil {
		return nil, err
	}
	return protocol.Reply{Refusal: r.Bytes()}.Bytes()
}

func (s *site) offer(request []byte) ([]byte, error) {
	o, err := s.roster.Message.ParseOffer(request, s.roster.Digest())
	if err != nil {
		return nil, err
	}
	session := o.Task.Message.Session()
	s.tasks = append(s.tasks, o.Task.Bytes())
	a, ok := s.sessions[session]
	if ok && !bytes.Equal(a.task, o.Task.Bytes()) {
		s.t.Errorf("%s was offered two tasks for one session", s.name)
	}
	if no, err := s.refusal(protocol.CallOffer, session, o.Task.Message.Attempt); no != nil || err != nil {
		return no, err
	}
	if !ok {
		if a, err = s.contribute(o); err != nil {
			return nil, err
		}
		s.sessions[session] = a
		// It counts for a while.
		return protocol.Reply{Working: true}.Bytes()
	}
	return a.reply[protocol.CallOffer], nil
}

func (s *site) contribute(o protocol.Offer) (*answers, error) {
	session := o.Task.Message.Session()
	a := &answers{attempt: o.Task.Message.Attempt, task: o.Task.Bytes(), reply: make(map[protocol.Call][]byte), query: o.Header.Message}
	a.words = s.wordsOf(session, int(o.Header.Message.Size))
	h := protocol.ContributionHeader{
		Session: session, Roster: s.roster.Digest(), Point: s.point, Declaration: s.declared.Digest(), Params: o.Header.Message.Params,
		Coefficients: o.Header.Message.Size, Words: sha256.Sum256(a.words), Sequence: 1, Head: protocol.Hash("head"),
	}
	c := protocol.Contribution{}
	for to := range siteCount {
		share := []byte{byte(s.point), byte(to + 1)}
		c.Shares = append(c.Shares, share)
	}
	h.Shares = protocol.SharesRoot(c.Shares)
	if s.change != nil {
		s.change(&h)
	}
	var err error
	if c.Header, err = protocol.Sign(h, s.key); err != nil {
		return nil, err
	}
	if s.spoil != nil {
		s.spoil(a.words)
	}
	raw, err := c.Bytes()
	if err != nil {
		return nil, err
	}
	a.header = c.Header
	a.reply[protocol.CallOffer], err = protocol.Reply{Answer: raw}.Bytes()
	return a, err
}

// inSession answers the calls that come after a contribution.
func (s *site) inSession(call protocol.Call, request []byte) ([]byte, error) {
	read := map[protocol.Call]func([]byte) (protocol.SessionID, error){
		protocol.CallDeliver: protocol.DeliverySession, protocol.CallCut: protocol.CutSession, protocol.CallOpen: protocol.OpenRequestSession,
	}
	session, err := read[call](request)
	if err != nil {
		return nil, err
	}
	a, ok := s.sessions[session]
	if !ok {
		return nil, wire.CodeNotFound
	}
	if no, err := s.refusal(call, session, a.attempt); no != nil || err != nil {
		return no, err
	}
	if stored, ok := a.reply[call]; ok {
		return stored, nil
	}
	var answer []byte
	switch call {
	case protocol.CallDeliver:
		answer, err = s.deliver(a, session, request)
	case protocol.CallCut:
		answer, err = s.cut(a, session, request)
	case protocol.CallOpen:
		answer, err = s.open(a, session, request)
	}
	if err != nil {
		return nil, err
	}
	a.reply[call], err = protocol.Reply{Answer: answer}.Bytes()
	return a.reply[call], err
}

func (s *site) deliver(a *answers, session protocol.SessionID, request []byte) ([]byte, error) {
	d, err := s.roster.Message.ParseDelivery(request, s.roster.Digest(), s.point)
	if err != nil {
		return nil, err
	}
	for i, h := range d.Headers {
		if !bytes.Equal(d.Shares[i], []byte{byte(h.Message.Point), byte(s.point)}) {
			s.t.Errorf("%s was given a share for another site", s.name)
		}
		a.received = append(a.received, h.Digest())
	}
	signed, err := protocol.Sign(protocol.Received{Session: session, Point: s.point, Headers: a.received}, s.key)
	return signed.Bytes(), err
}

func (s *site) cut(a *answers, session protocol.SessionID, request []byte) ([]byte, error) {
	o, err := s.roster.Message.ParseCutOffer(request, s.roster.Digest())
	if err != nil {
		return nil, err
	}
	a.cut = o.Cut
	s.sequence++
	a.vote, err = protocol.Sign(protocol.Vote{
		Study: "demo", Session: session, Point: s.point, Set: o.Cut.Message.Set(), Sequence: s.sequence, Head: s.head(s.sequence),
	}, s.key)
	return a.vote.Bytes(), err
}

// head is the head of the site's chain after so many votes.
func (s *site) head(sequence uint64) protocol.Digest {
	return protocol.Hash("head", []byte(s.name), binary.BigEndian.AppendUint64(nil, sequence))
}

func (s *site) open(a *answers, session protocol.SessionID, request []byte) ([]byte, error) {
	o, err := s.roster.Message.ParseOpenRequest(request)
	if err != nil {
		return nil, err
	}
	for _, seen := range o.Seen {
		m := &seen.Message
		if m.Of != s.point || m.Sequence < a.vote.Message.Sequence || m.Head != s.head(m.Sequence) {
			s.t.Errorf("%s was brought a word on another vote", s.name)
		}
	}
	if len(o.Seen) < s.roster.Message.Threshold-1 {
		s.t.Errorf("%s is asked to open before %d others have seen its vote", s.name, s.roster.Message.Threshold-1)
	}
	sealed := []byte("sealed by " + s.name)
	signed, err := protocol.Sign(protocol.Opening{
		Session: session, Point: s.point, Set: a.cut.Message.Set(), Recipient: a.query.Recipient, Sealed: sha256.Sum256(sealed),
	}, s.key)
	if err != nil {
		return nil, err
	}
	return protocol.SealedOpening{Opening: signed, Sealed: sealed}.Bytes()
}

// OpenBulk hands out the words of a session.
func (s *site) OpenBulk(_ context.Context, _ wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.sessions {
		if a.header.Message.Words == id {
			return wire.Bulk{Size: int64(len(a.words)), Digest: id, Body: io.NopCloser(bytes.NewReader(a.words[offset:]))}, nil
		}
	}
	return wire.Bulk{}, wire.CodeNotFound
}
