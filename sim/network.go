package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/coordinator/replica"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/researcher"
)

// Transport says how nodes and coordinator talk.
type Transport uint8

// The transports. The zero value is Loopback.
const (
	Loopback Transport = iota
	Sockets
)

// Config is what a network is made of.
type Config struct {
	// Dir is an empty directory in which everything lives. Needed.
	Dir string
	// Transport is how nodes and coordinator talk; Loopback has one member only.
	Transport Transport
	// Members is how many the coordinator has. Zero means 1.
	Members int
	// Sites are the institutions, two or more. Needed.
	Sites []Site
	// Panel is what the study is about. Needed.
	Panel *panel.Panel
	// Cohorts are the roster's. Nil means one, "everyone", over all sites.
	Cohorts []protocol.ExactCohort
	// Modes are the roster's. Nil means exact answers only.
	Modes []protocol.Mode
	// Threshold is t. Zero means the default of the number of sites.
	Threshold int
	// Packing is the roster's.
	Packing int
	// Timing is how patient members are. Zero means Fast.
	Timing coordinator.Timing
	// Step is told of every step that a member takes, on its goroutine, for tests
	// that stop a member there. Nil tells nobody.
	Step func(member int, step string)
	// Sent is told, on any goroutine, of the bytes of each answer that a site's node gives over
	// Loopback, and of the words that a transfer takes away. Nil tells nobody.
	Sent func(site int, what []byte)
	// Log is told what the parties log. Nil drops it.
	Log *slog.Logger
}

// Site is one institution.
type Site struct {
	Name string
	// Cohorts are what its custodian loads.
	Cohorts []node.CohortSpec
}

// Fast is the patience of members that are near one another, and of tests.
var Fast = coordinator.Timing{
	Poll: 5 * time.Millisecond, Retry: 20 * time.Millisecond, Nudge: 10 * time.Millisecond, Greet: 200 * time.Millisecond,
	Again: 50 * time.Millisecond, Cosign: 100 * time.Millisecond, Contribute: 30 * time.Second, Attempt: time.Minute,
	Replica: replica.Timing{Heartbeat: 150 * time.Millisecond, Election: 150 * time.Millisecond, Lease: 100 * time.Millisecond, Commit: 5 * time.Millisecond},
}

// study is the one study of a network.
const study = "sim"

// Everyone is the cohort of a network that names none.
const Everyone = "everyone"

// Network is a study that runs.
type Network struct {
	cfg        Config
	loop       *wire.Network
	members    []*member
	sites      []*site
	researcher *researcher.Home
	operator   *rest.Client
}

// New makes everything, agrees on the study, and returns when every site is ready to
// answer. The caller MUST Close it.
func New(ctx context.Context, cfg Config) (_ *Network, err error) {
	if cfg.Members == 0 {
		cfg.Members = 1
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Transport == Loopback && cfg.Members != 1 {
		return nil, errors.New("sim: over Loopback there is one member")
	}
	if cfg.Timing == (coordinator.Timing{}) {
		cfg.Timing = Fast
	}
	n := &Network{cfg: cfg}
	if n.loop, err = wire.NewNetwork(egress.Kinds()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if err := n.startMembers(); err != nil {
		return nil, err
	}
	for _, s := range cfg.Sites {
		if err := n.join(ctx, s); err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
	}
	if err := n.agree(ctx); err != nil {
		return nil, err
	}
	return n, n.AwaitReady(ctx)
}

// Close stops all parties.
func (n *Network) Close() error {
	var errs []error
	for i := range n.sites {
		errs = append(errs, n.StopSite(i))
	}
	for i := range n.members {
		errs = append(errs, n.StopMember(i))
	}
	if n.operator != nil {
		n.operator.Close()
	}
	return errors.Join(errs...)
}

func (n *Network) dir(name string) string { return filepath.Join(n.cfg.Dir, name) }

// agree proposes the study, has every custodian accept it, and opens it.
func (n *Network) agree(ctx context.Context) error {
	var err error
	n.researcher, err = researcher.Init(n.dir("researcher"), researcher.Identity{Name: "Alice", Organisation: "University"})
	if err != nil {
		return err
	}
	proposal, err := n.propose(ctx)
	if err != nil {
		return err
	}
	opened, err := n.enact(ctx, proposal)
	if err != nil {
		return err
	}
	_, err = n.researcher.Join(opened.Token, false)
	return err
}

// enact proposes a roster, has every custodian in it accept it, and opens the study.
func (n *Network) enact(ctx context.Context, proposal protocol.Signed[protocol.Roster]) (opened rest.Study, err error) {
	if _, err := n.operator.Bytes(ctx, http.MethodPost, "/v1/studies", proposal.Bytes()); err != nil {
		return opened, fmt.Errorf("propose: %w", err)
	}
	for _, s := range n.sites {
		if _, in := proposal.Message.PointOf(s.card.NodeKey.ID()); !in {
			continue
		}
		if err := s.accept(ctx); err != nil {
			return opened, fmt.Errorf("site %s accepts: %w", s.Name, err)
		}
	}
	if err := n.operator.JSON(ctx, http.MethodPost, "/v1/studies/"+study+"/opening", nil, &opened); err != nil {
		return opened, fmt.Errorf("open: %w", err)
	}
	return opened, nil
}

// NextEpoch has the study go on under another roster: change makes it of the one in force. It
// returns the study's new token; who asks has to join again.
func (n *Network) NextEpoch(ctx context.Context, change func(*protocol.Roster)) (token string, err error) {
	var s rest.Study
	if err := n.operator.JSON(ctx, http.MethodGet, "/v1/studies/"+study, nil, &s); err != nil {
		return "", err
	}
	before, err := protocol.ParseProposal(s.Roster)
	if err != nil {
		return "", err
	}
	r := before.Message
	r.Epoch, r.Previous, r.Deadline = r.Epoch+1, before.Digest(), time.Now().Add(time.Hour)
	change(&r)
	proposal, err := protocol.NewProposal(r)
	if err != nil {
		return "", err
	}
	opened, err := n.enact(ctx, proposal)
	return opened.Token, err
}

// propose stores the panel and writes the roster.
func (n *Network) propose(ctx context.Context) (protocol.Signed[protocol.Roster], error) {
	ref, err := n.storePanel(ctx)
	if err != nil {
		return protocol.Signed[protocol.Roster]{}, err
	}
	r := protocol.Roster{
		Study: study, Title: "Simulated", Epoch: 1, Deadline: time.Now().Add(time.Hour), Modes: n.cfg.Modes,
		Cohorts: n.cfg.Cohorts, Panels: []protocol.PanelRef{ref},
		Researchers: []protocol.Researcher{{Name: "Alice", Organisation: "University", Key: n.researcher.Key().Public()}},
	}
	if r.Members, err = n.members[0].home.RosterMembers(); err != nil {
		return protocol.Signed[protocol.Roster]{}, err
	}
	for _, s := range n.sites {
		r.Sites = append(r.Sites, s.card.Site())
	}
	r.Threshold, r.Corrupt = protocol.Thresholds(len(r.Sites))
	if n.cfg.Threshold != 0 {
		r.Threshold, r.Corrupt = n.cfg.Threshold, 0
	}
	if r.Packing = n.cfg.Packing; r.Packing > 1 {
		r.Corrupt = protocol.MostCorrupt(len(r.Sites), r.Threshold, r.Packing)
	}
	r.MinOrganisations = min(r.Corrupt+2, len(r.Sites))
	if r.Modes == nil {
		r.Modes = []protocol.Mode{protocol.Exact}
	}
	if r.Cohorts == nil {
		r.Cohorts = []protocol.ExactCohort{{Name: Everyone, Points: r.Points(), Minimum: protocol.MinCohort}}
	}
	return protocol.NewProposal(r)
}

// Rejoin has the network's researcher pin the study's next roster, as its token has it.
func (n *Network) Rejoin(token string) error {
	_, err := n.researcher.Join(token, true)
	return err
}

// AwaitReady returns when every site of the study is connected and ready to answer.
func (n *Network) AwaitReady(ctx context.Context) error {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		var s rest.Study
		if err := n.operator.JSON(ctx, http.MethodGet, "/v1/studies/"+study, nil, &s); err != nil {
			return err
		}
		r, err := protocol.ParseProposal(s.Roster)
		if err != nil {
			return err
		}
		if len(s.Ready) == len(r.Message.Sites) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ready are only %q: %w", s.Ready, ctx.Err())
		case <-again.C:
		}
	}
}

