package node_test

import (
	"bytes"
	"crypto/sha256"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
	"github.com/locus-genomics/locus/protocol/wire"
)

// carried is what a coordinator gathers of one attempt.
type carried struct {
	contributions []protocol.Contribution
	headers       []protocol.Signed[protocol.ContributionHeader]
	received      []protocol.Signed[protocol.Received]
	cut           protocol.Signed[protocol.Cut]
	votes         []protocol.Signed[protocol.Vote]
	openings      []protocol.SealedOpening
	// spoil changes what the site at a place is handed.
	spoil func(i int, d *protocol.Delivery)
}

// contribute offers the attempt to every site.
func (w *network) contribute(a *asking) *carried {
	w.t.Helper()
	c := new(carried)
	for i := range w.sites {
		one := must[protocol.Contribution](w.t)(w.r().ParseContribution(w.must(i, protocol.CallOffer, w.offer(a, i)), w.roster.Digest()))
		c.contributions, c.headers = append(c.contributions, one), append(c.headers, one.Header)
	}
	return c
}

// delivery is what a site is handed.
func (w *network) delivery(a *asking, c *carried, i int) []byte {
	w.t.Helper()
	d := protocol.Delivery{Session: a.session()}
	for _, one := range c.contributions {
		d.Add(one, uint32(i+1))
	}
	if c.spoil != nil {
		c.spoil(i, &d)
	}
	return must[[]byte](w.t)(d.Bytes())
}

func (w *network) deliver(a *asking, c *carried) {
	w.t.Helper()
	for i := range w.sites {
		raw := w.must(i, protocol.CallDeliver, w.delivery(a, c, i))
		c.received = append(c.received, must[protocol.Signed[protocol.Received]](w.t)(w.r().OpenReceived(raw)))
	}
}

// cutOffer signs a cut over all headers, after change.
func (w *network) cutOffer(a *asking, c *carried, change ...func(*protocol.Cut)) protocol.CutOffer {
	w.t.Helper()
	cut := protocol.Cut{Session: a.session(), Roster: w.roster.Digest()}
	for _, h := range c.headers {
		cut.Entries = append(cut.Entries, protocol.CutEntry{Point: h.Message.Point, Header: h.Digest()})
	}
	for _, f := range change {
		f(&cut)
	}
	signed := must[protocol.Signed[protocol.Cut]](w.t)(protocol.Sign(cut, w.member))
	o := protocol.CutOffer{Cut: signed, Received: c.received}
	for _, e := range cut.Entries {
		for _, h := range c.headers {
			if h.Message.Point == e.Point {
				o.Headers = append(o.Headers, h)
			}
		}
	}
	return o
}

func (w *network) vote(a *asking, c *carried) {
	w.t.Helper()
	o := w.cutOffer(a, c)
	c.cut = o.Cut
	raw := must[[]byte](w.t)(o.Bytes())
	for i := range w.sites {
		c.votes = append(c.votes, must[protocol.Signed[protocol.Vote]](w.t)(w.r().OpenVote(w.must(i, protocol.CallCut, raw))))
	}
}

// request carries a site's vote to the others and asks for its opening.
func (w *network) request(a *asking, vote protocol.Signed[protocol.Vote]) []byte {
	w.t.Helper()
	q := protocol.OpenRequest{Session: a.session()}
	for j := range w.sites {
		if uint32(j+1) != vote.Message.Point {
			raw := w.must(j, protocol.CallWitness, must[[]byte](w.t)(protocol.Witness{Votes: []protocol.Signed[protocol.Vote]{vote}}.Bytes()))
			q.Seen = append(q.Seen, must[protocol.Testimony](w.t)(w.r().ParseTestimony(raw)).Seen...)
		}
	}
	return must[[]byte](w.t)(q.Bytes())
}

func (w *network) open(a *asking, c *carried) {
	w.t.Helper()
	for i, v := range c.votes {
		raw := w.must(i, protocol.CallOpen, w.request(a, v))
		c.openings = append(c.openings, must[protocol.SealedOpening](w.t)(w.r().ParseOpening(raw)))
	}
}

// words pulls a site's masked words.
func (w *network) words(c *carried, i int) []byte {
	w.t.Helper()
	h := &c.headers[i].Message
	var b bytes.Buffer
	item := wire.Item{ID: h.Words, Size: int64(h.Coefficients) * 6, Digest: h.Words}
	if _, err := w.carrier.Pull(w.t.Context(), wire.PeerID(w.sites[i].node.Card().Peer), item, 0, &b); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

// carry takes an attempt through all its steps.
func (w *network) carry(a *asking) *carried {
	w.t.Helper()
	c := w.contribute(a)
	w.deliver(a, c)
	w.vote(a, c)
	w.open(a, c)
	return c
}

// read opens an attempt as alice does, and returns the counters, in mode dp the numbers.
func (w *network) read(a *asking, c *carried) []int64 {
	w.t.Helper()
	r := w.r()
	sum := make([]byte, len(w.words(c, 0)))
	var check he.Check
	for i, h := range c.headers {
		if err := he.Add(sum, w.words(c, i)); err != nil {
			w.t.Fatal(err)
		}
		check = he.AddCheck(check, he.Check(h.Message.Check))
	}
	raw := must[[]byte](w.t)(protocol.Result{
		Header: a.query.Header, Task: a.task, Cut: c.cut, Headers: c.headers, Received: c.received, Openings: c.openings, Sum: sha256.Sum256(sum),
	}.Bytes())
	result := must[protocol.Result](w.t)(r.ParseResult(raw, w.roster.Digest()))
	if err := session.CheckResult(r, a.query.Header.Digest(), result); err != nil {
		w.t.Fatal(err)
	}
	params := must[he.Params](w.t)(he.ParseParams(a.header.Params))
	var shares []he.Share
	for _, o := range c.openings {
		m := &o.Opening.Message
		shares = append(shares, must[he.Share](w.t)(he.OpenShare(params, r.Packing, a.private, protocol.OpeningInfo(m.Session, m.Set, m.Point, m.Recipient), o.Sealed, m.Point)))
	}
	shape := must[vector.Vector](w.t)(vector.Of(r, &a.header))
	words := must[[]int64](w.t)(he.Open(he.Session{
		Params: params, ID: he.SessionID(a.session()), Points: r.Points(), Words: len(sum) / 6, Threshold: r.Threshold, Packing: r.Packing,
		CheckKey: must[he.CheckKey](w.t)(he.NewCheckKey(a.body.CheckKey[:])),
	}, sum, check, shares))
	return must[[]int64](w.t)(shape.Unpack(words, len(c.headers)))
}
