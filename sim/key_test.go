package sim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// Alice's laptop was stolen. One site revokes her key and refuses the thief at once; the operator
// proposes the next epoch with her new one, the custodians accept it, and then nobody takes the old
// one in any more, whoever shows it, and she is answered.
func TestAStolenKeyIsRevokedAndReplaced(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 3, 30, 40)
	n := newNetwork(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel)})
	thief, err := n.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	ask := researcher.Ask{Cohort: sim.Everyone, Mode: protocol.Exact, Purpose: "none that is good"}
	before, err := thief.Compose(t.Context(), ask, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stolen := keyOf(t, n, "Alice")
	if _, err := n.Node(0).RevokeKey(t.Context(), stolen.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Ask(t.Context(), ask); !errors.Is(err, sim.ErrTask) || !strings.Contains(err.Error(), "refused") {
		t.Fatalf("asked with the stolen key: %v", err)
	}

	alice, err := researcher.Init(t.TempDir(), researcher.Identity{Name: "Alice", Organisation: "University"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := n.NextEpoch(t.Context(), func(r *protocol.Roster) { r.Researchers[0].Key = alice.Key().Public() })
	if err != nil {
		t.Fatal(err)
	}
	if err := n.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := thief.Submit(t.Context(), before); err == nil {
		t.Error("the coordinator takes in what was signed under the old roster")
	}
	if _, err := n.Ask(t.Context(), ask); err == nil {
		t.Error("the stolen key asks under the new roster")
	}
	if _, err := alice.Join(token, false); err != nil {
		t.Fatal(err)
	}
	answer, err := n.AskAs(t.Context(), alice, ask)
	if err != nil {
		t.Fatal(err)
	}
	differ(t, answer, readTruth(t, made.Truth))
}

// keyOf is the key of somebody whom the first site believes.
func keyOf(t *testing.T, n *sim.Network, name string) protocol.KeyID {
	t.Helper()
	list, err := n.Node(0).KnownKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		if k.Name == name {
			return k.ID
		}
	}
	t.Fatalf("nobody is called %q", name)
	return protocol.KeyID{}
}
