package coordinator_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// Anybody may ask to join. Without a token nothing is written, and nothing is learnt
// of who is invited.
func TestAStrangerWritesNothing(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	if err := s.operator.JSON(t.Context(), http.MethodPost, "/v1/invitations", rest.Invitation{Name: "site-4"}, nil); err != nil {
		t.Fatal(err)
	}
	var commits atomic.Int32
	s.onStep(func(step string) {
		if strings.Contains(step, "join") {
			commits.Add(1)
		}
	})
	anyone := rest.NewClient(s.home.Endpoints(), nil)
	defer anyone.Close()
	var said []string
	for _, name := range []string{"site-1", "site-4", "site-5"} { // approved, invited, unheard of
		card := s.sites[0].card()
		card.Name = name
		raw := must[[]byte](t)(card.JoinRequest([]byte("a guess")))
		_, err := anyone.Bytes(t.Context(), http.MethodPost, "/v1/join", raw)
		var p *rest.Problem
		if !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity {
			t.Fatalf("%s: got %v", name, err)
		}
		said = append(said, p.Error())
	}
	if said[0] != said[1] || said[1] != said[2] {
		t.Errorf("the answers differ: %q", said)
	}
	if n := commits.Load(); n != 0 {
		t.Errorf("%d commands were committed", n)
	}
}

// A site that had its disk restored knows that it is bound, and not by which cut. A
// query that names that very set needs none.
func TestASiteMayBeBoundToTheNamedSet(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	s.sites[1].mu.Lock()
	s.sites[1].change = func(h *protocol.ContributionHeader) { h.Bound = s.roster.Message.Points() }
	s.sites[1].mu.Unlock()
	id := s.submit(s.query("bound", time.Hour))
	if last := s.end(id); last.State != "done" {
		t.Errorf("ended as %+v", last)
	}
}
