package node_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// erase erases the cohort of the first site, and returns what an auditor reads in the proof.
func (w *network) erase() (node.ErasureProof, verify.Erased) {
	w.t.Helper()
	proof := must[node.ErasureProof](w.t)(w.sites[0].node.EraseCohort(w.t.Context(), cohortName))
	return proof, must[verify.Erased](w.t)(verify.Erasure(must[[]byte](w.t)(json.Marshal(proof)), w.auditor()))
}

// auditor believes the log of the first site.
func (w *network) auditor() *verify.Policy {
	w.t.Helper()
	key := w.sites[0].node.Card().NodeKey
	return must[*verify.Policy](w.t)(verify.ParsePolicy([]byte("log " + audit.VerifierKey(audit.NodeOrigin(key.ID()), key) + "\nquorum 0\n")))
}

// genotypesLeft are the files of stores and of their keys in the first site's directory.
func (w *network) genotypesLeft() []string {
	w.t.Helper()
	dir := w.sites[0].dir
	stores := must[[]string](w.t)(filepath.Glob(filepath.Join(dir, "cohorts", "*.*")))
	return append(stores, must[[]string](w.t)(filepath.Glob(filepath.Join(dir, "keys", "cohort-*")))...)
}

func TestAnErasedCohortIsGoneAndProven(t *testing.T) {
	w := newQuietNetwork(t, 2)
	n := w.sites[0].node
	if len(w.genotypesLeft()) != 2 {
		t.Fatalf("before: %v", w.genotypesLeft())
	}
	proof, says := w.erase()
	if left := w.genotypesLeft(); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	if _, err := n.Cohort(t.Context(), cohortName); !errors.Is(err, node.ErrNoCohort) {
		t.Errorf("the cohort: got %v, want %v", err, node.ErrNoCohort)
	}
	if says.Cohort != cohortName || !says.At.Equal(w.clock.Now()) || !says.Logged {
		t.Errorf("the proof says %+v", says)
	}
	// The log has the cohort coming and going, and verifies.
	log := filepath.Join(w.sites[0].dir, "audit")
	report := must[verify.Report](t)(verify.Log(os.DirFS(log), w.auditor(), verify.Options{}))
	if report.Kinds["erased"] != 1 {
		t.Errorf("the log has %v", report.Kinds)
	}
	key, came := n.Card().NodeKey, false
	_, err := audit.Read(log, audit.NodeOrigin(key.ID()), key, 0, func(_ uint64, e audit.Entry) error {
		came = came || e.Kind == audit.KindCohort && e.Subject == protocol.Digest(says.Content)
		return nil
	})
	if err != nil || !came {
		t.Errorf("what the proof calls its content was never taken in, %v", err)
	}
	if again, _ := w.erase(); again.Statement != proof.Statement || len(w.genotypesLeft()) > 0 {
		t.Error("asked again, another proof")
	}
}

func TestAnErasedCohortIsNotAnsweredFrom(t *testing.T) {
	w := newNetwork(t, 2)
	a, counting := w.ask(), w.ask(func(a *asking) { a.header.Nonce = protocol.Hash("counting") })
	w.sites[0].node.ChangeCounts(func([]int64) { w.erase() })
	for name, q := range map[string]*asking{"while it is counted": counting, "afterwards": a} {
		if err := w.offered(q); !errors.Is(err, protocol.DeclarationChanged) {
			t.Errorf("%s: got %v, want %v", name, err, protocol.DeclarationChanged)
		}
	}
}

// A node that serves has the log: the proof gets its receipt when the node has written it down.
func TestAProofIsCompleteOnceTheServingNodeHasLoggedIt(t *testing.T) {
	w := newNetwork(t, 2)
	if _, says := w.erase(); says.Logged {
		t.Error("the log of a serving node was written by another")
	}
	w.state(0)
	if _, says := w.erase(); !says.Logged {
		t.Error("it has no receipt")
	}
}

// backUp copies the first site's directory, but for what is left out.
func (w *network) backUp(without string) (copied string) {
	w.t.Helper()
	copied = filepath.Join(w.t.TempDir(), "copy")
	w.copyOver(copied, w.sites[0].dir, without)
	return copied
}

// copyOver puts all files of a directory over those of another.
func (w *network) copyOver(to, from, without string) {
	w.t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		name := filepath.Join(to, must[string](w.t)(filepath.Rel(from, path)))
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(name, 0o700)
		case without != "" && strings.HasPrefix(d.Name(), without):
			return nil
		}
		return os.WriteFile(name, must[[]byte](w.t)(os.ReadFile(path)), 0o600)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// putBack puts all of a backup over what the first site has now, somewhere else, and tells
