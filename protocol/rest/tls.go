package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// ErrPin is returned when a server shows another TLS key than the one that was pinned.
var ErrPin = errors.New("rest: the server's TLS key is not the one that was pinned")

// hybrid is the only key exchange: nothing recorded today is read by a quantum
// computer later.
func hybrid() []tls.CurveID {
	if debug.Without(debug.PostQuantum) {
		return nil // whatever Go offers
	}
	return []tls.CurveID{tls.X25519MLKEM768}
}

// Pin is the SHA-256 of a certificate's public key, as tokens carry it.
func Pin(cert tls.Certificate) (protocol.Digest, error) {
	if cert.Leaf == nil {
		return protocol.Digest{}, errors.New("rest: a certificate without its parsed leaf")
	}
	return sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo), nil
}

// ServerTLS is how a coordinator member listens.
func ServerTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, CurvePreferences: hybrid(),
		Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"},
	}
}

// clientTLS trusts one public key and nothing else.
func clientTLS(pin protocol.Digest) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, CurvePreferences: hybrid(),
		// The pin in VerifyConnection takes the place of names and authorities.
		InsecureSkipVerify: true,
		VerifyConnection:   func(cs tls.ConnectionState) error { return verifyPinned(cs, pin) },
	}
}

// verifyPinned is a function of its own so that a release has no trace of the question
// whether a mechanism is there: the compiler drops it here, and not in a closure.
func verifyPinned(cs tls.ConnectionState, pin protocol.Digest) error {
	if cs.CurveID != tls.X25519MLKEM768 && !debug.Without(debug.PostQuantum) {
		return fmt.Errorf("rest: key exchange %s is not post-quantum", cs.CurveID)
	}
	if len(cs.PeerCertificates) == 0 {
		return ErrPin
	}
	got := sha256.Sum256(cs.PeerCertificates[0].RawSubjectPublicKeyInfo)
	if subtle.ConstantTimeCompare(got[:], pin[:]) != 1 {
		return ErrPin
	}
	return nil
}
