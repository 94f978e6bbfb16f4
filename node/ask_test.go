package node_test

import (
	"time"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
)

// asking is one question with all that its answer needs.
type asking struct {
	header       protocol.QueryHeader
	body         protocol.QueryBody
	signer       *protocol.SigningKey
	query        protocol.Query
	declarations []protocol.Signed[protocol.Declaration]
	attempt      uint32
	private      []byte
	task         protocol.Signed[protocol.Task]
}

// ask composes alice's question over the whole panel; change alters it before she signs.
func (w *network) ask(change ...func(*asking)) *asking {
	w.t.Helper()
	a := &asking{signer: w.alice, attempt: 1}
	for i := range w.sites {
		a.declarations = append(a.declarations, must[protocol.Signed[protocol.Declaration]](w.t)(w.r().OpenDeclaration(w.state(i).Declaration)))
	}
	private, public, err := he.KEMFromSeed(protocol.Hash("alice's answer"))
	if err != nil {
		w.t.Fatal(err)
	}
	a.private = private
	a.body = protocol.QueryBody{
		Salt: protocol.Hash("salt"), Cohort: cohortName, Panel: w.panel.Digest(),
		Ranges: []protocol.Range{{From: 0, To: variants}}, CheckKey: protocol.Hash("check"), RecipientKey: public,
	}
	now := w.clock.Now()
	a.header = protocol.QueryHeader{
		Study: studyName, Roster: w.roster.Digest(), Analysis: "af/1", Mode: protocol.Exact,
		Params: must[he.Params](w.t)(he.ParamsFor(len(w.sites))).Name(), Size: variants, Points: w.r().Points(),
		Researcher: w.alice.Public().ID(), Organisation: "Elsewhere", Purpose: "a test",
		Issued: now, Expires: now.Add(24 * time.Hour), Nonce: protocol.Hash("nonce"),
	}
	for _, d := range a.declarations {
		a.header.Declarations = append(a.header.Declarations, d.Digest())
	}
	for _, c := range change {
		c(a)
	}
	w.seal(a)
	return a
}

// seal signs the question and its attempt.
func (w *network) seal(a *asking) {
	w.t.Helper()
	a.header.Commitment = must[protocol.Digest](w.t)(a.body.Commitment())
	a.header.Recipient = protocol.RecipientDigest(a.body.RecipientKey)
	header := must[protocol.Signed[protocol.QueryHeader]](w.t)(protocol.Sign(a.header, a.signer))
	var declared []protocol.Declaration
	for _, d := range a.declarations {
		declared = append(declared, d.Message)
	}
	a.query = must[protocol.Query](w.t)(protocol.SealQuery(header, a.body, declared))
	w.try(a, a.attempt)
}

// try signs an attempt at the question.
func (w *network) try(a *asking, attempt uint32) {
	w.t.Helper()
	a.attempt = attempt
	now := w.clock.Now()
	a.task = must[protocol.Signed[protocol.Task]](w.t)(protocol.Sign(protocol.Task{
		Study: studyName, Roster: a.header.Roster, Query: a.query.Header.Digest(), Attempt: attempt, Issued: now, Expires: now.Add(time.Hour),
	}, w.member))
}

func (a *asking) session() protocol.SessionID { return a.task.Message.Session() }

// offer is what a site is sent.
func (w *network) offer(a *asking, i int) []byte {
	w.t.Helper()
	return must[[]byte](w.t)(protocol.Offer{Task: a.task, Header: a.query.Header, Body: a.query.Bodies[i], Declarations: a.declarations}.Bytes())
}
