package protocol_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// spoken is a message as it travels, with the parser that its receiver has for it.
type spoken struct {
	name  string
	bytes []byte
	parse func([]byte) error
}

// parts are what the messages of one attempt are made of: site 3 has contributed, site
// 1 answers, and site 2 has started again.
type parts struct {
	query    protocol.Query
	task     protocol.Signed[protocol.Task]
	shares   [][]byte
	headers  []protocol.Signed[protocol.ContributionHeader]
	received []protocol.Signed[protocol.Received]
	cut      protocol.Signed[protocol.Cut]
	vote     protocol.Signed[protocol.Vote]
	asked    protocol.Signed[protocol.HeadQuery]
	seen     []protocol.Signed[protocol.Seen]
	opening  protocol.SealedOpening
	refusal  protocol.Signed[protocol.Refusal]
}

// signed unwraps what cannot fail in a test.
func signed[T any](t testing.TB) func(protocol.Signed[T], error) protocol.Signed[T] {
	return must[protocol.Signed[T]](t)
}

func (s *study) parts(t testing.TB) (p parts) {
	t.Helper()
	roster := s.roster.Digest()
	p.query, _ = s.query(t)
	p.task = signed[protocol.Task](t)(protocol.Sign(protocol.Task{
		Study: "demo", Roster: roster, Query: p.query.Header.Digest(), Attempt: 1, Issued: now, Expires: now.Add(time.Minute),
	}, s.member))
	session := p.task.Message.Session()
	h := protocol.ContributionHeader{
		Session: session, Roster: roster, Point: 3, Declaration: s.declared[2].Digest(), Params: "a50g8", Coefficients: 1,
		Words: protocol.Hash("words"), Sequence: 1, Head: protocol.Hash("head"), Bound: []uint32{1, 2, 3},
	}
	p.shares = [][]byte{[]byte("to 1"), []byte("to 2"), []byte("to 3")}
	h.Shares = protocol.SharesRoot(p.shares)
	header := signed[protocol.ContributionHeader](t)(protocol.Sign(h, s.nodes[2]))
	p.headers = append(p.headers, header)
	p.cut = signed[protocol.Cut](t)(protocol.Sign(protocol.Cut{
		Session: session, Roster: roster, Entries: []protocol.CutEntry{{Point: 3, Header: header.Digest()}},
	}, s.member))
	p.received = append(p.received, signed[protocol.Received](t)(protocol.Sign(protocol.Received{
		Session: session, Point: 1, Headers: []protocol.Digest{header.Digest()},
	}, s.nodes[0])))
	set := p.cut.Message.Set()
	p.vote = signed[protocol.Vote](t)(protocol.Sign(protocol.Vote{
		Study: "demo", Session: session, Point: 1, Set: set, Sequence: 2, Head: protocol.Hash("head"),
	}, s.nodes[0]))
	p.asked = signed[protocol.HeadQuery](t)(protocol.Sign(protocol.HeadQuery{Study: "demo", Point: 2, Nonce: protocol.Hash("nonce")}, s.nodes[1]))
	p.seen = append(p.seen, signed[protocol.Seen](t)(protocol.Sign(protocol.Seen{
		Study: "demo", Point: 3, Of: 1, Sequence: 2, Head: protocol.Hash("head"),
	}, s.nodes[2])))
	p.opening.Sealed = []byte("sealed")
	p.opening.Opening = signed[protocol.Opening](t)(protocol.Sign(protocol.Opening{
		Session: session, Point: 1, Set: set, Recipient: p.query.Header.Message.Recipient, Sealed: sha256.Sum256(p.opening.Sealed),
	}, s.nodes[0]))
	p.refusal = signed[protocol.Refusal](t)(protocol.Sign(protocol.Refusal{Session: session, Point: 1, Code: protocol.Expired}, s.nodes[0]))
	return p
}

