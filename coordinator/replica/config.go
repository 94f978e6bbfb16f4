package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// MaxCommand bounds one command, in bytes: what raft suggests for an entry.
	// Larger ones would delay heartbeats behind them.
	MaxCommand = 512 << 10
	// MaxMembers bounds the members of one cluster. A majority of more would
	// cost each command time, and gain no availability that matters.
	MaxMembers = 9
	// maxID bounds the id of a member, in bytes.
	maxID = 256
	// maxInbound bounds the connections that other members hold open to us.
	maxInbound = 16 * MaxMembers
	// retained snapshots: the newest, and one before it.
	retained = 2
	// ioTimeout bounds a dial and an exchange with another member.
	ioTimeout = 10 * time.Second
	// lockTimeout bounds the wait for another process to let the log go.
	lockTimeout = time.Second
	// enqueueTimeout bounds the wait for a place in the leader's queue.
	enqueueTimeout = 5 * time.Second
	// drainTimeout bounds the wait for answers when Run is told to end.
	drainTimeout = 5 * time.Second
)

// MemberID names a member for ever. It is also the address that a [Layer] dials.
type MemberID string

// Config says who this member is and what it replicates.
type Config struct {
	// Dir is the folder of the log and the snapshots. It is created if missing.
	Dir string
	// Self is this member.
	Self MemberID
	// Members are the first members of a new cluster, Self among them, the same
	// on each. Once there is state on disk the cluster remembers its members and
	// the list is not looked at. Empty: this member starts empty and waits until
	// a leader adds it.
	Members []MemberID
	// Layer carries bytes between members. Run closes it.
	Layer Layer
	// Machine is what is replicated. It is used under a lock of the replica, and
	// by nobody else.
	Machine Machine
	// Admit, if set, is asked before a command is proposed. It keeps out what
	// Machine.Apply would not understand: once committed, such a command stops
	// every member for good. It MUST NOT look at the Machine.
	Admit func(command []byte) error
	// Settle, if set, is called after commands were applied or a snapshot was restored,
	// and before anybody is told so and before a snapshot is taken of it. One call may be
	// for many commands. It may wait for a disk, and sees no command while it does. An
	// error stops this member, and the commands' proposers are told nothing.
	Settle func() error
	// Log is told what an operator should know. Nil: nothing is logged.
	Log *slog.Logger
	// Timing is for tests and for slow networks.
	Timing Timing
	// SnapshotAfter is the number of entries after which a snapshot is taken.
	// Zero: raft's default, 8192.
	SnapshotAfter uint64
	// KeepEntries is the number of entries kept behind a snapshot, for followers
	// that are a little late. Zero: raft's default, 10240.
	KeepEntries uint64
}

// Timing is how patient a member is. Zero fields mean raft's defaults, which
// are right in production.
type Timing struct {
	Heartbeat     time.Duration // without a leader, before an election; 1 s
	Election      time.Duration // of one election; 1 s
	Lease         time.Duration // without a majority, before a leader steps down; 500 ms
	Commit        time.Duration // between an entry and the news of its commit, when idle; 50 ms
	SnapshotCheck time.Duration // between looks whether a snapshot is due; 2 min
	IO            time.Duration // of a dial or an exchange; 10 s
}

// Check returns everything that is wrong with the configuration.
func (c *Config) Check() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf("replica: "+format, args...))
		}
	}
	fault(c.Dir == "", "Dir is empty: name the folder of the log")
	fault(c.Layer == nil, "Layer is missing")
	fault(c.Machine == nil, "Machine is missing")
	fault(!c.Self.valid(), "Self %q: want an id of 1 to %d bytes", clip(c.Self), maxID)
	fault(len(c.Members) > MaxMembers, "%d members: want at most %d", len(c.Members), MaxMembers)
	for i, m := range c.Members {
		fault(!m.valid(), "Members[%d] %q: want an id of 1 to %d bytes", i, clip(m), maxID)
		fault(slices.Contains(c.Members[:i], m), "Members[%d] %q is there twice", i, clip(m))
	}
	fault(len(c.Members) > 0 && !slices.Contains(c.Members, c.Self),
		"Members does not hold Self %q: add it, or leave Members empty to join a cluster", clip(c.Self))
	for _, d := range []time.Duration{c.Timing.Heartbeat, c.Timing.Election, c.Timing.Lease,
		c.Timing.Commit, c.Timing.SnapshotCheck, c.Timing.IO} {
		fault(d < 0, "Timing holds %v: want zero or more", d)
	}
	if len(faults) == 0 {
		if err := raft.ValidateConfig(c.raft()); err != nil {
			faults = append(faults, fmt.Errorf("replica: Timing: %w", err))
		}
	}
	return errors.Join(faults...)
}

// raft is the configuration as raft wants it.
func (c *Config) raft() *raft.Config {
	conf := raft.DefaultConfig()
	conf.ProtocolVersion = 3
	conf.LocalID = raft.ServerID(c.Self)
	conf.Logger = newLogger(c.Log)
	conf.BatchApplyCh = true
	conf.NoLegacyTelemetry = true
	// A leader that is removed becomes an idle follower. Raft's own shutdown
	// would leave nothing for Run to wait for.
	conf.ShutdownOnRemove = false
	set(&conf.HeartbeatTimeout, c.Timing.Heartbeat)
	set(&conf.ElectionTimeout, c.Timing.Election)
	set(&conf.LeaderLeaseTimeout, c.Timing.Lease)
	set(&conf.CommitTimeout, c.Timing.Commit)
	set(&conf.SnapshotInterval, c.Timing.SnapshotCheck)
	set(&conf.SnapshotThreshold, c.SnapshotAfter)
	set(&conf.TrailingLogs, c.KeepEntries)
	return conf
}

// io is the bound of a dial or an exchange.
func (c *Config) io() time.Duration {
	bound := ioTimeout
	set(&bound, c.Timing.IO)
	return bound
}

func (id MemberID) valid() bool { return len(id) > 0 && len(id) <= maxID }

// clip keeps an id that is too long out of an error.
func clip(id MemberID) MemberID { return id[:min(len(id), maxID)] }

// set puts a value that is not zero in the place of a default.
func set[T comparable](field *T, value T) {
	var zero T
	if value != zero {
		*field = value
	}
}
