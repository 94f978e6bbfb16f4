package wire

import (
	"context"
	"time"
)

// Passage is one crossing of a Network: a request, a reply, or the bytes of a
// transfer.
type Passage struct {
	From, To PeerID // who asks, who is asked; the same for a reply
	Kind     Kind   // zero for a transfer
	Pull     bool   // it belongs to a transfer
	Reply    bool   // the way back of a call, or of what opens a transfer
	Bytes    bool   // the bytes of a transfer
	Nth      int    // how many passages equal to it in all else were before
}

// Fault is what befalls a passage. The zero Fault lets it through.
type Fault struct {
	Delay  time.Duration // it arrives later
	Lose   bool          // it never arrives: the caller waits for its deadline
	Twice  bool          // a request reaches the handler twice, one after the other
	Break  bool          // the stream breaks: ErrBroken at once
	After  int64         // of the bytes of a transfer, Break lets these through
	Unlink bool          // the connection is cut as well
}

// SetFaults says what befalls each passage from now on; nil means nothing. The
// function is called with the network's lock held and MUST NOT call back.
func (n *Network) SetFaults(faults func(Passage) Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = faults
}

// befall counts a passage and asks what befalls it.
func (n *Network) befall(p Passage) Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	counted := p
	p.Nth = n.passed[counted]
	n.passed[counted]++
	if n.faults == nil {
		return Fault{}
	}
	return n.faults(p)
}

// hold waits out a delay, or for the caller's end when nothing arrives.
func (f Fault) hold(ctx context.Context) error {
	if f.Delay > 0 && !rest(ctx, f.Delay) {
		return ctx.Err()
	}
	if f.Lose {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// outcome is what the asked peer's side of a passage came to.
type outcome struct {
	code     Code
	response []byte
	bulk     Bulk
}

// drop closes what nobody will read.
func (o outcome) drop() {
	if o.bulk.Body != nil {
		_ = o.bulk.Body.Close()
	}
}

// work is the asked peer's side of a passage.
type work func(ctx context.Context, peer *Loopback) outcome

// pass brings a request to a linked peer, runs work there, and brings the reply
// back. Work runs under the peer's Run, not under the caller's ctx: a caller
// that leaves does not stop it.
func (l *Loopback) pass(ctx context.Context, to PeerID, p Passage, work work) (outcome, error) {
	if !l.allow.Allows(to) {
		return outcome{}, ErrNotAllowed
	}
	if _, ok := l.net.linked(l.id, to); !ok {
		return outcome{}, ErrNotConnected
	}
	fault := l.net.befall(p)
	if err := l.cross(ctx, to, fault); err != nil {
		return outcome{}, err
	}
	got, err := l.runAt(ctx, to, p, fault.Twice, work)
	if err != nil {
		return outcome{}, err
	}
	p.Reply = true
	err = l.cross(ctx, to, l.net.befall(p))
	if err == nil && got.code != 0 {
		err = got.code
	}
	if err != nil {
		got.drop()
		return outcome{}, err
	}
	return got, nil
}

// cross is one way over the link, with its fault.
func (l *Loopback) cross(ctx context.Context, to PeerID, fault Fault) error {
	if fault.Unlink {
		l.net.Unlink(l.id, to)
	}
	if fault.Break {
		return ErrBroken
	}
	if err := fault.hold(ctx); err != nil {
		return err
	}
	if _, ok := l.net.linked(l.id, to); !ok {
		return ErrBroken
	}
	return ctx.Err()
}

// runAt runs work at the peer, within its slots. When the caller leaves or the
// link is cut, work goes on without it.
func (l *Loopback) runAt(ctx context.Context, to PeerID, p Passage, twice bool, work work) (outcome, error) {
	peer, ok := l.net.linked(l.id, to)
	if !ok {
		return outcome{}, ErrBroken
	}
	if begun := peer.life.next(); begun != nil {
		select {
		case <-begun:
		case <-ctx.Done():
			return outcome{}, ctx.Err()
		}
	}
	there, leave, ok := peer.life.enter()
	if !ok {
		return outcome{}, CodeUnavailable
	}
	taken := peer.calls
	if p.Pull {
		taken = peer.pulls
	}
	if !taken.take(l.id) {
		leave()
		return outcome{}, CodeBusy
	}
	done, gone := make(chan outcome), make(chan struct{})
	defer close(gone)
	go func() { // the peer's Run waits for leave
		defer leave()
		got := work(there, peer)
		if twice {
			got.drop()
			got = work(there, peer)
		}
		taken.give(l.id)
		select {
		case done <- got:
		case <-gone:
			got.drop()
		}
	}()
	for {
		changed := l.changed.next()
		if _, ok := l.net.linked(l.id, to); !ok {
			return outcome{}, ErrBroken
		}
		select {
		case got := <-done:
			return got, nil
		case <-ctx.Done():
			return outcome{}, ctx.Err()
		case <-changed:
		}
	}
}
