package sim_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// A site leaves a study. The coordinator sees that it is not ready any more, a question over all
// sites gets no answer, and under the next epoch the others answer without it.
func TestASiteLeavesAStudyAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 4, 30, 40)
	n := newNetwork(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel)})
	ask := researcher.Ask{Cohort: sim.Everyone, Mode: protocol.Exact, Purpose: "to go on"}
	c, err := n.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	asked, err := c.Compose(t.Context(), ask, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Node(3).LeaveStudy(t.Context(), asked.Study); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		view, err := c.Study(t.Context())
		return err == nil && len(view.Ready) == 3
	})
	if err := c.Submit(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	token, err := n.NextEpoch(t.Context(), func(r *protocol.Roster) {
		r.Sites = r.Sites[:3]
		r.Threshold, r.Corrupt = protocol.Thresholds(3)
		r.MinOrganisations = min(r.Corrupt+2, 3)
		r.Cohorts = slices.Clone(r.Cohorts)
		r.Cohorts[0].Points = r.Points()
	})
	if err != nil {
		t.Fatal(err)
	}
	// What was asked of all four ends with its roster.
	task, err := c.Watch(t.Context(), asked.Task, func(rest.Task) {})
	if err != nil || task.State == "done" {
		t.Errorf("asked of the site that left: %v, %v", task, err)
	}
	if err := n.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Ask(t.Context(), ask); err == nil || errors.Is(err, sim.ErrTask) {
		t.Errorf("asked under the roster that ended: %v", err)
	}
	if err := n.Rejoin(token); err != nil {
		t.Fatal(err)
	}
	answer, err := n.Ask(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Sites) != 3 {
		t.Errorf("the answer adds up %v", answer.Sites)
	}
}
