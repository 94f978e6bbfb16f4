package coordinator_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func TestAMembersLogIsCosignedByItsSites(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	first := s.cosigned()
	s.end(s.submit(s.query("first", time.Hour)))
	second := s.cosigned()
	if second.Cosigned.Size <= first.Cosigned.Size || len(second.Cosigned.Witnesses) < siteCount/2+1 {
		t.Errorf("cosigned at %d and then at %d, by %d sites", first.Cosigned.Size, second.Cosigned.Size, len(second.Cosigned.Witnesses))
	}
	// What a majority has cosigned one site alone does not hold up.
	s.network.Unlink(s.sites[2].peer, s.home.Network.ID())
	third := s.home.Network.ID()
	s.stop()
	s.sites = s.sites[:2]
	s.start()
	s.network.Unlink(s.sites[0].peer, third)
	s.link(s.sites[0])
	s.cosigned()
}

// An operator restores the whole disk of a member from a backup.
func TestAMemberOnAnOldCopyIsStoppedByItsSites(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// grown is set when the copy has become longer, by many starts, before a site connects.
		grown bool
		want  error
	}{
		{"that is shorter than what they know", false, audit.ErrBehind},
		{"that has another history by now", true, audit.ErrForked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStudy(t)
			s.stop()
			old := s.image()
			s.start()
			for i := range 3 {
				s.end(s.submit(s.query(string(rune('a'+i)), time.Hour)))
			}
			known := s.cosigned().Cosigned.Size
			s.stop()
			sites := s.sites
			s.sites = nil
			s.moveTo(old)
			for tt.grown && uint64(len(logOf(t, s.home))) <= known {
				s.stop()
				s.start()
			}
			for _, site := range sites {
				// The member may have stopped before the last one is linked.
				_ = s.network.Link(site.peer, s.home.Network.ID())
			}
			s.await("a site is linked", func() bool {
				return s.network.Link(sites[0].peer, s.home.Network.ID()) == nil || len(s.member.done) > 0
			})
			if err := s.ended(); !errors.Is(err, tt.want) {
				t.Errorf("the member ended with %v, want %v", err, tt.want)
			}
		})
	}
}

// A site has its log cosigned by another one by way of the coordinator.
func TestASiteReachesAnotherAsAWitness(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	alice, bob := s.sites[0], s.sites[1]
	c := rest.NewClient(s.home.Endpoints(), alice.key)
	defer c.Close()
	origin := audit.NodeOrigin(alice.key.Public().ID())
	l := must[*audit.Log](t)(audit.Open(t.Context(), audit.Config{Dir: t.TempDir(), Origin: origin, Key: alice.key}))
	defer l.Close()
	if _, err := l.Append(t.Context(), audit.Entry{Kind: audit.KindVote, Subject: protocol.Hash("a vote")}); err != nil {
		t.Fatal(err)
	}
	note, _ := l.Checkpoint()
	path := func(node protocol.KeyID) string { return "/v1/studies/demo/witnesses/" + node.String() }
	ask := func(node protocol.KeyID, q protocol.Cosign) (protocol.Cosigned, error) {
		t.Helper()
		raw, err := c.Bytes(t.Context(), http.MethodPost, path(node), must[[]byte](t)(q.Bytes()))
		if err != nil {
			return protocol.Cosigned{}, err
		}
		return protocol.ParseCosigned(raw)
	}
	to := bob.key.Public().ID()
	for _, tt := range []struct {
		name string
		ask  protocol.Cosign
		want int
	}{
		{"nothing is known at first", protocol.Cosign{Origin: origin}, audit.StatusUnknown},
		{"the log is cosigned", protocol.Cosign{Request: append([]byte("old 0\n\n"), note...)}, audit.StatusDone},
		{"and known", protocol.Cosign{Origin: origin}, audit.StatusDone},
	} {
		if got, err := ask(to, tt.ask); err != nil || got.Status != tt.want {
			t.Errorf("%s: %d, %v; want %d", tt.name, got.Status, err, tt.want)
		}
	}
	code := func(err error) string {
		var p *rest.Problem
		errors.As(err, &p)
		if p == nil {
			return ""
		}
		return p.Code
	}
	if _, err := ask(protocol.Hash("nobody"), protocol.Cosign{Origin: origin}); code(err) != rest.CodeNotFound {
		t.Errorf("a site that is not of the study: %v", err)
	}
	if _, err := c.Bytes(t.Context(), http.MethodPost, path(to), []byte("sign this")); code(err) != "LOC-REQUEST-INVALID" {
		t.Errorf("what is no question: %v", err)
	}
	if _, err := s.asks.Bytes(t.Context(), http.MethodPost, path(to), must[[]byte](t)(protocol.Cosign{Origin: origin}.Bytes())); code(err) != rest.CodeDenied {
		t.Errorf("asked by a researcher: %v", err)
	}
	s.network.Unlink(bob.peer, s.home.Network.ID())
	if _, err := ask(to, protocol.Cosign{Origin: origin}); code(err) != rest.CodeSiteAway {
		t.Errorf("of a site that is away: %v", err)
	}
}

// Each member has a log of its own, and all write the same decisions.
func TestMembersRecordTheSameDecisions(t *testing.T) {
	t.Parallel()
	homes, _ := newMembers(t, 3)
	operator := rest.NewClient(homes[0].Endpoints(), homes[0].Operator)
	defer operator.Close()
	s := &study{t: t, operator: operator, home: homes[0]}
	const sites = 4
	for i := range sites {
		s.approve(i)
	}
	origins := make(map[string]bool)
	for _, h := range homes {
		origins[audit.CoordinatorOrigin(h.Signing.Public().ID())] = true
		s.await("the member has them all", func() bool { return len(records(logOf(t, h))) == sites })
		whole(t, logOf(t, h))
		for i, e := range records(logOf(t, h)) {
			if want := records(logOf(t, homes[0]))[i]; e.Head != want.Head || e.Subject != want.Subject {
				t.Errorf("%s has another decision %d than %s", h.Card.Name, i+1, homes[0].Card.Name)
			}
		}
	}
	if len(origins) != len(homes) {
		t.Errorf("%d logs of %d members", len(origins), len(homes))
	}
	if _, err := os.Stat(filepath.Join(homes[0].Dir, "audit", "checkpoint")); err != nil {
		t.Error(err)
	}
}

// policy is what an auditor believes.
func (s *study) policy() *verify.Policy {
	s.t.Helper()
	members := must[[]protocol.Member](s.t)(s.home.RosterMembers())
	text := coordinator.Policy(members, []protocol.Signed[protocol.Roster]{s.roster})
	return must[*verify.Policy](s.t)(verify.ParsePolicy([]byte(text)))
}

// cosigned waits until a majority of the sites has cosigned all that is in the log.
func (s *study) cosigned() verify.Report {
	s.t.Helper()
	var last verify.Report
	s.await("the log is cosigned", func() bool {
		r, err := verify.Log(os.DirFS(filepath.Join(s.home.Dir, "audit")), s.policy(), verify.Options{})
		last = r
		return err == nil && r.Cosigned.Size == r.Newest.Size
	})
	return last
}