// whether the genotypes can be read there.
func (w *network) putBack(copied string) error {
	w.t.Helper()
	thief := &site{dir: w.backUp("records.db")}
	thief.head = thief.dir + ".head"
	w.copyOver(thief.dir, copied, "")
	w.reopen(thief)
	_, err := thief.node.CheckCohort(w.t.Context(), cohortName)
	return err
}

// A thief has a backup of the whole directory but for the key of the cohort, and the node as it is
// after the erasure: with every key that is left.
func TestAttackErasedCohortFromABackup(t *testing.T) {
	debug.Defended(t, debug.CohortErased, func() error {
		w := newQuietNetwork(t, 2)
		copied := w.backUp("cohort-")
		must[node.ErasureProof](t)(w.sites[0].node.EraseCohort(t.Context(), cohortName))
		err := w.putBack(copied)
		if err != nil && !errors.Is(err, node.ErrUnsound) {
			t.Errorf("got %v, want %v", err, node.ErrUnsound)
		}
		return err
	})
}

// What an erasure does not reach, and the documents say so: a copy of the key.
func TestABackupOfTheKeyOpensWhatWasErased(t *testing.T) {
	w := newQuietNetwork(t, 2)
	copied := w.backUp("")
	w.erase()
	if err := w.putBack(copied); err != nil {
		t.Errorf("with the key: %v", err)
	}
}

// The power fails after each step of an erasure. The genotypes are then all there or not to be
// opened by anybody, no proof is given of what is not done, and asking again finishes it.
func TestAPowerLossLeavesTheCohortOrNothing(t *testing.T) {
	lost := errors.New("the power is lost")
	for _, step := range node.EraseSteps() {
		t.Run("after "+step, func(t *testing.T) {
			w := newQuietNetwork(t, 2)
			s := w.sites[0]
			copied := w.backUp("cohort-")
			s.node.EndErasure(step, lost)
			if proof, err := s.node.EraseCohort(t.Context(), cohortName); !errors.Is(err, lost) || proof != (node.ErasureProof{}) {
				t.Fatalf("got %v and the proof %v", err, proof)
			}
			w.reopen(s)
			if _, err := s.node.CheckCohort(t.Context(), cohortName); err == nil {
				t.Error("the key is destroyed, and the cohort can be read")
			}
			if _, says := w.erase(); !says.Logged || len(w.genotypesLeft()) > 0 {
				t.Errorf("asked again, it is not finished: %v are left", w.genotypesLeft())
			}
			if err := w.putBack(copied); !errors.Is(err, node.ErrUnsound) {
				t.Errorf("with the backup: got %v, want %v", err, node.ErrUnsound)
			}
		})
	}
}

// A version that an update has replaced cannot be opened either.
func TestTheKeyOfAReplacedVersionIsDestroyed(t *testing.T) {
	w := newQuietNetwork(t, 2)
	s := w.sites[0]
	copied := w.backUp("cohort-")
	spec, _ := writeCohort(t, filepath.Join(filepath.Dir(s.dir), "data"), 0, people)
	if _, err := s.node.AddCohort(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if len(w.genotypesLeft()) != 2 {
		t.Errorf("%v are left", w.genotypesLeft())
	}
	if err := w.putBack(copied); !errors.Is(err, node.ErrUnsound) {
		t.Errorf("the version of before: got %v, want %v", err, node.ErrUnsound)
	}
}

func TestWhatIsNotErased(t *testing.T) {
	w := newQuietNetwork(t, 2)
	n, ctx := w.sites[0].node, t.Context()
	if _, err := n.EraseCohort(ctx, "nobody"); !errors.Is(err, node.ErrNoCohort) {
		t.Errorf("a cohort that is not there: got %v, want %v", err, node.ErrNoCohort)
	}
	spec, _ := writeCohort(t, t.TempDir(), 7, people)
	spec.Name, spec.NoStore = "files", true
	if _, err := n.AddCohort(ctx, spec); err != nil {
		t.Fatal(err)
	}
	if _, err := n.EraseCohort(ctx, "files"); !errors.Is(err, node.ErrErase) {
		t.Errorf("one without a store: got %v, want %v", err, node.ErrErase)
	}
	if err := n.ForgetStoreKey(ctx, cohortName); err != nil {
		t.Fatal(err)
	}
	if _, err := n.EraseCohort(ctx, cohortName); !errors.Is(err, node.ErrErase) {
		t.Errorf("one whose store has no key of its own: got %v, want %v", err, node.ErrErase)
	}
}
