package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/coordinator/replica"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

const (
	raftDir  = "raft"
	blobsDir = "blobs"
	// farewell bounds the wait for requests when Run is told to end. Those that are
	// cut off are repeated elsewhere, which is safe.
	farewell = 250 * time.Millisecond
)

// Config is what a member is made of. Zero means the documented default.
type Config struct {
	// Home is the member's directory. Needed.
	Home *Home
	// Transport carries calls to sites. Nil: a wire.Host made from Home. Run closes
	// it, whoever made it.
	Transport wire.Transport
	// Allow is the list that Transport goes by; Run keeps it in step with the
	// state. Needed with Transport.
	Allow *wire.AllowList
	// Layer carries the log between members. Nil: streams of the Host that was made,
	// or, with a Transport, none, for a coordinator of one member.
	Layer replica.Layer
	// Listener is where the HTTP API is served. Nil: at Home.API. Run closes it.
	Listener net.Listener
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Log is told what an operator should know. Nil: nothing is logged.
	Log *slog.Logger
	// Version is told to who asks.
	Version string
	// Timing is for tests and slow networks.
	Timing Timing
	// Ready, if set, is called once the API is served.
	Ready func()
	// TestOnlyStep is called before and after every commit, with its name, and before
	// and after entries are written to the audit log, so that a test can stop a member
	// there.
	TestOnlyStep func(step string)
}

// Timing is how patient a leader is. Zero fields mean the default.
type Timing struct {
	// Poll is the pause before a site that works is asked again; 100 ms.
	Poll time.Duration
	// Retry is the pause after a step that did not work; 1 s.
	Retry time.Duration
	// Greet is the pause between two greetings of a site that is ready, Nudge of
	// one that is not yet; 10 s and 250 ms.
	Greet, Nudge time.Duration
	// Approval is the pause before a site at which people decide is asked again; 10 s.
	Approval time.Duration
	// Contribute is how long sites have to contribute, Attempt how long an attempt
	// takes at most; 10 min and 1 h.
	Contribute, Attempt time.Duration
	// Again is the pause before a second attempt; 2 s.
	Again time.Duration
	// Cosign is the least pause between two times that the sites are asked to cosign this
	// member's audit log; 10 s.
	Cosign time.Duration
	// Replica is the timing of the log.
	Replica replica.Timing
}

func (t Timing) withDefaults() Timing {
	for _, f := range []struct {
		to    *time.Duration
		value time.Duration
	}{
		{&t.Poll, 100 * time.Millisecond}, {&t.Retry, time.Second}, {&t.Greet, 10 * time.Second}, {&t.Nudge, 250 * time.Millisecond},
		{&t.Approval, 10 * time.Second}, {&t.Contribute, 10 * time.Minute}, {&t.Attempt, time.Hour}, {&t.Again, 2 * time.Second}, {&t.Cosign, 10 * time.Second},
	} {
		if *f.to == 0 {
			*f.to = f.value
		}
	}
	return t
}

// Check returns everything that is wrong with the configuration.
func (c *Config) Check() error {
	var faults []error
	if c.Home == nil {
		faults = append(faults, errors.New("coordinator: Home is missing"))
	}
	if c.Transport != nil && c.Allow == nil {
		faults = append(faults, errors.New("coordinator: a Transport without the Allow list that it goes by"))
	}
	if c.Transport != nil && c.Layer == nil && c.Home != nil && len(c.Home.Members) > 1 {
		faults = append(faults, errors.New("coordinator: several members with a Transport need a Layer"))
	}
	return errors.Join(faults...)
}

// Coordinator is one member.
type Coordinator struct {
	cfg       Config
	log       *slog.Logger
	transport wire.Transport
	replica   *replica.Replica
	machine   *state.Machine
	journal   *journal // the machine, and this member's audit log
	blobs     blob.Store
	owned     []io.Closer // of New, to be closed by Run or Close

	// leads is set while this member leads and holds all that was committed.
	leads  atomic.Bool
	leader atomic.Pointer[leader]
	// news are changes of the state, and of what the leader knows beside it.
	news news

	mu   sync.Mutex
	ring keyCache
}

// Kinds are the calls of the protocol as the transport knows them.
func Kinds() wire.Kinds {
	kinds := make(wire.Kinds)
	for _, c := range protocol.Calls() {
		kinds[wire.Kind(c.Call)] = wire.KindSpec{Name: c.Name, MaxRequest: c.MaxRequest, MaxResponse: c.MaxReply, Deadline: c.Deadline}
	}
	return kinds
}

