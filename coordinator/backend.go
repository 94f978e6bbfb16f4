package coordinator

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/coordinator/replica"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
)

// commitTimeout bounds how long a request waits for its commit.
const commitTimeout = 15 * time.Second

// backend is a Coordinator as the API sees it.
type backend struct{ *Coordinator }

var _ api.Backend = backend{}

// stated is a kind of the API's errors with what the state said.
type stated struct {
	kind error
	text string
}

func (e stated) Error() string { return e.text }
func (e stated) Unwrap() error { return e.kind }

// apiError tells the API what kind of error one is.
func apiError(err error) error {
	for _, pair := range []struct{ from, to error }{
		{state.ErrNotFound, api.ErrNotFound}, {state.ErrConflict, api.ErrConflict}, {state.ErrInvalid, api.ErrInvalid},
	} {
		if errors.Is(err, pair.from) {
			return stated{pair.to, strings.TrimPrefix(err.Error(), pair.from.Error()+": ")}
		}
	}
	switch {
	case errors.Is(err, replica.ErrTooLarge):
		return &rest.Problem{
			Type: "about:blank", Title: "the request is too large to be committed", Status: http.StatusRequestEntityTooLarge, Code: "LOC-REQUEST-TOO-LARGE",
			Fix: fmt.Sprintf("it may take %d bytes in all; ask for a region of a panel in place of listed variants", replica.MaxCommand), Unchanged: "nothing was changed",
		}
	case errors.Is(err, replica.ErrNotLeader), errors.Is(err, replica.ErrStopped), errors.Is(err, replica.ErrBusy), errors.Is(err, replica.ErrUncertain):
		return fmt.Errorf("%w: %w", api.ErrNoLeader, err)
	}
	return err
}

func (b backend) put(ctx context.Context, cmd state.Command) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	_, err := b.commit(ctx, cmd)
	return apiError(err)
}

// Settled returns once all that was committed is in this member's audit log.
func (b backend) Settled(ctx context.Context) error {
	if err := b.journal.settled(ctx); err != nil {
		return fmt.Errorf("%w: %w", api.ErrNoLeader, err)
	}
	return nil
}

// Leads reports whether this member leads and holds all that was committed.
func (b backend) Leads() (bool, string) {
	id, self := b.replica.Leader()
	if self {
		return b.leads.Load(), ""
	}
	for _, m := range b.cfg.Home.Members {
		if m.Peer == string(id) {
			return false, m.URL
		}
	}
	return false, ""
}

// Changed is closed at the next change of the state, of the leader or of what it
// knows of the sites.
func (b backend) Changed() <-chan struct{} { return b.news.next() }

// Cluster is how the members are, as far as this one sees.
func (b backend) Cluster() rest.Cluster {
	out := rest.Cluster{APIVersion: rest.APIVersion, Version: b.cfg.Version, Applied: b.replica.Applied()}
	leader, _ := b.replica.Leader()
	connected, _ := b.transport.Peers()
	for _, m := range b.cfg.Home.Members {
		reached := false
		for _, p := range connected {
			reached = reached || string(p) == m.Peer
		}
		self := m.Peer == b.cfg.Home.Card.Peer
		out.Members = append(out.Members, rest.Member{
			Name: m.Name, Leader: string(leader) == m.Peer, Self: self, URL: m.URL, Reached: reached || self,
		})
	}
	return out
}

// Invite makes the token with which one site may join.
func (b backend) Invite(ctx context.Context, inv rest.Invitation) (string, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	key, err := protocol.InvitationKey(secret)
	if err != nil {
		return "", err
	}
	if err := b.put(ctx, state.Invite(inv.Name, key)); err != nil {
		return "", err
	}
	return protocol.Token{Kind: protocol.SiteToken, Endpoints: b.cfg.Home.Endpoints(), Site: inv.Name, Secret: secret}.String(), nil
}

