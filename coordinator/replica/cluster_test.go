package replica_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator/replica"
)

// list is a Machine that keeps each command once, in order. Its answer is the
// command's place, the first time and every time.
type list struct {
	mu       sync.Mutex // of restored: tests look from outside
	restored int

	entries []string
	places  map[string]int
}

var errUndecodable = errors.New("undecodable")

func understood(command []byte) error {
	if len(command) == 0 || bytes.ContainsAny(command, "\x00 ") {
		return errUndecodable
	}
	return nil
}

func (l *list) Apply(_ uint64, command []byte) (any, error) {
	if err := understood(command); err != nil {
		return nil, err
	}
	id := string(command)
	if place, seen := l.places[id]; seen {
		return place, nil
	}
	l.entries = append(l.entries, id)
	l.places[id] = len(l.entries)
	return len(l.entries), nil
}

func (l *list) Snapshot() (io.WriterTo, error) { return bytes.NewBufferString(l.text()), nil }

func (l *list) Restore(from io.Reader) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	l.entries, l.places = strings.Fields(string(text)), map[string]int{}
	for i, id := range l.entries {
		l.places[id] = i + 1
	}
	l.mu.Lock()
	l.restored++
	l.mu.Unlock()
	return nil
}

func (l *list) text() string { return strings.Join(l.entries, " ") }

func (l *list) restores() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restored
}

// cluster runs members over a network in memory, and on real disks.
type cluster struct {
	t        *testing.T
	root     string
	net      *network
	all      []replica.MemberID
	members  map[replica.MemberID]*replica.Replica
	machines map[replica.MemberID]*list
	stops    map[replica.MemberID]func() error
}

// newCluster starts members that found a cluster.
func newCluster(t *testing.T, members ...replica.MemberID) *cluster {
	t.Helper()
	c := &cluster{
		t: t, root: t.TempDir(), all: members,
		net:      &network{doors: map[replica.MemberID]*door{}, away: map[replica.MemberID]bool{}},
		members:  map[replica.MemberID]*replica.Replica{},
		machines: map[replica.MemberID]*list{},
		stops:    map[replica.MemberID]func() error{},
	}
	t.Cleanup(func() { c.stop(slices.Collect(maps.Keys(c.stops))...) })
	c.start(members...)
	return c
}

// config is a member's configuration, with an empty machine.
func (c *cluster) config(self replica.MemberID, members ...replica.MemberID) replica.Config {
	c.machines[self] = &list{places: map[string]int{}}
	return replica.Config{
		Dir: filepath.Join(c.root, string(self)), Self: self, Members: members,
		Log: slog.New(slog.NewTextHandler(c.t.Output(), nil)).With("self", self), Layer: c.net.listen(self), Machine: c.machines[self], Admit: understood,
		KeepEntries: 20,
	}
}

// start starts, or restarts, members that found the cluster.
func (c *cluster) start(ids ...replica.MemberID) {
	c.t.Helper()
	for _, id := range ids {
		c.run(id, c.config(id, c.all...))
	}
}

// join starts a member that waits to be added.
func (c *cluster) join(id replica.MemberID) {
	c.t.Helper()
	c.run(id, c.config(id))
}

