package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

var (
	// ErrJoined is returned when a site that has a coordinator is given the token of
	// another one.
	ErrJoined = errors.New("node: this site has joined another coordinator")
	// ErrInvited is returned when a token was made for a site of another name.
	ErrInvited = errors.New("node: the token invites a site of another name")
)

// Words are five words of the site's card. Its custodian and the coordinator's operator
// compare them on another way than the token came.
func (n *Node) Words() (string, error) {
	d, err := n.card.Digest()
	if err != nil {
		return "", err
	}
	return protocol.Words(d), nil
}

// Join pins the coordinator that a token names and hands the site's card in. It returns
// what the coordinator makes of the site: pending, until the operator has compared the
// words, then approved. It may be repeated.
func (n *Node) Join(ctx context.Context, token string) (words string, site rest.Site, err error) {
	t, err := protocol.ParseToken(token, protocol.SiteToken)
	if err != nil {
		return "", rest.Site{}, err
	}
	if t.Site != n.card.Name {
		return "", rest.Site{}, fmt.Errorf("%w: it is for %q, and this is %q", ErrInvited, t.Site, n.card.Name)
	}
	if words, err = n.Words(); err != nil {
		return "", rest.Site{}, err
	}
	request, err := n.card.JoinRequest(t.Secret)
	if err != nil {
		return "", rest.Site{}, fmt.Errorf("make the card: %w", err)
	}
	if err := n.pin(t.Endpoints); err != nil {
		return "", rest.Site{}, err
	}
	// The proof in the card is the token's: the coordinator knows no key of the site yet.
	c := n.door.Coordinator(t.Endpoints, nil)
	defer c.Close()
	site, err = c.Join(ctx, request)
	return words, site, err
}

// pin keeps where the coordinator is. Members may come, go and move, but one that is
// known stays under its keys, and at least one of the old ones is among the new.
func (n *Node) pin(endpoints []protocol.Endpoint) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if old := n.settings.Coordinator; len(old) > 0 {
		known := 0
		for _, e := range endpoints {
			i := slices.IndexFunc(old, func(o protocol.Endpoint) bool { return o.Name == e.Name })
			if i < 0 {
				continue
			}
			if known++; old[i].Pin != e.Pin || old[i].Peer != e.Peer {
				return fmt.Errorf("%w: member %q has other keys in this token", ErrJoined, e.Name)
			}
		}
		if known == 0 {
			return ErrJoined
		}
	}
	s := n.settings
	s.Coordinator = slices.Clone(endpoints)
	if err := s.save(n.cfg.Dir); err != nil {
		return err
	}
	n.settings = s
	return nil
}

// asCustodian is the coordinator's API with the custodian's key under each request.
func (n *Node) asCustodian() (*egress.Coordinator, error) {
	endpoints := n.Coordinator()
	if len(endpoints) == 0 {
		return nil, ErrNotJoined
	}
	return n.door.Coordinator(endpoints, n.keys.Custodian()), nil
}

// Proposal is a study's roster as the coordinator shows it. It binds nobody before
// Accept.
type Proposal struct {
	Roster protocol.Signed[protocol.Roster]
	// State is proposed or open; Unsigned names the sites whose custodian has not signed.
	State    string
	Unsigned []string
	// Fault is why this site cannot accept it, nil when it can.
	Fault error
}

// Proposal fetches a study's roster from the coordinator.
func (n *Node) Proposal(ctx context.Context, study string) (Proposal, error) {
	c, err := n.asCustodian()
	if err != nil {
		return Proposal{}, err
	}
	defer c.Close()
	view, err := c.Study(ctx, study)
	if err != nil {
		return Proposal{}, err
	}
	r, err := protocol.ParseProposal(view.Roster)
	if err != nil {
		return Proposal{}, fmt.Errorf("%w: %w", ErrRoster, err)
	}
	if r.Message.Study != study {
		return Proposal{}, fmt.Errorf("%w: it is of another study", ErrRoster)
	}
	return Proposal{Roster: r, State: view.State, Unsigned: protocol.Unsigned(r), Fault: n.acceptable(ctx, r)}, nil
}

// acceptable asks what AcceptRoster asks, and signs nothing.
func (n *Node) acceptable(ctx context.Context, r protocol.Signed[protocol.Roster]) error {
	known, err := rostersOf(ctx, n.records.db, r.Message.Study)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(k knownRoster) bool { return k.digest == r.Digest() && k.state != rosterEnded }) {
		return nil
	}
	return errors.Join(n.checkOwnEntry(&r.Message, n.cfg.Now()), follows(&r.Message, known), namesNoneRevoked(ctx, n.records.db, &r.Message))
}

// Accept signs a proposal that was shown to the custodian and hands the signature in.
// Running it again hands the same signature in again.
func (n *Node) Accept(ctx context.Context, p Proposal) error {
	endorsed, err := n.AcceptRoster(ctx, p.Roster.Bytes())
	if err != nil {
		return err
	}
	c, err := n.asCustodian()
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Endorse(ctx, endorsed.Message.Study, endorsed.Bytes())
}

// Study is a study at this site.
type Study struct {
	Name, Title string
	Epoch       uint64
	// State is endorsed (others' signatures are awaited), in force or ended.
	State  string
	Roster protocol.Digest
	Point  uint32
	// Reports tells that the study is told what is left of its budget.
	Reports bool
}

// Studies lists what was accepted here, the latest of each study.
func (n *Node) Studies(ctx context.Context) ([]Study, error) {
	known, err := rostersOf(ctx, n.records.db, "")
	if err != nil {
		return nil, err
	}
	var list []Study
	for _, k := range known {
		if k.state == rosterEnded {
			continue
		}
		p, err := n.rosterByDigest(ctx, n.records.db, k.digest)
		if err != nil {
			return nil, err
		}
		r := &p.roster.Message
		_, reports, err := n.saidToday(ctx, n.records.db, p)
		if err != nil {
			return nil, err
		}
		list = append(list, Study{Name: r.Study, Title: r.Title, Epoch: r.Epoch, State: k.state, Roster: k.digest, Point: p.point, Reports: reports})
	}
	return list, nil
}