// Faults says what befalls each passage over Loopback from now on; nil means nothing.
// Peer names a site in it.
func (n *Network) Faults(faults func(wire.Passage) wire.Fault) { n.loop.SetFaults(faults) }

// Peer is the network name of a site.
func (n *Network) Peer(site int) wire.PeerID { return wire.PeerID(n.sites[site].card.Peer) }

// SiteDir is the directory of a site's node.
func (n *Network) SiteDir(site int) string { return n.sites[site].dir }

// MemberDir is the directory of a coordinator's member.
func (n *Network) MemberDir(member int) string { return n.members[member].home.Dir }

// Client asks as the network's researcher. The caller closes it.
func (n *Network) Client() (*researcher.Client, error) { return n.researcher.Client(study) }

// Ask asks for allele frequencies, waits, and opens the answer.
func (n *Network) Ask(ctx context.Context, ask researcher.Ask) (researcher.Answer, error) {
	return n.AskWatched(ctx, ask, func(rest.Task) {})
}

// AskAs is Ask of another researcher, who has joined the study.
func (n *Network) AskAs(ctx context.Context, who *researcher.Home, ask researcher.Ask) (researcher.Answer, error) {
	return askFrom(ctx, who, ask, func(rest.Task) {})
}

// AskWatched is Ask that tells how the task goes.
func (n *Network) AskWatched(ctx context.Context, ask researcher.Ask, each func(rest.Task)) (researcher.Answer, error) {
	return askFrom(ctx, n.researcher, ask, each)
}

func askFrom(ctx context.Context, who *researcher.Home, ask researcher.Ask, each func(rest.Task)) (researcher.Answer, error) {
	c, err := who.Client(study)
	if err != nil {
		return researcher.Answer{}, err
	}
	defer c.Close()
	if ask.Cohort == "" {
		ask.Cohort = Everyone
	}
	if ask.Mode == 0 {
		ask.Mode = protocol.Exact
	}
	asked, err := c.Compose(ctx, ask, time.Now())
	if err != nil {
		return researcher.Answer{}, err
	}
	if err := c.Submit(ctx, asked); err != nil {
		return researcher.Answer{}, err
	}
	task, err := c.Watch(ctx, asked.Task, each)
	if err != nil {
		return researcher.Answer{}, err
	}
	if task.State != "done" {
		return researcher.Answer{}, fmt.Errorf("%w: %s", ErrTask, task)
	}
	return c.Open(ctx, asked)
}

// ErrTask is returned by Ask when the task ended without an answer.
var ErrTask = errors.New("sim: the task ended without an answer")
