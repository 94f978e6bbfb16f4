package state

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state/statepb"
	"github.com/locus-genomics/locus/protocol"
)

const maxNameLength = 128

func (s *State) invite(m *statepb.Invite) (bool, error) {
	key, err := protocol.ParsePublicKey(m.Key)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if m.Site == "" || len(m.Site) > maxNameLength {
		return false, fmt.Errorf("%w: a site has a name of 1 to %d bytes", ErrInvalid, maxNameLength)
	}
	switch old := s.Sites[m.Site]; {
	case old == nil && len(s.Sites) >= maxSites:
		return false, fmt.Errorf("%w: there are %d sites, the most there may be", ErrConflict, maxSites)
	case old != nil && old.State == Approved:
		return false, fmt.Errorf("%w: site %q is approved", ErrConflict, m.Site)
	case old != nil && old.Invitation.Equal(key):
		return false, nil
	}
	// An earlier token, and a card that came with it, end here.
	s.Sites[m.Site] = &Site{Name: m.Site, State: Invited, Invitation: key}
	return true, nil
}

func (s *State) join(m *statepb.Join) (bool, error) {
	name, err := protocol.JoinName(m.Request)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	site, ok := s.Sites[name]
	if !ok {
		return false, fmt.Errorf("%w: no site of this name is invited", ErrInvalid)
	}
	card, err := protocol.ParseJoinRequest(m.Request, site.Invitation)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if site.State != Invited {
		if same, err := sameCard(card, site.Card); err != nil || !same {
			return false, errors.Join(fmt.Errorf("%w: site %q has joined with another card; invite it again", ErrConflict, name), err)
		}
		return false, nil
	}
	site.State, site.Request, site.Card = Pending, m.Request, card
	return true, nil
}

func sameCard(a, b protocol.Card) (bool, error) {
	da, err := a.Digest()
	if err != nil {
		return false, err
	}
	db, err := b.Digest()
	return da == db, err
}

func (s *State) approve(m *statepb.Approve, e *audit.Entry) (bool, error) {
	site, ok := s.Sites[m.Site]
	if !ok {
		return false, fmt.Errorf("%w: no site of this name", ErrNotFound)
	}
	if site.State == Invited {
		return false, fmt.Errorf("%w: site %q has not joined yet", ErrConflict, m.Site)
	}
	d, err := site.Card.Digest()
	if err != nil || !bytes.Equal(d[:], m.Card) {
		return false, errors.Join(fmt.Errorf("%w: not the card that site %q shows", ErrInvalid, m.Site), err)
	}
	if site.State == Approved {
		return false, nil
	}
	for _, other := range s.Sites {
		if other.State != Approved {
			continue
		}
		if other.Card.Peer == site.Card.Peer || other.Card.NodeKey.Equal(site.Card.NodeKey) || other.Card.CustodianKey.Equal(site.Card.CustodianKey) {
			return false, fmt.Errorf("%w: another site has the peer id or a key of %q", ErrConflict, m.Site)
		}
	}
	site.State = Approved
	*e = audit.Entry{Kind: audit.KindKey, Subject: d, Party: site.Card.NodeKey.ID()}
	return true, nil
}

func (s *State) addPanel(m *statepb.AddPanel) (bool, error) {
	p, err := panelIn(m.Panel)
	if err != nil {
		return false, err
	}
	if _, ok := s.Panels[p.Digest]; ok {
		return false, nil
	}
	if len(s.Panels) >= maxPanels {
		return false, fmt.Errorf("%w: there are %d panels, the most there may be", ErrConflict, maxPanels)
	}
	s.Panels[p.Digest] = p
	return true, nil
}