// Join takes a site's card.
func (b backend) Join(ctx context.Context, raw []byte) (rest.Site, error) {
	name, err := protocol.JoinName(raw)
	if err != nil {
		return rest.Site{}, err
	}
	// Anybody may ask. Who holds no token writes nothing to the log, and is not told
	// which sites are invited.
	err = fmt.Errorf("%w: not made with a token of this coordinator", protocol.ErrSignature)
	b.machine.View(func(s *state.State) {
		if site, ok := s.Sites[name]; ok {
			if _, wrong := protocol.ParseJoinRequest(raw, site.Invitation); wrong == nil {
				err = nil
			}
		}
	})
	if err != nil {
		return rest.Site{}, err
	}
	if err := b.put(ctx, state.Join(raw)); err != nil {
		return rest.Site{}, err
	}
	for _, s := range b.Sites() {
		if s.Name == name {
			return s, nil
		}
	}
	return rest.Site{}, api.ErrNotFound
}

// Approve approves a site whose words were compared.
func (b backend) Approve(ctx context.Context, name, words string) error {
	var card protocol.Digest
	err := fmt.Errorf("%w: site", api.ErrNotFound)
	b.machine.View(func(s *state.State) {
		site, ok := s.Sites[name]
		switch {
		case ok && site.State == state.Invited:
			err = stated{api.ErrConflict, "the site has not joined yet"}
		case ok:
			card, err = site.Card.Digest()
		}
	})
	if err != nil {
		return err
	}
	if protocol.Words(card) != words {
		return stated{api.ErrInvalid, "these are not the site's words; compare them with its operator again, and approve nothing that differs"}
	}
	return b.put(ctx, state.Approve(name, card))
}

// Sites are all sites, by name.
func (b backend) Sites() (list []rest.Site) {
	connected, _ := b.transport.Peers()
	b.machine.View(func(s *state.State) {
		for _, name := range slices.Sorted(maps.Keys(s.Sites)) {
			site := s.Sites[name]
			out := rest.Site{Name: name, State: site.State.String(), Card: site.Request}
			if site.State != state.Invited {
				if d, err := site.Card.Digest(); err == nil {
					out.Words = protocol.Words(d)
				}
			}
			for _, p := range connected {
				out.Connected = out.Connected || string(p) == site.Card.Peer
			}
			list = append(list, out)
		}
	})
	return list
}

// AddPanel stores a panel. It is here before it is committed, and on a majority of the
// members before it is acknowledged.
func (b backend) AddPanel(ctx context.Context, raw []byte) (rest.Panel, error) {
	p, err := panel.Parse(bytes.NewReader(raw))
	if err != nil {
		return rest.Panel{}, fmt.Errorf("%w: %w", api.ErrInvalid, err)
	}
	id, err := b.store(ctx, raw)
	if err != nil {
		return rest.Panel{}, err
	}
	added := state.Panel{Digest: p.Digest(), Assembly: p.Assembly(), Variants: uint64(p.Len()), Blob: id, Size: uint64(len(raw))}
	if err := b.put(ctx, state.AddPanel(added)); err != nil {
		return rest.Panel{}, err
	}
	if err := b.awaitCopies(ctx, item{added.Blob, added.Size}); err != nil {
		return rest.Panel{}, fmt.Errorf("%w: the panel is not on a majority of the members yet", api.ErrNoLeader)
	}
	return rest.Panel{Digest: added.Digest, Assembly: added.Assembly, Size: added.Variants}, nil
}

func (b backend) store(ctx context.Context, raw []byte) (id protocol.Digest, err error) {
	if here, err := b.has(ctx, sha256.Sum256(raw)); here || err != nil {
		return sha256.Sum256(raw), err
	}
	upload, err := b.blobs.Begin(ctx, blob.ID{})
	if err != nil {
		return id, err
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	if _, err := upload.Write(raw); err != nil {
		return id, err
	}
	got, err := upload.Commit()
	return protocol.Digest(got), err
}

// Panel opens a stored panel.
func (b backend) Panel(ctx context.Context, d protocol.Digest) (io.ReadCloser, error) {
	var p state.Panel
	b.machine.View(func(s *state.State) { p = s.Panels[d] })
	if p.Digest.IsZero() {
		return nil, api.ErrNotFound
	}
	return b.fetch(ctx, item{p.Blob, p.Size})
}

// fetch opens a blob that the state names. One that is on no member that is there
// may come back with another.
func (b backend) fetch(ctx context.Context, it item) (io.ReadCloser, error) {
	r, _, err := b.blobs.Open(ctx, blob.ID(it.id), 0)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fmt.Errorf("%w: the bytes are not on this member yet", api.ErrNoLeader)
	}
	return r, err
}
