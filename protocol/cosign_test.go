package protocol_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
)

func TestAWitnessIsAskedOneThing(t *testing.T) {
	for _, tt := range []struct {
		name string
		pb   *pb.Cosign
		ok   bool
	}{
		{"to cosign", &pb.Cosign{Request: []byte("old 0\n")}, true},
		{"what it remembers", &pb.Cosign{Origin: "locus/node/alice"}, true},
		{"nothing", &pb.Cosign{}, false},
		{"both", &pb.Cosign{Request: []byte("old 0\n"), Origin: "locus/node/alice"}, false},
		{"to cosign too much", &pb.Cosign{Request: make([]byte, 64<<10+1)}, false},
		{"of a name that is too long", &pb.Cosign{Origin: strings.Repeat("a", 201)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := must[[]byte](t)(proto.Marshal(tt.pb))
			if _, err := protocol.ParseCosign(raw); (err == nil) != tt.ok || err != nil && !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("read: %v", err)
			}
			if _, err := (protocol.Cosign{Request: tt.pb.Request, Origin: tt.pb.Origin}).Bytes(); (err == nil) != tt.ok {
				t.Errorf("written: %v", err)
			}
		})
	}
}

func TestAWitnessAnswersFromAClosedList(t *testing.T) {
	for _, tt := range []struct {
		name string
		pb   *pb.Cosigned
		ok   bool
	}{
		{"lines", &pb.Cosigned{Status: 200, Body: []byte("lines")}, true},
		{"another size", &pb.Cosigned{Status: 409, Body: []byte("3\n")}, true},
		{"no such log", &pb.Cosigned{Status: 404}, true},
		{"another history", &pb.Cosigned{Status: 422}, true},
		{"no status", &pb.Cosigned{Body: []byte("lines")}, false},
		{"a status of no witness", &pb.Cosigned{Status: 500}, false},
		{"no lines", &pb.Cosigned{Status: 200}, false},
		{"a no with a text", &pb.Cosigned{Status: 403, Body: []byte("because")}, false},
		{"more than there can be", &pb.Cosigned{Status: 200, Body: make([]byte, 64<<10+1)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := must[[]byte](t)(proto.Marshal(tt.pb))
			if _, err := protocol.ParseCosigned(raw); (err == nil) != tt.ok || err != nil && !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("read: %v", err)
			}
			if _, err := (protocol.Cosigned{Status: int(tt.pb.Status), Body: tt.pb.Body}).Bytes(); (err == nil) != tt.ok {
				t.Errorf("written: %v", err)
			}
		})
	}
}

// FuzzCosign feeds what a coordinator that lies sends to a witness, and for one. What is
// taken is written again as the same.
func FuzzCosign(f *testing.F) {
	for _, c := range []protocol.Cosign{{Request: []byte("old 0\n\na\n0\nb\n\n")}, {Origin: "locus/node/alice"}} {
		f.Add(must[[]byte](f)(c.Bytes()))
	}
	for _, c := range []protocol.Cosigned{{Status: 200, Body: []byte("lines")}, {Status: 409, Body: []byte("3\n")}, {Status: 422}} {
		f.Add(must[[]byte](f)(c.Bytes()))
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		again := func(write func() ([]byte, error), err error, read func([]byte) ([]byte, error)) {
			if err != nil {
				if !errors.Is(err, protocol.ErrMalformed) {
					t.Errorf("error of another sort: %v", err)
				}
				return
			}
			first, err := write()
			if err != nil {
				t.Fatalf("what was read is not written: %v", err)
			}
			if second, err := read(first); err != nil || !bytes.Equal(first, second) {
				t.Errorf("it is written as %x and then as %x, %v", first, second, err)
			}
		}
		asked, err := protocol.ParseCosign(raw)
		again(asked.Bytes, err, func(b []byte) ([]byte, error) {
			c, err := protocol.ParseCosign(b)
			return rewritten(c.Bytes, err)
		})
		said, err := protocol.ParseCosigned(raw)
		again(said.Bytes, err, func(b []byte) ([]byte, error) {
			c, err := protocol.ParseCosigned(b)
			return rewritten(c.Bytes, err)
		})
	})
}

func rewritten(write func() ([]byte, error), err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return write()
}
