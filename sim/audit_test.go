package sim_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/audit"
	auditor "github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// Each member of a coordinator logs a query, the sites cosign each log, and all logs tell of
// the same decisions. A member that was away writes down what it learns when it is back.
func TestEveryMembersLogIsCosignedByTheSites(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 3, 40, 20)
	n := newNetwork(t, sim.Config{Transport: sim.Sockets, Members: 3, Sites: sites, Panel: readPanel(t, made.Panel)})
	if err := n.StopMember(2); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Ask(t.Context(), researcher.Ask{Purpose: "what is logged"}); err != nil {
		t.Fatal(err)
	}
	if err := n.StartMember(2); err != nil {
		t.Fatal(err)
	}
	policy := policyOf(t, n)
	var first map[uint64]protocol.Digest
	for i := range 3 {
		home, err := coordinator.LoadHome(n.MemberDir(i))
		if err != nil {
			t.Fatal(err)
		}
		dir, key := filepath.Join(home.Dir, coordinator.AuditDir), home.Signing.Public()
		heads := make(map[uint64]protocol.Digest)
		await(t, func() bool {
			report, err := auditor.Log(os.DirFS(dir), policy, auditor.Options{})
			return err == nil && report.Cosigned.Size == report.Newest.Size && len(report.Cosigned.Witnesses) >= 2 && report.Kinds["released"] == 1
		})
		if _, err := audit.Read(dir, audit.CoordinatorOrigin(key.ID()), key, 0, func(_ uint64, e audit.Entry) error {
			heads[e.Sequence] = e.Head
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = heads
		}
		for number, head := range heads {
			if first[number] != head {
				t.Errorf("member %d has another decision %d than the first", i+1, number)
			}
		}
	}
}

// policyOf is what an auditor of the network believes.
func policyOf(t *testing.T, n *sim.Network) *auditor.Policy {
	t.Helper()
	home, err := coordinator.LoadHome(n.MemberDir(0))
	if err != nil {
		t.Fatal(err)
	}
	operator := rest.NewClient(home.Endpoints(), home.Operator)
	defer operator.Close()
	var studies []rest.Study
	if err := operator.JSON(t.Context(), http.MethodGet, "/v1/studies", nil, &studies); err != nil || len(studies) != 1 {
		t.Fatalf("%d studies, %v", len(studies), err)
	}
	roster, err := protocol.OpenRoster(studies[0].Roster)
	if err != nil {
		t.Fatal(err)
	}
	members, err := home.RosterMembers()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := auditor.ParsePolicy([]byte(coordinator.Policy(members, []protocol.Signed[protocol.Roster]{roster})))
	if err != nil {
		t.Fatal(err)
	}
	return policy
}
