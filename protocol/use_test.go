package protocol_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
)

func TestTheUseOfAQueryIsSigned(t *testing.T) {
	s := newStudy(t, 3)
	many := make([]string, protocol.MaxDiseases+1)
	for i := range many {
		many[i] = fmt.Sprintf("MONDO:%07d", i)
	}
	for _, tt := range []struct {
		name string
		use  protocol.Use
		good bool
	}{
		{"nothing is said", protocol.Use{}, true},
		{"health", protocol.Use{Purpose: "health"}, true},
		{"two diseases, to earn by it", protocol.Use{Purpose: "disease", Diseases: many[:2], Commercial: true}, true},
		{"as many as there may be", protocol.Use{Purpose: "disease", Diseases: many[:protocol.MaxDiseases]}, true},
		{"one more", protocol.Use{Purpose: "disease", Diseases: many}, false},
		{"another word", protocol.Use{Purpose: "anything"}, false},
		{"to earn by what is not said", protocol.Use{Commercial: true}, false},
		{"a disease, and none is named", protocol.Use{Purpose: "disease"}, false},
		{"a disease is named for health", protocol.Use{Purpose: "health", Diseases: many[:1]}, false},
		{"a disease is named for nothing", protocol.Use{Diseases: many[:1]}, false},
		{"a disease of another list", protocol.Use{Purpose: "disease", Diseases: []string{"DOID:9351"}}, false},
		{"one disease twice", protocol.Use{Purpose: "disease", Diseases: []string{many[0], many[0]}}, false},
		{"out of order", protocol.Use{Purpose: "disease", Diseases: []string{many[1], many[0]}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := s.header(t, s.body(t))
			h.Use = tt.use
			signed, err := protocol.Sign(h, s.alice)
			if !tt.good {
				if !errors.Is(err, protocol.ErrMalformed) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.r().OpenQuery(signed.Bytes(), s.roster.Digest())
			if d := cmp.Diff(tt.use, got.Message.Use); d != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}
