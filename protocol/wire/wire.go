package wire

import (
	"context"
	"errors"
	"io"
)

// Transport moves calls and bulk bytes between this peer and the peers that it
// is connected with. Its methods may be used from many goroutines.
type Transport interface {
	// ID is this peer.
	ID() PeerID

	// Serve says who answers inbound calls and transfers from now on. A nil
	// handler answers CodeUnavailable.
	Serve(calls Handler, bulk BulkHandler)

	// Run keeps the connections up and lets inbound calls in until ctx ends. It
	// returns when the last inbound call has returned. It may be called once. A
	// call that comes before it waits.
	Run(ctx context.Context) error

	// Call sends a request and returns the response. It ends at the kind's
	// deadline or at ctx's, whichever is first.
	Call(ctx context.Context, to PeerID, kind Kind, request []byte) ([]byte, error)

	// Pull writes the bytes of item from offset on to w, and returns how many it
	// wrote, on an error too, so that a broken transfer resumes at
	// offset+written. When offset is 0 and Pull returns nil, the bytes had the
	// item's digest. A caller that resumes MUST hash over all parts itself.
	Pull(ctx context.Context, to PeerID, item Item, offset int64, w io.Writer) (written int64, err error)

	// Peers returns the allowed peers that are connected now, sorted, and a
	// channel that is closed when that may have changed.
	Peers() (connected []PeerID, changed <-chan struct{})

	// Close ends every connection. Afterwards no peer is connected.
	Close() error
}

// Handler answers inbound calls. It is called from many goroutines at a time,
// MUST return soon after ctx ends, and MUST treat request as foreign bytes. An
// error that wraps a Code sends that code, a deadline CodeDeadline, a
// cancellation CodeUnavailable, and any other error CodeInternal.
type Handler interface {
	ServeCall(ctx context.Context, from PeerID, kind Kind, request []byte) ([]byte, error)
}

// BulkHandler opens stored bytes for an inbound transfer. The body MUST start
// at offset, which is in [0, size] of what is stored or else CodeInvalid is
// returned. The transport closes the body.
type BulkHandler interface {
	OpenBulk(ctx context.Context, from PeerID, id [32]byte, offset int64) (Bulk, error)
}

// Bulk is what a BulkHandler opened.
type Bulk struct {
	Size   int64    // of the whole item, not of the rest
	Digest [32]byte // SHA-256 of the whole item
	Body   io.ReadCloser
}

// Item names bytes to pull. The caller knows all three beforehand, from
// something signed; a peer that announces another size or digest is refused.
type Item struct {
	ID     [32]byte
	Size   int64
	Digest [32]byte
}

// The errors of this package. A failure that the peer reported is a Code, and a
// deadline or a cancellation is the context's own error.
var (
	// ErrNotConnected is returned when there is no connection with the peer.
	ErrNotConnected = errors.New("wire: peer is not connected")
	// ErrNotAllowed is returned when the allow-list does not name the peer.
	ErrNotAllowed = errors.New("wire: peer is not on the allow-list")
	// ErrClassical is reported when a connection was refused because its key
	// exchange would not hold against a quantum computer.
	ErrClassical = errors.New("wire: key exchange is not a post-quantum hybrid (is GODEBUG=tlsmlkem=0 set on either side?)")
	// ErrKind is returned when the kind of a call is not in the table.
	ErrKind = errors.New("wire: unknown kind of call")
	// ErrFrame is returned when a message breaks its announced or allowed length
	// or form.
	ErrFrame = errors.New("wire: malformed message")
	// ErrDigest is returned when bytes, or what was announced of them, are not
	// those that were asked for.
	ErrDigest = errors.New("wire: bytes are not the ones asked for")
	// ErrBroken is returned when the stream ended in the middle of a call. The
	// peer may or may not have done what was asked.
	ErrBroken = errors.New("wire: stream broke")
	// ErrRunning is returned by Run when it was called before.
	ErrRunning = errors.New("wire: Run was called twice")
	// ErrConfig is wrapped by every fault in a configuration or an address.
	ErrConfig = errors.New("wire: bad configuration")
)

// Code is what a peer says went wrong: a closed set, without text. It is an
// error; a handler returns or wraps one, a caller tests with errors.Is.
type Code uint8

// The codes. Zero is success on the wire and never an error.
const (
	CodeInternal    Code = 1 // it failed and does not say why
	CodeRefused     Code = 2 // this peer may not ask this
	CodeNotFound    Code = 3 // there is no such thing
	CodeInvalid     Code = 4 // the request cannot be understood
	CodeBusy        Code = 5 // too much at once: ask again later
	CodeUnavailable Code = 6 // not serving now, or another member must be asked
	CodeDeadline    Code = 7 // it was not done in time
	CodeUnsupported Code = 8 // the peer does not know this kind of call

	lastCode = CodeUnsupported
)

// Error says what the code means, and that the peer said so.
func (c Code) Error() string {
	switch c {
	case CodeInternal:
		return "wire: peer failed"
	case CodeRefused:
		return "wire: peer refused"
	case CodeNotFound:
		return "wire: peer has no such item"
	case CodeInvalid:
		return "wire: peer found the request invalid"
	case CodeBusy:
		return "wire: peer is busy"
	case CodeUnavailable:
		return "wire: peer is not serving"
	case CodeDeadline:
		return "wire: peer ran out of time"
	case CodeUnsupported:
		return "wire: peer does not know this kind of call"
	}
	return "wire: unknown code"
}

// codeOf returns the code that stands for a handler's error on the wire.
func codeOf(err error) Code {
	if err == nil {
		return 0
	}
	var code Code
	switch {
	case errors.As(err, &code) && code.known():
		return code
	case errors.Is(err, context.DeadlineExceeded):
		return CodeDeadline
	case errors.Is(err, context.Canceled): // Run is ending
		return CodeUnavailable
	}
	return CodeInternal
}

func (c Code) known() bool { return c >= CodeInternal && c <= lastCode }