// conversation is one of each message of a task in a study of three sites.
func (s *study) conversation(t testing.TB) []spoken {
	t.Helper()
	r, roster, p, m := s.r(), s.roster.Digest(), s.parts(t), must[[]byte](t)
	session := p.task.Message.Session()
	votes := []protocol.Signed[protocol.Vote]{p.vote}
	asked := []protocol.Signed[protocol.HeadQuery]{p.asked}
	contribution := protocol.Contribution{Header: p.headers[0], Shares: p.shares, BoundBy: p.cut.Bytes()}
	delivery := protocol.Delivery{Session: session}
	delivery.Add(contribution, 1)
	return append(append(s.joining(t), s.releasing(t)...), []spoken{
		{"roster", s.roster.Bytes(), of(protocol.OpenRoster)},
		{"proposal", s.roster.Bytes(), of(protocol.ParseProposal)},
		{"declaration", s.declared[0].Bytes(), of(r.OpenDeclaration)},
		{"query", m(p.query.Bytes()), under(r.ParseQuery, roster)},
		{"task", p.task.Bytes(), under(r.OpenTask, roster)},
		{"offer", m(protocol.Offer{Task: p.task, Header: p.query.Header, Body: p.query.Bodies[0], Declarations: s.declared}.Bytes()), under(r.ParseOffer, roster)},
		{"contribution", m(contribution.Bytes()), under(r.ParseContribution, roster)},
		{"delivery", m(delivery.Bytes()), func(raw []byte) error {
			_, err := r.ParseDelivery(raw, roster, 1)
			return err
		}},
		{"received", p.received[0].Bytes(), of(r.OpenReceived)},
		{"cut", m(protocol.CutOffer{Cut: p.cut, Headers: p.headers, Received: p.received}.Bytes()), under(r.ParseCutOffer, roster)},
		{"vote", p.vote.Bytes(), of(r.OpenVote)},
		{"witness", m(protocol.Witness{Votes: votes, HeadQueries: asked}.Bytes()), of(r.ParseWitness)},
		{"testimony", m(protocol.Testimony{Seen: p.seen}.Bytes()), of(r.ParseTestimony)},
		{"open request", m(protocol.OpenRequest{Session: session, Seen: p.seen}.Bytes()), of(r.ParseOpenRequest)},
		{"opening", m(p.opening.Bytes()), of(r.ParseOpening)},
		{"result", m(protocol.Result{
			Header: p.query.Header, Task: p.task, Cut: p.cut, Headers: p.headers, Received: p.received,
			Openings: []protocol.SealedOpening{p.opening}, Sum: protocol.Hash("sum"),
		}.Bytes()), under(r.ParseResult, roster)},
		{"refusal", p.refusal.Bytes(), of(r.OpenRefusal)},
		{"grant", s.grant(t, nil).Bytes(), func(raw []byte) error {
			_, err := protocol.OpenGrant(raw, s.custodians[0].Public())
			return err
		}},
		{"voice", s.voice(t).Bytes(), func(raw []byte) error {
			_, err := protocol.OpenVoice(raw, protocol.NewKeyring(s.custodians[0].Public()))
			return err
		}},
		{"reopening", signed[protocol.Reopening](t)(protocol.Sign(s.reopening(nil), s.custodians[2])).Bytes(), func(raw []byte) error {
			_, err := protocol.OpenReopening(raw, s.custodianKeys())
			return err
		}},
		{"reply", m(protocol.Reply{Refusal: p.refusal.Bytes()}.Bytes()), of(protocol.ParseReply)},
		{"cosign", m(protocol.Cosign{Request: []byte("old 0\n\na\n0\nb\n\n")}.Bytes()), of(protocol.ParseCosign)},
		{"what is remembered", m(protocol.Cosign{Origin: "locus/node/alice"}.Bytes()), of(protocol.ParseCosign)},
		{"cosigned", m(protocol.Cosigned{Status: 409, Body: []byte("3\n")}.Bytes()), of(protocol.ParseCosigned)},
		{"sync", m(protocol.Sync{Rosters: [][]byte{s.roster.Bytes()}}.Bytes()), of(protocol.ParseSync)},
		{"node state", m(protocol.NodeState{Version: "1", Studies: []protocol.StudyState{
			{
				Study: "demo", Roster: roster, Declaration: s.declared[0].Bytes(), HeadQuery: p.asked.Bytes(),
				Report: signed[protocol.SiteReport](t)(protocol.Sign(s.report(nil), s.nodes[0])).Bytes(),
			},
		}}.Bytes()), of(protocol.ParseNodeState)},
		{"offered study", m(protocol.Offer{Task: p.task}.Bytes()), of(protocol.OfferedStudy)},
		{"session of a delivery", m(protocol.Delivery{Session: session}.Bytes()), of(protocol.DeliverySession)},
		{"session of a cut", m(protocol.CutOffer{Cut: p.cut}.Bytes()), of(protocol.CutSession)},
		{"session of an open request", m(protocol.OpenRequest{Session: session}.Bytes()), of(protocol.OpenRequestSession)},
		{"study of a vote", m(protocol.Witness{Votes: votes}.Bytes()), of(protocol.WitnessStudy)},
		{"study of a head query", m(protocol.Witness{HeadQueries: asked}.Bytes()), of(protocol.WitnessStudy)},
		{"study of a testimony", m(protocol.Testimony{Seen: p.seen}.Bytes()), of(protocol.TestimonyStudy)},
	}...)
}

