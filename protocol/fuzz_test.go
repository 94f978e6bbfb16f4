package protocol_test

import (
	"testing"

	"github.com/locus-genomics/locus/protocol"
)

// FuzzParse feeds every parser of foreign bytes: none may panic, and none may
// accept bytes that are not signed.
func FuzzParse(f *testing.F) {
	s := newStudy(f, 3)
	r, roster := s.r(), s.roster.Digest()
	q, _ := s.query(f)
	raw, err := q.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	task, err := protocol.Sign(protocol.Task{
		Study: "demo", Roster: roster, Query: q.Header.Digest(), Attempt: 1, Issued: now, Expires: now.Add(1e9),
	}, s.member)
	if err != nil {
		f.Fatal(err)
	}
	offer, err := protocol.Offer{Task: task, Header: q.Header, Body: q.Bodies[0], Declarations: s.declared}.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, {0x0a, 0x01}, raw, offer, s.roster.Bytes(), s.declared[0].Bytes(), task.Bytes()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if q, err := r.ParseQuery(raw, roster); err == nil && q.Header.Signer() != s.alice.Public().ID() {
			t.Error("a query that Alice has not signed")
		}
		if o, err := protocol.OpenRoster(raw); err == nil && len(protocol.Unsigned(o)) > 0 {
			t.Error("a roster that not every custodian has signed")
		}
		// The rest only must not panic.
		_, _ = protocol.ParseProposal(raw)
		_, _ = r.OpenDeclaration(raw)
		_, _ = r.OpenTask(raw, roster)
		_, _ = r.ParseOffer(raw, roster)
		_, _ = r.ParseContribution(raw, roster)
		_, _ = r.ParseDelivery(raw, roster, 1)
		_, _ = r.ParseCutOffer(raw, roster)
		_, _ = r.ParseWitness(raw)
		_, _ = r.ParseTestimony(raw)
		_, _ = r.ParseOpenRequest(raw)
		_, _ = r.ParseOpening(raw)
		_, _ = r.ParseResult(raw, roster)
		_, _ = r.OpenRefusal(raw)
		_, _ = protocol.ParseReply(raw)
		_, _ = protocol.ParseSync(raw)
		_, _ = protocol.ParseNodeState(raw)
		_, _ = protocol.OfferedStudy(raw)
		_, _ = protocol.DeliverySession(raw)
		_, _ = protocol.CutSession(raw)
		_, _ = protocol.OpenRequestSession(raw)
		_, _ = protocol.WitnessStudy(raw)
		_, _ = protocol.TestimonyStudy(raw)
		_, _ = protocol.JoinName(raw)
		_, _ = protocol.ParseJoinRequest(raw, s.alice.Public())
		_, _ = protocol.ParseToken(string(raw), protocol.SiteToken)
	})
}

// FuzzQueryBody feeds the parser of what a researcher seals: its sender is signed
// for, and may still be hostile.
func FuzzQueryBody(f *testing.F) {
	s := newStudy(f, 2)
	_, body := s.query(f)
	f.Add(body.Cohort, uint64(0), uint64(10))
	f.Fuzz(func(t *testing.T, cohort string, from, to uint64) {
		b := body
		b.Cohort, b.Ranges = cohort, []protocol.Range{{From: from, To: to}}
		commitment, err := b.Commitment()
		if err != nil {
			return
		}
		h := s.header(t, b)
		h.Commitment = commitment
		signed, err := protocol.Sign(h, s.alice)
		if err != nil {
			return
		}
		q, err := protocol.SealQuery(signed, b, s.declarations())
		if err != nil {
			return
		}
		if got, err := protocol.OpenBody(q.Header, 1, s.kem[0].private, q.Bodies[0]); err == nil && from >= to {
			t.Errorf("an empty range is accepted: %v", got.Ranges)
		}
	})
}
