package state

import (
	"encoding/binary"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/protocol"
)

// The codes of a verdict in an audit log, where 0 is no code.
const (
	verdictYes = 1
	verdictNo  = 2
)

// note fills in what somebody has signed, for the audit logs.
func note[T any](e *audit.Entry, kind audit.Kind, said protocol.Signed[T]) {
	e.Kind, e.Subject, e.Party = kind, said.Digest(), said.Signer()
}

// What is recorded of a command never changes: members apply commands again that stand in
// their logs, and compare. A later version records more of new commands alone.

// record counts an entry and makes it a link of the chain over all of them: members that
// agree write the same entries with the same heads, in the same order.
func (s *State) record(e audit.Entry) *audit.Entry {
	numbers := binary.BigEndian.AppendUint64([]byte{byte(e.Kind)}, e.Epoch)
	numbers = binary.BigEndian.AppendUint16(numbers, e.Code)
	s.Records++
	s.Head = protocol.Hash("locus/coordinator/record/v1", s.Head[:], numbers, e.Subject[:], e.Study[:], e.Session[:], e.Party[:])
	e.Sequence, e.Head = s.Records, s.Head
	return &e
}