func (c *cluster) run(id replica.MemberID, cfg replica.Config) {
	c.t.Helper()
	r, err := replica.Open(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	// Not t.Context: that one ends before the cleanup that calls stop.
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	c.members[id] = r
	c.stops[id] = func() error { cancel(); return <-ended }
}

// stop stops members, and expects no complaint.
func (c *cluster) stop(ids ...replica.MemberID) {
	c.t.Helper()
	for _, id := range ids {
		stop := c.stops[id]
		delete(c.stops, id)
		delete(c.members, id)
		if err := stop(); err != nil {
			c.t.Errorf("%s stopped with %v", id, err)
		}
	}
}

// await waits until a member shows what is expected of it.
func (c *cluster) await(m *replica.Replica, what string, holds func() bool) {
	c.t.Helper()
	bound := time.After(5 * time.Minute) // virtual
	for {
		changed := m.Changed()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-bound:
			c.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// onLeader does something on whoever leads, again until it is done.
func (c *cluster) onLeader(do func(replica.MemberID, *replica.Replica) error) {
	c.t.Helper()
	bound := time.Now().Add(5 * time.Minute)
	for time.Now().Before(bound) {
		for _, id := range slices.Sorted(maps.Keys(c.members)) {
			err := do(id, c.members[id])
			if err == nil {
				return
			}
			if !errors.Is(err, replica.ErrNotLeader) && !errors.Is(err, replica.ErrUncertain) {
				c.t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Millisecond) // virtual
	}
	c.t.Fatal("no leader in five minutes")
}

// leader is who leads, as a majority says.
func (c *cluster) leader() (leader replica.MemberID) {
	c.t.Helper()
	c.onLeader(func(id replica.MemberID, m *replica.Replica) error {
		leader = id
		return m.Read(c.t.Context(), func() {})
	})
	return leader
}

// follower is someone else.
func (c *cluster) follower() replica.MemberID {
	c.t.Helper()
	leader := c.leader()
	for _, id := range c.all {
		if id != leader {
			return id
		}
	}
	c.t.Fatal("no follower")
	return ""
}

func (c *cluster) propose(command string) (place int) {
	c.t.Helper()
	c.onLeader(func(_ replica.MemberID, m *replica.Replica) error {
		result, err := m.Propose(c.t.Context(), []byte(command))
		if err == nil {
			place = result.(int)
		}
		return err
	})
	return place
}

func (c *cluster) read() (text string) {
	c.t.Helper()
	c.onLeader(func(id replica.MemberID, m *replica.Replica) error {
		return m.Read(c.t.Context(), func() { text = c.machines[id].text() })
	})
	return text
}

// converge waits until every member has applied what the leader has, and
// compares their snapshots byte for byte.
func (c *cluster) converge() {
	c.t.Helper()
	leader := c.leader()
	want, index := c.text(leader), c.members[leader].Applied()
	for id, m := range c.members {
		c.await(m, fmt.Sprintf("%s has caught up", id), func() bool { return m.Applied() >= index })
		if got := c.text(id); got != want {
			c.t.Fatalf("%s holds %q, leader %s holds %q", id, got, leader, want)
		}
	}
}

// text is what a member's machine would write as a snapshot.
func (c *cluster) text(id replica.MemberID) (text string) {
	replica.View(c.members[id], func() { text = c.machines[id].text() })
	return text
}

// network is streams in memory, which can be cut.
type network struct {
	mu    sync.Mutex
	doors map[replica.MemberID]*door
	away  map[replica.MemberID]bool
	lines []line
}

type line struct {
	ends  [2]replica.MemberID
	conns [2]net.Conn
}

// cut ends a member's streams and lets it open no others.
func (n *network) cut(id replica.MemberID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away[id] = true
	n.lines = slices.DeleteFunc(n.lines, func(l line) bool {
		if l.ends[0] != id && l.ends[1] != id {
			return false
		}
		_, _ = l.conns[0].Close(), l.conns[1].Close()
		return true
	})
}

func (n *network) heal(id replica.MemberID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.away, id)
}

// listen makes a member's end of the network.
func (n *network) listen(id replica.MemberID) *door {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.doors[id] = &door{net: n, self: id, calls: make(chan net.Conn), closed: make(chan struct{})}
	return n.doors[id]
}

// door is a Layer.
type door struct {
	net    *network
	self   replica.MemberID
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

var errUnreachable = errors.New("unreachable")

func (d *door) Accept() (net.Conn, error) {
	select {
	case conn := <-d.calls:
		return conn, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *door) Dial(ctx context.Context, to replica.MemberID) (net.Conn, error) {
	d.net.mu.Lock()
	other := d.net.doors[to]
	if other == nil || d.net.away[to] || d.net.away[d.self] {
		d.net.mu.Unlock()
		return nil, errUnreachable
	}
	ours, theirs := net.Pipe()
	d.net.lines = append(d.net.lines, line{[2]replica.MemberID{d.self, to}, [2]net.Conn{ours, theirs}})
	d.net.mu.Unlock()
	select {
	case other.calls <- theirs:
		return ours, nil
	case <-other.closed:
		return nil, errUnreachable
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
