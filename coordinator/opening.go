package coordinator

import (
	"context"
	"fmt"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
)

// signCut signs the cut that was committed. The signature is committed too before a
// site sees it, so that all of them see the same bytes.
func (l *leader) signCut(ctx context.Context, t *state.Task) error {
	signed, err := protocol.Sign(t.CutOf(), l.c.cfg.Home.Signing)
	if err != nil {
		return err
	}
	return l.commit(ctx, state.SignCut(t.ID, signed))
}

// cut asks a member of the cut for its vote.
func (l *leader) cut(ctx context.Context, t *state.Task, point uint32) error {
	request, err := l.cutOffer(t)
	answer, err := l.call(ctx, t, point, protocol.CallCut, request, err)
	if err != nil || answer == nil {
		return err
	}
	v, err := t.Roster.Message.OpenVote(answer)
	if err != nil {
		return err
	}
	if v.Message.Point != point || v.Message.Session != t.Session() || v.Message.Set != t.Cut.Message.Set() {
		return fmt.Errorf("%w: a vote for something else", errSite)
	}
	if err := l.commit(ctx, state.Voted(t.ID, t.Session(), point)); err != nil {
		return err
	}
	l.note(t, func(m *memory) { m.votes[point] = v })
	return nil
}

// cutOffer makes the offer of a cut, once for all its members.
func (l *leader) cutOffer(t *state.Task) (request []byte, err error) {
	l.note(t, func(m *memory) { request = m.cut })
	if request != nil {
		return request, nil
	}
	o := protocol.CutOffer{Cut: t.Cut}
	if o.Headers, o.Received, err = t.Evidence(); err != nil {
		return nil, err
	}
	if request, err = o.Bytes(); err == nil {
		l.note(t, func(m *memory) { m.cut = request })
	}
	return request, err
}

// maxWitnessed bounds the bytes of votes in one call: a vote brings a snapshot of up
// to a megabyte.
const maxWitnessed = protocol.MaxMessage / 2

// witness brings a site the votes of the others, to be kept there.
func (l *leader) witness(ctx context.Context, t *state.Task, point uint32) error {
	votes := make(map[uint32]protocol.Signed[protocol.Vote])
	l.note(t, func(m *memory) {
		for p, v := range m.votes {
			if _, kept := m.seen[p][point]; !kept && p != point {
				votes[p] = v
			}
		}
	})
	var w protocol.Witness
	size := 0
	for _, p := range t.Attempt.Members() {
		v, ok := votes[p]
		if !ok {
			continue
		}
		if size += len(v.Bytes()); size > maxWitnessed && len(w.Votes) > 0 {
			break // the rest is due again after this
		}
		w.Votes = append(w.Votes, v)
	}
	if len(w.Votes) == 0 {
		return nil
	}
	request, err := w.Bytes()
	answer, err := l.call(ctx, t, point, protocol.CallWitness, request, err)
	if err != nil || answer == nil {
		return err
	}
	heard, err := t.Roster.Message.ParseTestimony(answer)
	if err != nil {
		return err
	}
	kept := 0
	for _, s := range heard.Seen {
		m := &s.Message
		v, ok := votes[m.Of]
		// A later head is as good: a site keeps the latest that it has seen, of
		// whichever task. Whether it is of the same chain, the voter knows.
		if m.Point != point || !ok || m.Sequence < v.Message.Sequence || m.Sequence == v.Message.Sequence && m.Head != v.Message.Head {
			continue
		}
		kept++
		l.note(t, func(mem *memory) {
			if mem.seen[m.Of] == nil {
				mem.seen[m.Of] = make(map[uint32]protocol.Signed[protocol.Seen])
			}
			mem.seen[m.Of][point] = s
		})
	}
	if kept == 0 {
		return fmt.Errorf("%w: it keeps none of the votes", errSite)
	}
	return nil
}

// open brings a site what others have seen of its vote, and takes its opening.
func (l *leader) open(ctx context.Context, t *state.Task, point uint32) error {
	o := protocol.OpenRequest{Session: t.Session()}
	l.note(t, func(m *memory) {
		for _, p := range t.Roster.Message.Points() {
			if s, ok := m.seen[point][p]; ok {
				o.Seen = append(o.Seen, s)
			}
		}
	})
	request, err := o.Bytes()
	answer, err := l.call(ctx, t, point, protocol.CallOpen, request, err)
	if err != nil || answer == nil {
		return err
	}
	opening, err := t.Roster.Message.ParseOpening(answer)
	if err != nil {
		return err
	}
	if m := &opening.Opening.Message; m.Point != point || m.Session != t.Session() {
		return fmt.Errorf("%w: an opening of something else", errSite)
	}
	return l.commit(ctx, state.Opened(t.ID, answer))
}
