package coordinator

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// keyCache are the keys of one version of the state.
type keyCache struct {
	version uint64
	keys    protocol.Keyring
	callers map[protocol.KeyID]api.Caller
}

// Keys are all keys that a request may be signed with.
func (b backend) Keys() protocol.Keyring { return b.cached().keys }

// Caller is whose key one is.
func (b backend) Caller(key protocol.KeyID) api.Caller {
	c := b.cached().callers[key]
	c.Key = key
	return c
}

func (b backend) cached() keyCache {
	version := b.machine.Version()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ring.keys == nil || b.ring.version != version {
		b.ring = b.collect(version)
	}
	return b.ring
}

// collect makes the table of who may sign: the members' operators, the sites that
// have joined, and the researchers of every roster that is in force or proposed.
func (c *Coordinator) collect(version uint64) keyCache {
	k := keyCache{version: version, keys: make(protocol.Keyring), callers: make(map[protocol.KeyID]api.Caller)}
	change := func(key protocol.PublicKey, with func(*api.Caller)) {
		caller := k.callers[key.ID()]
		with(&caller)
		k.keys[key.ID()], k.callers[key.ID()] = key, caller
	}
	for _, m := range c.cfg.Home.Members {
		if key, err := protocol.ParsePublicKey(m.Operator); err == nil { // LoadHome has checked it
			change(key, func(a *api.Caller) { a.Operator = true })
		}
	}
	c.machine.View(func(s *state.State) {
		for _, name := range slices.Sorted(maps.Keys(s.Sites)) {
			if site := s.Sites[name]; site.State == state.Approved {
				for _, key := range []protocol.PublicKey{site.Card.NodeKey, site.Card.CustodianKey} {
					change(key, func(a *api.Caller) { a.Site = name })
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Studies)) {
			st := s.Studies[name]
			of := func(a *api.Caller) {
				if !slices.Contains(a.Studies, name) {
					a.Studies = append(a.Studies, name)
				}
			}
			rosters := []protocol.Signed[protocol.Roster]{st.Proposed}
			if open, ok := st.Open(); ok {
				rosters = append(rosters, open)
			}
			for _, r := range rosters {
				for _, site := range r.Message.Sites {
					change(site.NodeKey, of)
					change(site.CustodianKey, of)
				}
				for _, who := range r.Message.Researchers {
					change(who.Key, of)
				}
			}
		}
	})
	return k
}

// Propose asks the custodians of a roster for their signatures.
func (b backend) Propose(ctx context.Context, raw []byte) (rest.Study, error) {
	p, err := protocol.ParseProposal(raw)
	if err != nil {
		return rest.Study{}, err
	}
	members, err := b.cfg.Home.RosterMembers()
	if err != nil {
		return rest.Study{}, err
	}
	if !slices.EqualFunc(p.Message.Members, members, func(x, y protocol.Member) bool {
		return x.Name == y.Name && x.Peer == y.Peer && x.Key.Equal(y.Key)
	}) {
		return rest.Study{}, stated{api.ErrInvalid, "the roster does not name the members of this coordinator"}
	}
	if err := b.put(ctx, state.Propose(p)); err != nil {
		return rest.Study{}, err
	}
	return b.Study(p.Message.Study)
}

// Endorse adds a custodian's signature.
func (b backend) Endorse(ctx context.Context, study string, raw []byte) (rest.Study, error) {
	if err := b.put(ctx, state.Endorse(study, raw)); err != nil {
		return rest.Study{}, err
	}
	return b.Study(study)
}

// OpenStudy puts a roster in force that every custodian has signed.
func (b backend) OpenStudy(ctx context.Context, study string) (rest.Study, error) {
	if err := b.put(ctx, state.OpenStudy(study)); err != nil {
		return rest.Study{}, err
	}
	return b.Study(study)
}

// Study shows a study: the roster that waits for signatures if there is one, for it
// ends the one before at every site that signs it, and else the one in force.
func (b backend) Study(name string) (out rest.Study, err error) {
	ready := b.readiness()
	err = fmt.Errorf("%w: study", api.ErrNotFound)
	b.machine.View(func(s *state.State) {
		if st, ok := s.Studies[name]; ok {
			out, err = b.show(st, ready), nil
		}
	})
	return out, err
}

// Studies shows all studies, by name.
func (b backend) Studies() (list []rest.Study) {
	ready := b.readiness()
	b.machine.View(func(s *state.State) {
		for _, name := range slices.Sorted(maps.Keys(s.Studies)) {
			list = append(list, b.show(s.Studies[name], ready))
		}
	})
	return list
}

// readiness tells which peers contribute under a roster. It is copied out first: the
// leader looks at the state under its own lock, so nobody may wait for that lock
// while looking at the state.
func (c *Coordinator) readiness() func(roster protocol.Digest, peer string) bool {
	connected, _ := c.transport.Peers()
	known := make(map[string]*greeted, len(connected))
	if l := c.leader.Load(); l != nil {
		l.mu.Lock()
		for _, peer := range connected {
			if g := l.sites[peer]; g != nil {
				known[string(peer)] = g
			}
		}
		l.mu.Unlock()
	}
	return func(roster protocol.Digest, peer string) bool { return known[peer] != nil && known[peer].ready[roster] }
}

func (b backend) show(st *state.Study, ready func(protocol.Digest, string) bool) rest.Study {
	out := rest.Study{APIVersion: rest.APIVersion, Name: st.Name}
	if !st.Proposed.IsZero() {
		out.State, out.Roster, out.Digest = "proposed", st.Proposed.Bytes(), st.Proposed.Digest()
		out.Unsigned = protocol.Unsigned(st.Proposed)
		return out
	}
	open, _ := st.Open()
	out.State, out.Roster, out.Digest = "open", open.Bytes(), open.Digest()
	for i, site := range open.Message.Sites {
		var raw []byte
		if d, ok := st.Declarations[uint32(i+1)]; ok {
			raw = d.Bytes()
			if ready(out.Digest, site.Peer) {
				out.Ready = append(out.Ready, site.Name)
			}
		}
		out.Declarations = append(out.Declarations, raw)
	}
	for _, point := range slices.Sorted(maps.Keys(st.Reports)) {
		out.Reports = append(out.Reports, st.Reports[point].Bytes())
	}
	out.Token = protocol.Token{Kind: protocol.StudyToken, Endpoints: b.cfg.Home.Endpoints(), Study: st.Name, Roster: out.Digest}.String()
	return out
}
