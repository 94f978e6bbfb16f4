package sim

import (
	"context"
	"io"

	"github.com/locus-genomics/locus/protocol/wire"
)

// overheard is a site's transport with somebody who listens.
func (n *Network) overheard(site int, t wire.Transport) wire.Transport {
	if n.cfg.Sent == nil {
		return t
	}
	return &overheard{t, func(what []byte) { n.cfg.Sent(site, what) }}
}

type overheard struct {
	wire.Transport
	tell func([]byte)
}

// Serve tells of what is answered. A node makes no calls.
func (o *overheard) Serve(calls wire.Handler, bulk wire.BulkHandler) {
	o.Transport.Serve(overheardCalls{calls, o.tell}, overheardBulk{bulk, o.tell})
}

// Call tells of what is sent.
func (o *overheard) Call(ctx context.Context, to wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	o.tell(request)
	return o.Transport.Call(ctx, to, kind, request)
}

type overheardCalls struct {
	wire.Handler
	tell func([]byte)
}

// ServeCall implements wire.Handler.
func (o overheardCalls) ServeCall(ctx context.Context, from wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	answer, err := o.Handler.ServeCall(ctx, from, kind, request)
	if err == nil {
		o.tell(answer)
	}
	return answer, err
}

type overheardBulk struct {
	wire.BulkHandler
	tell func([]byte)
}

// OpenBulk implements wire.BulkHandler.
func (o overheardBulk) OpenBulk(ctx context.Context, from wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	bulk, err := o.BulkHandler.OpenBulk(ctx, from, id, offset)
	if err == nil {
		bulk.Body = &overheardBody{ReadCloser: bulk.Body, tell: o.tell}
	}
	return bulk, err
}

// overheardBody gathers what is read of a body, and tells of it in the end.
type overheardBody struct {
	io.ReadCloser
	tell func([]byte)
	read []byte
}

// Read implements io.Reader.
func (o *overheardBody) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	o.read = append(o.read, p[:n]...)
	return n, err
}

// Close implements io.Closer.
func (o *overheardBody) Close() error {
	o.tell(o.read)
	return o.ReadCloser.Close()
}
