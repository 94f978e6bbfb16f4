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

// conversation is one of each message of a task in a study of three sites.
func (s *study) conversation(t testing.TB) []spoken {
	t.Helper()
	r, roster := s.r(), s.roster.Digest()
	query, _ := s.query(t)
	task := must[protocol.Signed[protocol.Task]](t)(protocol.Sign(protocol.Task{
		Study: "demo", Roster: roster, Query: query.Header.Digest(), Attempt: 1, Issued: now, Expires: now.Add(time.Minute),
	}, s.member))
	session := task.Message.Session()

	shares := [][]byte{[]byte("to 1"), []byte("to 2"), []byte("to 3")}
	h := protocol.ContributionHeader{
		Session: session, Roster: roster, Point: 3, Declaration: s.declared[2].Digest(), Params: "a50g8", Coefficients: 1,
		Words: protocol.Hash("words"), Sequence: 1, Head: protocol.Hash("head"), Bound: []uint32{1, 2, 3},
	}
	for _, share := range shares {
		h.Shares = append(h.Shares, sha256.Sum256(share))
	}
	header := must[protocol.Signed[protocol.ContributionHeader]](t)(protocol.Sign(h, s.nodes[2]))
	headers := []protocol.Signed[protocol.ContributionHeader]{header}
	cut := must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(protocol.Cut{
		Session: session, Roster: roster, Entries: []protocol.CutEntry{{Point: 3, Header: header.Digest()}},
	}, s.member))
	received := must[protocol.Signed[protocol.Received]](t)(protocol.Sign(protocol.Received{
		Session: session, Point: 1, Headers: []protocol.Digest{header.Digest()},
	}, s.nodes[0]))
	receipts := []protocol.Signed[protocol.Received]{received}
	vote := must[protocol.Signed[protocol.Vote]](t)(protocol.Sign(protocol.Vote{
		Study: "demo", Session: session, Point: 1, Set: cut.Message.Set(), Sequence: 2, Head: protocol.Hash("head"),
	}, s.nodes[0]))
	asked := must[protocol.Signed[protocol.HeadQuery]](t)(protocol.Sign(protocol.HeadQuery{
		Study: "demo", Point: 2, Nonce: protocol.Hash("nonce"),
	}, s.nodes[1]))
	seen := []protocol.Signed[protocol.Seen]{must[protocol.Signed[protocol.Seen]](t)(protocol.Sign(protocol.Seen{
		Study: "demo", Point: 3, Of: 1, Sequence: 2, Head: protocol.Hash("head"),
	}, s.nodes[2]))}
	opening := protocol.SealedOpening{Sealed: []byte("sealed")}
	opening.Opening = must[protocol.Signed[protocol.Opening]](t)(protocol.Sign(protocol.Opening{
		Session: session, Point: 1, Set: cut.Message.Set(), Recipient: query.Header.Message.Recipient, Sealed: sha256.Sum256(opening.Sealed),
	}, s.nodes[0]))
	refusal := must[protocol.Signed[protocol.Refusal]](t)(protocol.Sign(protocol.Refusal{
		Session: session, Point: 1, Code: protocol.Expired,
	}, s.nodes[0]))
	card := protocol.Card{
		Name: "site-4", Organisation: "Hospital 4", Country: "CH", Region: "eu", NodeKey: newKey(t, "n").Public(),
		CustodianKey: newKey(t, "c").Public(), Peer: "peer-4", PeopleCap: 100,
	}
	invitation := must[protocol.PublicKey](t)(protocol.InvitationKey([]byte("secret")))

	m := must[[]byte](t)
	return []spoken{
		{"roster", s.roster.Bytes(), of(protocol.OpenRoster)},
		{"proposal", s.roster.Bytes(), of(protocol.ParseProposal)},
		{"declaration", s.declared[0].Bytes(), of(r.OpenDeclaration)},
		{"query", m(query.Bytes()), under(r.ParseQuery, roster)},
		{"task", task.Bytes(), under(r.OpenTask, roster)},
		{"offer", m(protocol.Offer{Task: task, Header: query.Header, Body: query.Bodies[0], Declarations: s.declared}.Bytes()), under(r.ParseOffer, roster)},
		{"contribution", m(protocol.Contribution{Header: header, Shares: shares, BoundBy: cut.Bytes()}.Bytes()), under(r.ParseContribution, roster)},
		{"delivery", m(protocol.Delivery{Session: session, Headers: headers, Shares: shares[:1]}.Bytes()), func(raw []byte) error {
			_, err := r.ParseDelivery(raw, roster, 1)
			return err
		}},
		{"received", received.Bytes(), of(r.OpenReceived)},
		{"cut", m(protocol.CutOffer{Cut: cut, Headers: headers, Received: receipts}.Bytes()), under(r.ParseCutOffer, roster)},
		{"vote", vote.Bytes(), of(r.OpenVote)},
		{"witness", m(protocol.Witness{Votes: []protocol.Signed[protocol.Vote]{vote}, HeadQueries: []protocol.Signed[protocol.HeadQuery]{asked}}.Bytes()), of(r.ParseWitness)},
		{"testimony", m(protocol.Testimony{Seen: seen}.Bytes()), of(r.ParseTestimony)},
		{"open request", m(protocol.OpenRequest{Session: session, Seen: seen}.Bytes()), of(r.ParseOpenRequest)},
		{"opening", m(opening.Bytes()), of(r.ParseOpening)},
		{"result", m(protocol.Result{
			Header: query.Header, Task: task, Cut: cut, Headers: headers, Received: receipts, Openings: []protocol.SealedOpening{opening}, Sum: protocol.Hash("sum"),
		}.Bytes()), under(r.ParseResult, roster)},
		{"refusal", refusal.Bytes(), of(r.OpenRefusal)},
		{"reply", m(protocol.Reply{Refusal: refusal.Bytes()}.Bytes()), of(protocol.ParseReply)},
		{"sync", m(protocol.Sync{Rosters: [][]byte{s.roster.Bytes()}}.Bytes()), of(protocol.ParseSync)},
		{"node state", m(protocol.NodeState{Version: "1", Studies: []protocol.StudyState{
			{Study: "demo", Roster: roster, Declaration: s.declared[0].Bytes(), HeadQuery: asked.Bytes()},
		}}.Bytes()), of(protocol.ParseNodeState)},
		{"join request", m(card.JoinRequest([]byte("secret"))), func(raw []byte) error {
			_, err := protocol.ParseJoinRequest(raw, invitation)
			return err
		}},
		{"offered study", m(protocol.Offer{Task: task}.Bytes()), of(protocol.OfferedStudy)},
		{"session of a delivery", m(protocol.Delivery{Session: session}.Bytes()), of(protocol.DeliverySession)},
		{"session of a cut", m(protocol.CutOffer{Cut: cut}.Bytes()), of(protocol.CutSession)},
		{"session of an open request", m(protocol.OpenRequest{Session: session}.Bytes()), of(protocol.OpenRequestSession)},
		{"study of a vote", m(protocol.Witness{Votes: []protocol.Signed[protocol.Vote]{vote}}.Bytes()), of(protocol.WitnessStudy)},
		{"study of a head query", m(protocol.Witness{HeadQueries: []protocol.Signed[protocol.HeadQuery]{asked}}.Bytes()), of(protocol.WitnessStudy)},
		{"study of a testimony", m(protocol.Testimony{Seen: seen}.Bytes()), of(protocol.TestimonyStudy)},
		{"name in a join request", m(card.JoinRequest([]byte("secret"))), of(protocol.JoinName)},
		{"stored card", m(card.JoinRequest([]byte("secret"))), of(protocol.ParseCard)},
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