// releasing is what is said of budgets, and to publish an answer.
func (s *study) releasing(t testing.TB) []spoken {
	t.Helper()
	r, roster, p := s.r(), s.roster.Digest(), newPublished(t)
	report := signed[protocol.SiteReport](t)(protocol.Sign(s.report(nil), s.nodes[0]))
	return []spoken{
		{"site report", report.Bytes(), under(r.OpenSiteReport, roster)},
		{"publication", p.publication(t).Bytes(), under(r.OpenPublication, roster)},
		{"query of a publication", p.publication(t).Bytes(), of(protocol.PublishedQuery)},
		{"verdict", p.verdicts[0].Bytes(), of(r.OpenVerdict)},
		{"table record", must[[]byte](t)(p.record(t).Bytes()), under(r.ParseTableRecord, roster)},
	}
}

// joining is what is said before there is a study.
func (s *study) joining(t testing.TB) []spoken {
	t.Helper()
	card := protocol.Card{
		Name: "site-4", Organisation: "Hospital 4", Country: "CH", Region: "eu", NodeKey: newKey(t, "n").Public(),
		CustodianKey: newKey(t, "c").Public(), Peer: "peer-4", PeopleCap: 100,
	}
	request := must[[]byte](t)(card.JoinRequest([]byte("secret")))
	invitation := must[protocol.PublicKey](t)(protocol.InvitationKey([]byte("secret")))
	return []spoken{
		{"join request", request, func(raw []byte) error {
			_, err := protocol.ParseJoinRequest(raw, invitation)
			return err
		}},
		{"name in a join request", request, of(protocol.JoinName)},
		{"stored card", request, of(protocol.ParseCard)},
	}
}

func of[T any](parse func([]byte) (T, error)) func([]byte) error {
	return func(raw []byte) error {
		_, err := parse(raw)
		return err
	}
}

func under[T any](parse func([]byte, protocol.Digest) (T, error), roster protocol.Digest) func([]byte) error {
	return func(raw []byte) error {
		_, err := parse(raw, roster)
		return err
	}
}

// Each message is read by the parser that is for it and, as a rule, by no other.
func TestEveryMessageIsReadByItsOwnParser(t *testing.T) {
	s := newStudy(t, 3)
	all := s.conversation(t)
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			if err := m.parse(m.bytes); err != nil {
				t.Errorf("refused: %v", err)
			}
			if err := m.parse(nil); err == nil && m.name != "sync" && m.name != "node state" && m.name != "witness" && m.name != "testimony" && m.name != "offered study" {
				t.Error("nothing is taken for a message")
			}
		})
	}
}

// A message that is cut short, or that has a byte altered, is an error of ours and
// never a panic; one that is signed as a whole is never accepted.
func TestDamagedMessagesAreRefused(t *testing.T) {
	s := newStudy(t, 3)
	for _, m := range s.conversation(t) {
		t.Run(m.name, func(t *testing.T) {
			step := max(1, len(m.bytes)/60)
			for at := 0; at < len(m.bytes); at += step {
				damaged := bytes.Clone(m.bytes)
				damaged[at] ^= 0x40
				for _, raw := range [][]byte{damaged, m.bytes[:at]} {
					err := m.parse(raw)
					if err != nil && !errors.Is(err, protocol.ErrMalformed) && !errors.Is(err, protocol.ErrSignature) && !errors.Is(err, protocol.ErrSigner) {
						t.Fatalf("at byte %d: error of another sort: %v", at, err)
					}
				}
			}
		})
	}
}
