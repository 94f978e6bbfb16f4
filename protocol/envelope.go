package protocol

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol/pb"
)

var (
	// ErrMalformed is returned when bytes are not the message they should be.
	ErrMalformed = errors.New("protocol: malformed message")
	// ErrSignature is returned when a required signature is missing or does not verify.
	ErrSignature = errors.New("protocol: signature does not verify")
	// ErrSigner is returned when a message is signed by a key that may not sign it.
	ErrSigner = errors.New("protocol: not signed by the one it speaks for")
)

// MaxMessage bounds every message but the bulk words, in bytes: the declarations
// and headers of 1,500 sites with their signatures are below it.
const MaxMessage = 16 << 20

// Bounds of what is parsed. An empty element of two bytes becomes a hundred bytes
// of memory, so that a bound on the bytes alone bounds nothing. A question of
// MaxListed variants and the lists of MaxSites sites have fewer elements.
const (
	maxElements = 1 << 18
	maxDepth    = 16
)

type signature struct {
	key              KeyID
	ed25519, mldsa65 []byte
}

// Message is a value that can be signed. Its payload is marshalled once, when it
// is signed, and carried as bytes from then on.
type Message interface {
	// Type is "locus/<name>/v1": the domain of its signatures.
	Type() string
	encode() ([]byte, error)
}

// decoder is how a message is parsed and checked in itself.
type decoder[T any] interface {
	*T
	Message
	decode(payload []byte) error
}

// Signed is a message together with the exact bytes that were signed.
type Signed[T any] struct {
	// Message is the parsed content.
	Message T
	signer  KeyID
	kind    string
	payload []byte
	sigs    []signature
}

// Signer is the key that signed, the first one when there are several.
func (s Signed[T]) Signer() KeyID { return s.signer }

// Digest names the signed bytes, whoever signed them and however they travelled.
func (s Signed[T]) Digest() Digest { return digestOf(s.kind, s.payload) }

// IsZero reports whether there is no message.
func (s Signed[T]) IsZero() bool { return s.kind == "" }

// Bytes is the envelope as it travels.
func (s Signed[T]) Bytes() []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(s.pb())
	if err != nil {
		panic("protocol: an envelope that was parsed does not marshal: " + err.Error())
	}
	return b
}

func (s Signed[T]) pb() *pb.Envelope {
	if s.IsZero() {
		return nil
	}
	e := &pb.Envelope{Type: s.kind, Payload: s.payload}
	for _, sig := range s.sigs {
		e.Signatures = append(e.Signatures, &pb.Signature{Key: sig.key[:], Ed25519: sig.ed25519, Mldsa65: sig.mldsa65})
	}
	return e
}

func digestOf(kind string, payload []byte) Digest {
	return Hash("locus/digest/v1", dsse.PAE(kind, payload))
}

// Sign marshals a message and signs the bytes.
func Sign[T any, P decoder[T]](message T, key *SigningKey) (Signed[T], error) {
	m := P(&message)
	payload, err := m.encode()
	if err != nil {
		return Signed[T]{}, fmt.Errorf("encode %s: %w", m.Type(), err)
	}
	// What a peer would refuse is refused here: the signer parses its own bytes.
	var parsed T
	if err := P(&parsed).decode(payload); err != nil {
		return Signed[T]{}, fmt.Errorf("sign %s: %w", m.Type(), err)
	}
	sig, err := key.sign(m.Type(), payload)
	if err != nil {
		return Signed[T]{}, err
	}
	return Signed[T]{Message: parsed, signer: sig.key, kind: m.Type(), payload: payload, sigs: []signature{sig}}, nil
}

// Open parses an envelope that one key of ring has signed. Nothing of the payload
// is looked at before both signatures verify. Whether that key may speak for
// what the message says is asked by the caller, most often through a Roster.
func Open[T any, P decoder[T]](raw []byte, ring Keyring) (Signed[T], error) {
	e, err := parseEnvelope(raw)
	if err != nil {
		return Signed[T]{}, err
	}
	return openEnvelope[T, P](e, ring)
}

