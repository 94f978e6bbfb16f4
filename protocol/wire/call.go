package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	callProtocol protocol.ID = "/locus/call/1"
	bulkProtocol protocol.ID = "/locus/bulk/1"

	// refusalBase + Code is the reset code of a stream that is turned away
	// before its request was read. The value is "LO", in the range that libp2p
	// leaves to applications.
	refusalBase network.StreamErrorCode = 0x4c4f00
)

// Call sends a request over the connection that is there; it never dials.
func (h *Host) Call(ctx context.Context, to PeerID, kind Kind, request []byte) ([]byte, error) {
	spec, err := h.cfg.Kinds.outgoing(kind, request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, spec.Deadline)
	defer cancel()
	response, err := h.call(ctx, to, kind, spec, request)
	if err != nil {
		return nil, fmt.Errorf("call %s of %s: %w", spec.Name, to, h.fault(ctx, to, err))
	}
	return response, nil
}

func (h *Host) call(ctx context.Context, to PeerID, kind Kind, spec KindSpec, request []byte) (response []byte, err error) {
	s, end, err := h.open(ctx, to, callProtocol)
	if err != nil {
		return nil, err
	}
	defer func() { end(err) }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := s.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	if _, err := s.Write(appendFrame([]byte{byte(kind)}, request)); err != nil {
		return nil, err
	}
	if err := s.CloseWrite(); err != nil {
		return nil, err
	}
	code, err := readCode(s)
	if err != nil {
		return nil, err
	}
	if code != 0 {
		return nil, code
	}
	if response, err = readFrame(s, spec.MaxResponse); err != nil {
		return nil, err
	}
	return response, readEnd(s)
}

// open starts a stream over the connection that is there. When ctx ends, the
// stream is reset. The caller hands its outcome to end.
func (h *Host) open(ctx context.Context, to PeerID, id protocol.ID) (s network.Stream, end func(error), err error) {
	if !h.cfg.Allow.Allows(to) {
		return nil, nil, ErrNotAllowed
	}
	p, err := to.decode()
	if err != nil {
		return nil, nil, err
	}
	if !h.up(p) {
		return nil, nil, ErrNotConnected
	}
	if s, err = h.p2p.NewStream(network.WithNoDial(ctx, "wire dials only what is configured"), p, id); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	return s, func(err error) { stop(); finish(s, err) }, nil
}

// finish closes a stream that went well, and resets one that did not.
func finish(s network.Stream, err error) {
	var code Code
	switch {
	case err == nil, errors.As(err, &code):
		_ = s.Close()
	case errors.Is(err, ErrFrame), errors.Is(err, ErrDigest):
		_ = s.ResetWithError(network.StreamProtocolViolation)
	default:
		_ = s.Reset()
	}
}

// fault turns what went wrong on a stream into one of this package's errors, a
// Code or the context's error.
func (h *Host) fault(ctx context.Context, to PeerID, err error) error {
	var code Code
	var reset *network.StreamError
	var slow net.Error
	switch {
	case isSink(err), errors.As(err, &code), errors.Is(err, ErrFrame), errors.Is(err, ErrDigest),
		errors.Is(err, ErrNotAllowed), errors.Is(err, ErrNotConnected), errors.Is(err, ErrPeerID):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &slow) && slow.Timeout():
		return context.DeadlineExceeded
	case errors.As(err, &reset) && reset.Remote:
		if code := Code(reset.ErrorCode - refusalBase); reset.ErrorCode > refusalBase && reset.ErrorCode <= refusalBase+network.StreamErrorCode(lastCode) {
			return code
		}
		switch reset.ErrorCode {
		case network.StreamProtocolViolation:
			return fmt.Errorf("%w: says the peer", ErrFrame)
		case network.StreamResourceLimitExceeded, network.StreamRateLimited:
			return CodeBusy
		}
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// inbound wraps the serving of a protocol: allowed, within the peer's slots,
// while Run runs, reset on any error.
func (h *Host) inbound(slots *slots, serve func(context.Context, PeerID, network.Stream) error) network.StreamHandler {
	refuse := func(s network.Stream, code Code) {
		_ = s.ResetWithError(refusalBase + network.StreamErrorCode(code))
	}
	return func(s network.Stream) {
		from := peerOf(s.Conn())
		if !h.cfg.Allow.Allows(from) {
			refuse(s, CodeRefused)
			return
		}
		ctx, leave, ok := h.enter()
		if !ok {
			refuse(s, CodeUnavailable)
			return
		}
		defer leave()
		if !slots.take(from) {
			refuse(s, CodeBusy)
			return
		}
		defer slots.give(from)
		defer context.AfterFunc(ctx, func() { _ = s.Reset() })()

		err := s.SetDeadline(time.Now().Add(h.cfg.Stall))
		if err == nil {
			err = serve(ctx, from, s)
		}
		if errors.Is(err, ErrFrame) {
			h.cfg.Observe(Event{What: Misbehaved, Peer: from, Err: err})
		}
		finish(s, err)
	}
}

// enter lets inbound work in. A stream that comes before Run waits for it: the
// ports are open since NewHost.
func (h *Host) enter() (context.Context, func(), bool) {
	if begun := h.life.next(); begun != nil {
		late := time.NewTimer(h.cfg.Stall)
		defer late.Stop()
		select {
		case <-begun:
		case <-late.C:
		case <-h.closed:
		}
	}
	return h.life.enter()
}

// serveCall answers one call. The kind is read under the stall deadline, all
// else under the kind's.
func (h *Host) serveCall(ctx context.Context, from PeerID, s network.Stream) error {
	var kind [1]byte
	if _, err := io.ReadFull(s, kind[:]); err != nil {
		return cutShort(err)
	}
	spec, ok := h.cfg.Kinds[Kind(kind[0])]
	if !ok {
		return s.ResetWithError(refusalBase + network.StreamErrorCode(CodeUnsupported))
	}
	ctx, cancel := context.WithTimeout(ctx, spec.Deadline)
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok {
		if err := s.SetDeadline(deadline); err != nil {
			return err
		}
	}
	request, err := readFrame(s, spec.MaxRequest)
	if err == nil {
		err = readEnd(s)
	}
	if err != nil {
		return fmt.Errorf("request %s: %w", spec.Name, err)
	}
	response, code := h.serving.Load().answer(ctx, from, Kind(kind[0]), spec, request)
	if code != 0 {
		_, err = s.Write([]byte{byte(code)})
	} else {
		_, err = s.Write(appendFrame([]byte{0}, response))
	}
	return err
}

// answer runs the handler. A response above the kind's bound is our own
// handler's fault, which the peer is told as such.
func (v *served) answer(ctx context.Context, from PeerID, kind Kind, spec KindSpec, request []byte) ([]byte, Code) {
	if v == nil || v.calls == nil {
		return nil, CodeUnavailable
	}
	response, err := v.calls.ServeCall(ctx, from, kind, request)
	if err != nil {
		return nil, codeOf(err)
	}
	if len(response) > spec.MaxResponse {
		return nil, CodeInternal
	}
	return response, 0
}
