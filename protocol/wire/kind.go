package wire

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Kind says what a call asks. Zero is no kind.
type Kind uint8

// KindSpec is what a kind may take.
type KindSpec struct {
	Name        string        // for errors and events
	MaxRequest  int           // bytes
	MaxResponse int           // bytes
	Deadline    time.Duration // for the whole call, on both sides
}

// Kinds is the table of calls. Both ends of a connection use the same.
type Kinds map[Kind]KindSpec

const (
	// MaxFrame bounds what a table may allow for a request or a response. What
	// is larger is pulled.
	MaxFrame = 16 << 20
	// MaxDeadline bounds what a table may allow for one call.
	MaxDeadline = 10 * time.Minute
)

// Check returns all faults of the table.
func (k Kinds) Check() error {
	var faults []error
	names := make(map[string]Kind, len(k))
	for _, kind := range slices.Sorted(maps.Keys(k)) {
		spec := k[kind]
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("%w: kind %d: %s", ErrConfig, kind, fmt.Sprintf(format, args...)))
		}
		if kind == 0 {
			fault("zero is no kind")
		}
		if spec.Name == "" {
			fault("has no name")
		}
		if other, taken := names[spec.Name]; taken {
			fault("has the name %q of kind %d", spec.Name, other)
		}
		names[spec.Name] = kind
		if spec.MaxRequest < 0 || spec.MaxRequest > MaxFrame {
			fault("MaxRequest %d is not in [0, %d]", spec.MaxRequest, MaxFrame)
		}
		if spec.MaxResponse < 0 || spec.MaxResponse > MaxFrame {
			fault("MaxResponse %d is not in [0, %d]", spec.MaxResponse, MaxFrame)
		}
		if spec.Deadline <= 0 || spec.Deadline > MaxDeadline {
			fault("Deadline %v is not in (0, %v]", spec.Deadline, MaxDeadline)
		}
	}
	return errors.Join(faults...)
}

// outgoing looks up a kind that is about to be called with a request.
func (k Kinds) outgoing(kind Kind, request []byte) (KindSpec, error) {
	spec, ok := k[kind]
	if !ok {
		return KindSpec{}, fmt.Errorf("%w: %d", ErrKind, kind)
	}
	if len(request) > spec.MaxRequest {
		return KindSpec{}, fmt.Errorf("%w: a request of %d bytes, at most %d are allowed", ErrFrame, len(request), spec.MaxRequest)
	}
	return spec, nil
}