func openEnvelope[T any, P decoder[T]](e *pb.Envelope, ring Keyring) (Signed[T], error) {
	s, err := envelopeOf[T, P](e)
	if err != nil {
		return Signed[T]{}, err
	}
	if len(s.sigs) != 1 {
		return Signed[T]{}, fmt.Errorf("%w: %s has %d signers, want 1", ErrSignature, s.kind, len(s.sigs))
	}
	key, ok := ring[s.signer]
	if !ok {
		return Signed[T]{}, fmt.Errorf("%w: %s by an unknown key", ErrSigner, s.kind)
	}
	if err := key.verify(s.kind, s.payload, s.sigs[0]); err != nil {
		return Signed[T]{}, fmt.Errorf("%s: %w", s.kind, err)
	}
	if err := P(&s.Message).decode(s.payload); err != nil {
		return Signed[T]{}, fmt.Errorf("%s: %w", s.kind, err)
	}
	return s, nil
}

// envelopeOf checks the frame of an envelope and leaves the payload alone.
func envelopeOf[T any, P decoder[T]](e *pb.Envelope) (Signed[T], error) {
	want := P(new(T)).Type()
	if e == nil {
		return Signed[T]{}, fmt.Errorf("%w: no %s", ErrMalformed, want)
	}
	if e.Type != want {
		return Signed[T]{}, fmt.Errorf("%w: an envelope of another type where %s is due", ErrMalformed, want)
	}
	s := Signed[T]{kind: want, payload: e.Payload}
	for _, sig := range e.Signatures {
		id, err := ParseDigest(sig.GetKey())
		if err != nil {
			return Signed[T]{}, err
		}
		if len(sig.Ed25519) != ed25519.SignatureSize {
			return Signed[T]{}, fmt.Errorf("%s: %w: no Ed25519 signature", want, ErrSignature)
		}
		if len(sig.Mldsa65) != mldsaSignatureSize && !debug.Without(debug.BothSignatures) {
			return Signed[T]{}, fmt.Errorf("%s: %w: no ML-DSA-65 signature", want, ErrSignature)
		}
		s.sigs = append(s.sigs, signature{key: id, ed25519: sig.Ed25519, mldsa65: sig.Mldsa65})
	}
	if len(s.sigs) == 0 {
		return Signed[T]{}, fmt.Errorf("%s: %w: unsigned", want, ErrSignature)
	}
	s.signer = s.sigs[0].key
	return s, nil
}

func parseEnvelope(raw []byte) (*pb.Envelope, error) {
	e := new(pb.Envelope)
	if err := unmarshal(raw, e); err != nil {
		return nil, err
	}
	return e, nil
}

// unmarshal parses foreign bytes and refuses fields it does not know, at any depth.
func unmarshal(raw []byte, m proto.Message) error {
	if len(raw) > MaxMessage {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(raw), MaxMessage)
	}
	left := maxElements
	if countElements(raw, m.ProtoReflect().Descriptor(), maxDepth, &left); left < 0 {
		return fmt.Errorf("%w: more than %d elements", ErrMalformed, maxElements)
	}
	if err := (proto.UnmarshalOptions{RecursionLimit: maxDepth}).Unmarshal(raw, m); err != nil {
		return fmt.Errorf("%w: not a %s", ErrMalformed, m.ProtoReflect().Descriptor().Name())
	}
	if unknownFields(m.ProtoReflect()) && !debug.Without(debug.UnknownFields) {
		return fmt.Errorf("%w: a %s with fields that this version does not know", ErrMalformed, m.ProtoReflect().Descriptor().Name())
	}
	return nil
}

// countElements takes the messages and list entries of raw off left, without
// allocating. What is not well formed ends the count: parsing refuses it.
func countElements(raw []byte, d protoreflect.MessageDescriptor, depth int, left *int) {
	for len(raw) > 0 && *left >= 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return
		}
		raw = raw[n:]
		if n = protowire.ConsumeFieldValue(number, kind, raw); n < 0 {
			return
		}
		value := raw[:n]
		raw = raw[n:]
		f := d.Fields().ByNumber(number)
		if f == nil || !f.IsList() && f.Message() == nil {
			continue
		}
		*left--
		if kind != protowire.BytesType {
			continue
		}
		value, _ = protowire.ConsumeBytes(value)
		switch {
		case f.Message() != nil && depth > 0:
			countElements(value, f.Message(), depth-1, left)
		case f.Kind() != protoreflect.BytesKind && f.Kind() != protoreflect.StringKind:
			*left -= len(value) // a packed list: at least a byte an entry
		}
	}
}

func unknownFields(m protoreflect.Message) (found bool) {
	if len(m.GetUnknown()) > 0 {
		return true
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				found = found || unknownFields(v.List().Get(i).Message())
			}
		default:
			found = unknownFields(v.Message())
		}
		return !found
	})
	return found
}

func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}
