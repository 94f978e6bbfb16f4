package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"time"
)

// Config is what a Host is made of. Zero means the documented default.
type Config struct {
	// Identity is this peer's network key. Needed.
	Identity Identity
	// Kinds is the table of calls. Needed.
	Kinds Kinds
	// Allow names the peers that may be connected. Nil allows nobody.
	Allow *AllowList
	// Members names the peers that raw streams may come from and go to: the
	// other members of a coordinator. They MUST be on Allow as well. Nil names
	// nobody.
	Members *AllowList
	// Listen holds the addresses to listen on, like "/ip4/0.0.0.0/tcp/7800".
	// None, as for a node, opens no port.
	Listen []string
	// Dial holds the only addresses that are ever dialled. Run keeps a
	// connection up to each peer in it.
	Dial []Address
	// Dialer opens the TCP connections. Nil means net.Dialer. It is where a
	// site's one outbound door, or its proxy, is put in.
	Dialer Dialer
	// RedialMin and RedialMax bound the pause between two dials of one peer,
	// which doubles from the first to the second. Default 250 ms and 30 s.
	RedialMin, RedialMax time.Duration
	// Stall is how long a stream may take to begin, and a transfer to move its
	// next 256 KiB. Default 30 s.
	Stall time.Duration
	// Observe is told what happens. It is called from many goroutines and MUST
	// NOT block. Nil tells nobody.
	Observe func(Event)
	// Log receives libp2p's own log lines; nil drops them. libp2p has one such
	// handler a process: the first Host decides.
	Log slog.Handler
}

// Dialer opens TCP connections. *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	defaultRedialMin = 250 * time.Millisecond
	defaultRedialMax = 30 * time.Second
	defaultStall     = 30 * time.Second
	// maxDial bounds the addresses to keep connected: a node has at most the
	// five members of a coordinator, each with a few addresses.
	maxDial = 64
)

// Check returns all faults of the configuration.
func (c Config) Check() error {
	var faults []error
	if c.Identity.id == "" {
		faults = append(faults, fmt.Errorf("%w: Identity is missing", ErrConfig))
	}
	if len(c.Kinds) == 0 {
		faults = append(faults, fmt.Errorf("%w: Kinds is empty", ErrConfig))
	}
	faults = append(faults, c.Kinds.Check())
	for _, s := range c.Listen {
		if _, err := parseListen(s); err != nil {
			faults = append(faults, err)
		}
	}
	if len(c.Dial) > maxDial {
		faults = append(faults, fmt.Errorf("%w: %d addresses to dial, at most %d", ErrConfig, len(c.Dial), maxDial))
	}
	for _, a := range c.Dial {
		if a.at == nil {
			faults = append(faults, fmt.Errorf("%w: an address to dial did not come from ParseAddress", ErrConfig))
		} else if a.Peer == c.Identity.id {
			faults = append(faults, fmt.Errorf("%w: %s is this peer itself", ErrConfig, a))
		}
	}
	if c.RedialMin < 0 || c.RedialMax < 0 || c.Stall < 0 {
		faults = append(faults, fmt.Errorf("%w: RedialMin, RedialMax and Stall must not be negative", ErrConfig))
	}
	return errors.Join(faults...)
}

// withDefaults fills in the zeros.
func (c Config) withDefaults() Config {
	c.Kinds = maps.Clone(c.Kinds)
	if c.RedialMin == 0 {
		c.RedialMin = defaultRedialMin
	}
	if c.RedialMax == 0 {
		c.RedialMax = defaultRedialMax
	}
	c.RedialMax = max(c.RedialMin, c.RedialMax)
	if c.Stall == 0 {
		c.Stall = defaultStall
	}
	if c.Observe == nil {
		c.Observe = func(Event) {}
	}
	if c.Dialer == nil {
		c.Dialer = &net.Dialer{}
	}
	if c.Log == nil {
		c.Log = slog.DiscardHandler
	}
	return c
}

// Event is something that an operator may want to know.
type Event struct {
	What What
	Peer PeerID
	Err  error // why, for Refused, DialFailed and Misbehaved
}

// What says what happened.
type What uint8

// The events.
const (
	// Connected: the first connection with an allowed peer is up.
	Connected What = iota + 1
	// Disconnected: the last connection with a peer is down.
	Disconnected
	// Refused: a connection was turned away, with ErrNotAllowed or ErrClassical.
	Refused
	// DialFailed: a configured peer could not be reached. It is tried again.
	DialFailed
	// Misbehaved: a peer broke the form of a call or transfer.
	Misbehaved
)

// String returns the event's name.
func (w What) String() string {
	switch w {
	case Connected:
		return "connected"
	case Disconnected:
		return "disconnected"
	case Refused:
		return "refused"
	case DialFailed:
		return "dial failed"
	case Misbehaved:
		return "misbehaved"
	}
	return "unknown"
}