// New opens a member. Nothing moves before Run; the caller MUST Run or Close it.
func New(cfg Config) (*Coordinator, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg.Timing = cfg.Timing.withDefaults()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Coordinator{cfg: cfg, log: cfg.Log.With("member", cfg.Home.Card.Name)}
	if err := c.open(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Coordinator) open() error {
	blobs, err := blob.OpenDir(filepath.Join(c.cfg.Home.Dir, blobsDir))
	if err != nil {
		return err
	}
	c.journal, err = openJournal(filepath.Join(c.cfg.Home.Dir, AuditDir), c.cfg.Home.Signing, c.cfg.Now, c.step)
	if err != nil {
		return err
	}
	c.owned = append(c.owned, c.journal)
	c.machine, c.blobs, c.transport = c.journal.Machine, blobs, c.cfg.Transport
	layer := c.cfg.Layer
	if c.transport == nil {
		c.cfg.Allow = wire.NewAllowList()
		host, err := c.newHost()
		if err != nil {
			return err
		}
		c.transport = host
		if layer == nil {
			layer = hostLayer{Listener: host.StreamListener(raftStream), host: host}
		}
	}
	c.owned = append(c.owned, c.transport)
	if layer == nil {
		layer = newAlone()
	}
	c.allow(c.peers())
	if c.cfg.Listener == nil {
		if c.cfg.Listener, err = net.Listen("tcp", c.cfg.Home.API); err != nil {
			return fmt.Errorf("listen for the API: %w", err)
		}
	}
	c.owned = append(c.owned, c.cfg.Listener)
	members := make([]replica.MemberID, len(c.cfg.Home.Members))
	for i, m := range c.cfg.Home.Members {
		members[i] = replica.MemberID(m.Peer)
	}
	c.replica, err = replica.Open(replica.Config{
		Dir: filepath.Join(c.cfg.Home.Dir, raftDir), Self: replica.MemberID(c.cfg.Home.Card.Peer), Members: members,
		Layer: layer, Machine: c.journal, Admit: state.Admit, Settle: c.journal.settle, Log: c.log, Timing: c.cfg.Timing.Replica,
	})
	if err != nil {
		return err
	}
	c.owned = append(c.owned, c.replica)
	return nil
}

// Close gives back what New took, if Run was never called.
func (c *Coordinator) Close() error {
	var errs []error
	for i := len(c.owned) - 1; i >= 0; i-- {
		if err := c.owned[i].Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run takes part until ctx ends, and returns nil then. Any other return is a failure
// of this member after which the process MUST end.
func (c *Coordinator) Run(ctx context.Context) error {
	if err := c.journal.started(ctx, c.cfg.Version); err != nil {
		return errors.Join(ignoreEnd(ctx, err), c.Close())
	}
	c.transport.Serve(nil, c)
	// The transport outlives the rest: a leader hands on by it.
	carrying, stopCarrying := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCarrying()
	carried := make(chan error, 1)
	work, working := errgroup.WithContext(ctx)
	go func() { carried <- c.transport.Run(carrying) }()
	work.Go(func() error { return c.replica.Run(working) })
	work.Go(func() error { return c.keepAllowed(working) })
	work.Go(func() error { return c.mirror(working) })
	work.Go(func() error { return c.keepCosigned(working) })
	work.Go(func() error { return c.follow(working) })
	work.Go(func() error { return c.serve(working) })
	err := work.Wait()
	stopCarrying()
	err = errors.Join(ignoreEnd(ctx, err), ignoreEnd(ctx, <-carried))
	return errors.Join(err, c.Close())
}

// ignoreEnd drops what an ending context makes others return.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// serve answers the HTTP API.
func (c *Coordinator) serve(ctx context.Context) error {
	server := &http.Server{
		Handler:   api.New(api.Config{Backend: backend{c}, Version: c.cfg.Version, Log: c.log, Now: c.cfg.Now}),
		TLSConfig: rest.ServerTLS(c.cfg.Home.Certificate), ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(c.cfg.Listener, "", "") }()
	if c.cfg.Ready != nil {
		c.cfg.Ready()
	}
	select {
	case err := <-ended:
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	err := server.Shutdown(bye)
	if err != nil {
		err = server.Close()
	}
	<-ended
	return err
}

// commit proposes a command until it is known what became of it.
func (c *Coordinator) commit(ctx context.Context, cmd state.Command) (state.Result, error) {
	raw, err := cmd.Bytes(c.cfg.Now())
	if err != nil {
		return state.Result{}, err
	}
	c.step("before " + cmd.Name)
	answer, err := c.replica.Propose(ctx, raw)
	for errors.Is(err, replica.ErrUncertain) && ctx.Err() == nil {
		// Commands may be applied twice. That ends: a member that does not lead
		// any more is told so.
		answer, err = c.replica.Propose(ctx, raw)
	}
	if err != nil {
		return state.Result{}, fmt.Errorf("commit %s: %w", cmd.Name, err)
	}
	c.step("after " + cmd.Name)
	result, _ := answer.(state.Result)
	return result, result.Err
}

func (c *Coordinator) step(name string) {
	if c.cfg.TestOnlyStep != nil {
		c.cfg.TestOnlyStep(name)
	}
}