// openProposal reads a roster and verifies those signatures that it has.
func openProposal(raw []byte) (protocol.Signed[protocol.Roster], error) {
	sent, err := protocol.ParseProposal(raw)
	if err != nil {
		return sent, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	bare, err := protocol.NewProposal(sent.Message)
	if err == nil {
		bare, err = protocol.MergeEndorsements(bare, sent)
	}
	if err != nil {
		return bare, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return bare, nil
}

func (s *State) propose(m *statepb.Propose, at time.Time) (bool, error) {
	p, err := openProposal(m.Roster)
	if err != nil {
		return false, err
	}
	if err := s.rosterFits(&p.Message); err != nil {
		return false, err
	}
	st, ok := s.Studies[p.Message.Study]
	if !ok {
		if len(s.Studies) >= maxStudies {
			return false, fmt.Errorf("%w: there are %d studies, the most there may be", ErrConflict, maxStudies)
		}
		st = newStudy(p.Message.Study)
	}
	newest := st.newest()
	switch {
	case !newest.IsZero() && newest.Digest() == p.Digest():
		return false, nil
	case !at.Before(p.Message.Deadline):
		return false, fmt.Errorf("%w: the deadline for signatures has passed", ErrInvalid)
	}
	if err := follows(st, newest, &p.Message, at); err != nil {
		return false, err
	}
	st.Proposed = p
	s.Studies[st.Name] = st
	return true, nil
}

// follows requires the next epoch number, after a roster that is in force or void.
// A proposal that nobody has signed may be put right under its own number.
func follows(st *Study, newest protocol.Signed[protocol.Roster], r *protocol.Roster, at time.Time) error {
	if newest.IsZero() {
		if r.Epoch != 1 {
			return fmt.Errorf("%w: the first roster of a study is epoch 1", ErrConflict)
		}
		return nil
	}
	pending := !st.Proposed.IsZero()
	unsigned := pending && len(protocol.Unsigned(newest)) == len(newest.Message.Sites)
	if unsigned && r.Epoch == newest.Message.Epoch && r.Previous == newest.Message.Previous {
		return nil
	}
	if pending && at.Before(newest.Message.Deadline) {
		return fmt.Errorf("%w: epoch %d waits for its custodians until %s", ErrConflict, newest.Message.Epoch, newest.Message.Deadline.Format(time.RFC3339))
	}
	if r.Epoch != newest.Message.Epoch+1 || r.Previous != newest.Digest() {
		return fmt.Errorf("%w: the next roster is epoch %d and names the one before it", ErrConflict, newest.Message.Epoch+1)
	}
	return nil
}

// rosterFits requires that a roster speaks of sites and panels as they are here.
func (s *State) rosterFits(r *protocol.Roster) error {
	for _, site := range r.Sites {
		known, ok := s.Sites[site.Name]
		if !ok || known.State != Approved {
			return fmt.Errorf("%w: site %q is not approved", ErrConflict, site.Name)
		}
		c := known.Card
		if site.Peer != c.Peer || !site.NodeKey.Equal(c.NodeKey) || !site.CustodianKey.Equal(c.CustodianKey) || site.Organisation != c.Organisation {
			return fmt.Errorf("%w: site %q is not as its card has it", ErrInvalid, site.Name)
		}
	}
	for _, ref := range r.Panels {
		p, ok := s.Panels[ref.Digest]
		if !ok {
			return fmt.Errorf("%w: panel %q is not stored", ErrConflict, ref.Name)
		}
		if p.Variants != ref.Size || p.Assembly != ref.Assembly {
			return fmt.Errorf("%w: panel %q has another size or assembly", ErrInvalid, ref.Name)
		}
	}
	return nil
}

func (s *State) endorse(m *statepb.Endorse) (bool, error) {
	st, err := s.study(m.Study)
	if err != nil {
		return false, err
	}
	sent, err := protocol.ParseProposal(m.Roster)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if open, ok := st.Open(); ok && open.Digest() == sent.Digest() {
		return false, nil // it came too late to be needed
	}
	if st.Proposed.IsZero() {
		return false, fmt.Errorf("%w: no roster of study %q waits for signatures", ErrConflict, st.Name)
	}
	merged, err := protocol.MergeEndorsements(st.Proposed, sent)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	before := len(protocol.Unsigned(st.Proposed))
	st.Proposed = merged
	return len(protocol.Unsigned(merged)) < before, nil
}

func (s *State) openStudy(m *statepb.OpenStudy, at time.Time, e *audit.Entry) (bool, error) {
	st, err := s.study(m.Study)
	if err != nil {
		return false, err
	}
	if st.Proposed.IsZero() {
		return false, nil // it is open
	}
	if missing := protocol.Unsigned(st.Proposed); len(missing) > 0 {
		return false, fmt.Errorf("%w: it waits for the custodians of %q", ErrConflict, missing)
	}
	if !at.Before(st.Proposed.Message.Deadline) {
		return false, fmt.Errorf("%w: its deadline has passed; propose the next epoch", ErrConflict)
	}
	st.Opened = append(st.Opened, st.Proposed)
	*e = audit.Entry{Kind: audit.KindRoster, Subject: st.Proposed.Digest(), Study: audit.StudyDigest(st.Name), Epoch: st.Proposed.Message.Epoch}
	st.Proposed = protocol.Signed[protocol.Roster]{}
	clear(st.Declarations)
	clear(st.Reports)
	for _, t := range s.Tasks {
		if t.Header.Message.Study == st.Name && !t.Final() {
			t.Failed, t.Changed = RosterEnded, at
			t.settle()
		}
	}
	return true, nil
}

func (s *State) declare(m *statepb.Declare, e *audit.Entry) (bool, error) {
	st, open, err := s.inForce(m.Study)
	if err != nil {
		return false, err
	}
	d, err := open.Message.OpenDeclaration(m.Declaration)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	old, ok := st.Declarations[d.Message.Point]
	switch {
	case ok && old.Digest() == d.Digest():
		return false, nil
	case ok && d.Message.Issued.Before(old.Message.Issued):
		return false, fmt.Errorf("%w: site %d has declared since", ErrConflict, d.Message.Point)
	}
	st.Declarations[d.Message.Point] = d
	note(e, audit.KindDeclaration, d)
	e.Study = audit.StudyDigest(st.Name)
	return true, nil
}
