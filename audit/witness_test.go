package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// asked is an add-checkpoint request without a proof.
func asked(old int, note []byte) []byte { return append(fmt.Appendf(nil, "old %d\n\n", old), note...) }

// fork is a second log of the same key with another history.
func fork(t *testing.T, n int) *audit.Log {
	l := open(t, t.TempDir(), nil)
	for i := range n {
		if _, err := l.Append(t.Context(), entry(1000+i)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestWhatAWitnessAnswers(t *testing.T) {
	bern := newSite(t, "locus/witness/bern", 2)
	l := open(t, t.TempDir(), nil)
	note := func() []byte { n, _ := l.Checkpoint(); return n }
	fill(t, l, 3)
	three := note()
	fill(t, l, 2)
	five := note()
	forked, _ := fork(t, 5).Checkpoint()
	stranger, err := audit.Open(t.Context(), audit.Config{Dir: t.TempDir(), Origin: "locus/node/nobody", Key: newKey(t, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	unknown, _ := stranger.Checkpoint()
	impostor, err := audit.Open(t.Context(), audit.Config{Dir: t.TempDir(), Origin: origin, Key: newKey(t, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer impostor.Close()
	forged, _ := impostor.Checkpoint()
	proof := []byte("old 3\n" + strings.Repeat("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 3) + "\n")
	for _, c := range []struct {
		name    string
		request []byte
		status  int
		body    string
	}{
		{"nothing", nil, 400, ""},
		{"no old size", append([]byte("size 0\n\n"), three...), 400, ""},
		{"a leading zero", append([]byte("old 00\n\n"), three...), 400, ""},
		{"a log that is not witnessed here", asked(0, unknown), 404, ""},
		{"the right origin and another key", asked(0, forged), 403, ""},
		{"an old size that is not known", asked(2, three), 409, "0\n"},
		{"the first checkpoint", asked(0, three), 200, "— locus/witness/bern "},
		{"the same again", asked(3, three), 200, "— locus/witness/bern "},
		{"the same, as if nothing were known", asked(0, three), 409, "3\n"},
		{"the next without a proof", asked(3, five), 422, ""},
		{"the next with a false proof", append(bytes.Clone(proof), five...), 422, ""},
		{"an old size beyond the new", asked(9, five), 400, ""},
		{"another history", asked(3, forked), 422, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := bern.AddCheckpoint(t.Context(), c.request)
			if err != nil || got.Status != c.status || !strings.HasPrefix(string(got.Body), c.body) {
				t.Errorf("got %d %.60q, %v; want %d %q", got.Status, got.Body, err, c.status, c.body)
			}
		})
	}
}

func TestAForkOfOneSizeIsKeptAsEvidence(t *testing.T) {
	dir := t.TempDir()
	m, err := audit.OpenMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	alice := newKey(t, 1).Public()
	w := &audit.Witness{Name: "bern", Key: newKey(t, 2), Memory: m, Log: func(string) (protocol.PublicKey, bool) { return alice, true }}
	one, _ := fork(t, 4).Checkpoint()
	l := open(t, t.TempDir(), nil)
	fill(t, l, 4)
	two, _ := l.Checkpoint()
	if got, err := w.AddCheckpoint(t.Context(), asked(0, one)); err != nil || got.Status != audit.StatusDone {
		t.Fatal(got, err)
	}
	// Whatever old size the fork is shown with.
	for range 20 {
		for _, old := range []int{0, 4} {
			if got, err := w.AddCheckpoint(t.Context(), asked(old, two)); err != nil || got.Status != audit.StatusForked {
				t.Fatal(got, err)
			}
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*.shown"))
	if err != nil || len(kept) != 8 {
		t.Fatalf("%d proofs of the fork, %v", len(kept), err)
	}
	if raw, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(raw, two) {
		t.Errorf("what was shown is not kept: %v", err)
	}
}

func TestAWitnessRemembersBeforeItAnswers(t *testing.T) {
	l := open(t, t.TempDir(), nil)
	fill(t, l, 1)
	note, _ := l.Checkpoint()
	bern := newSite(t, "bern", 2)
	bern.Memory = failing{bern.memory}
	if got, err := bern.AddCheckpoint(t.Context(), asked(0, note)); err == nil || got.Body != nil {
		t.Errorf("it cosigned what it cannot remember: %+v", got)
	}
}

type failing struct{ audit.Memory }

func (failing) Advance(context.Context, string, []byte, []byte) error { return os.ErrPermission }

func TestAQuorumIsWaitedFor(t *testing.T) {
	bern, zug := newSite(t, "bern", 2), newSite(t, "zug", 3)
	l := open(t, t.TempDir(), func(c *audit.Config) { c.Witnesses, c.Quorum = []audit.Remote{bern.remote(), zug.away()}, 2 })
	index, _, err := l.AppendWitnessed(t.Context(), entry(0))
	if !errors.Is(err, audit.ErrWitnesses) || !strings.Contains(err.Error(), "zug") {
		t.Errorf("got %v, want ErrWitnesses that names zug", err)
	}
	if _, err := l.Entry(index); err != nil {
		t.Errorf("the entry is not there: %v", err)
	}
	slow := zug.remote()
	slow.Call = func(ctx context.Context, _ []byte) (audit.Reply, error) {
		<-ctx.Done()
		return audit.Reply{}, ctx.Err()
	}
	l = open(t, t.TempDir(), func(c *audit.Config) {
		c.Witnesses, c.Quorum, c.Grace = []audit.Remote{newSite(t, "bern", 2).remote(), slow}, 1, time.Millisecond
	})
	if _, _, err := l.AppendWitnessed(t.Context(), entry(0)); err != nil {
		t.Errorf("a slow witness holds up a quorum: %v", err)
	}
}

func TestAWitnessesWordAloneStopsNothing(t *testing.T) {
	bern, evil := newSite(t, "bern", 2), newSite(t, "evil", 3).remote()
	evil.Call = func(context.Context, []byte) (audit.Reply, error) {
		return audit.Reply{Status: 409, Body: []byte("1000000\n")}, nil
	}
	evil.Known = func(context.Context, string) ([]byte, error) { return []byte("a\n\n— a b\n"), nil }
	l := open(t, t.TempDir(), func(c *audit.Config) { c.Witnesses, c.Quorum = []audit.Remote{bern.remote(), evil}, 1 })
	if _, _, err := l.AppendWitnessed(t.Context(), entry(0)); err != nil {
		t.Error(err)
	}
	if n, err := l.CheckWitnesses(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// An operator restores a backup: the log is as it was, and shorter than witnesses know.
func TestARestoredCopyTakesNothingIn(t *testing.T) {
	dir := t.TempDir()
	bern := newSite(t, "bern", 2)
	with := func(c *audit.Config) { c.Witnesses, c.Quorum = []audit.Remote{bern.remote()}, 1 }
	l := open(t, dir, nil)
	fill(t, l, 3)
	l.Close()
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, with)
	if _, _, err := l.AppendWitnessed(t.Context(), entry(3)); err != nil {
		t.Fatal(err)
	}
	remembered, _ := l.Checkpoint()
	l.Close()

	t.Run("when it opens", func(t *testing.T) {
		_, err := audit.Open(t.Context(), audit.Config{Dir: old, Origin: origin, Key: newKey(t, 1), Remembered: remembered})
		if !errors.Is(err, audit.ErrBehind) {
			t.Errorf("got %v, want ErrBehind", err)
		}
		_, err = audit.Open(t.Context(), audit.Config{Dir: t.TempDir(), Origin: origin, Key: newKey(t, 1), Remembered: remembered})
		if !errors.Is(err, audit.ErrBehind) {
			t.Errorf("of an empty directory: got %v, want ErrBehind", err)
		}
	})
	t.Run("when it asks", func(t *testing.T) {
		l := open(t, old, with)
		if n, err := l.CheckWitnesses(t.Context()); n != 0 || !errors.Is(err, audit.ErrBehind) {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := l.Append(t.Context(), entry(4)); !errors.Is(err, audit.ErrBehind) {
			t.Errorf("got %v, want ErrBehind", err)
		}
		l.Close()
	})
	t.Run("when it has another history by now", func(t *testing.T) {
		l := open(t, old, with)
		if _, _, err := l.AppendWitnessed(t.Context(), entry(99)); !errors.Is(err, audit.ErrForked) {
			t.Errorf("got %v, want ErrForked", err)
		}
		l.Close()
	})
	if l, err := audit.Open(t.Context(), audit.Config{Dir: dir, Origin: origin, Key: newKey(t, 1), Remembered: remembered}); err != nil {
		t.Errorf("the newest copy does not open: %v", err)
	} else {
		l.Close()
	}
}

func TestAttackStrippedCheckpoint(t *testing.T) {
	debug.Defended(t, debug.CheckpointSignature, func() error {
		l := open(t, t.TempDir(), nil)
		fill(t, l, 1)
		note, _ := l.Checkpoint()
		lines := strings.SplitAfter(string(note), "\n")
		stripped := strings.Join(lines[:len(lines)-2], "") // without the line of ML-DSA-65
		return answered(newSite(t, "bern", 2).AddCheckpoint(t.Context(), asked(0, []byte(stripped))))
	})
}

func TestAttackForkBeforeAWitness(t *testing.T) {
	debug.Defended(t, debug.WitnessConsistency, func() error {
		bern := newSite(t, "bern", 2)
		one, _ := fork(t, 4).Checkpoint()
		l := open(t, t.TempDir(), nil)
		fill(t, l, 4)
		two, _ := l.Checkpoint()
		if err := answered(bern.AddCheckpoint(t.Context(), asked(0, one))); err != nil {
			t.Fatal(err)
		}
		return answered(bern.AddCheckpoint(t.Context(), asked(4, two)))
	})
}

func TestAttackRestoredLog(t *testing.T) {
	debug.Defended(t, debug.LogRemembered, func() error {
		remembered, _ := fork(t, 4).Checkpoint()
		l, err := audit.Open(t.Context(), audit.Config{Dir: t.TempDir(), Origin: origin, Key: newKey(t, 1), Remembered: remembered})
		if err != nil {
			return err
		}
		return l.Close()
	})
}

func answered(r audit.Reply, err error) error {
	if err == nil && r.Status != audit.StatusDone {
		err = fmt.Errorf("refused with %d", r.Status)
	}
	return err
}

// A roster changes while a log is open.
func TestWitnessesMayChange(t *testing.T) {
	bern, zug := newSite(t, "bern", 2), newSite(t, "zug", 3)
	l := open(t, t.TempDir(), nil)
	fill(t, l, 2)
	cosignedBy := func(want ...string) {
		t.Helper()
		if err := l.Cosign(t.Context(), l.Head().Size); err != nil {
			t.Fatal(err)
		}
		_, note := l.Checkpoint()
		for _, name := range []string{"bern", "zug"} {
			if got := bytes.Contains(note, []byte("— "+name+" ")); got != slices.Contains(want, name) {
				t.Errorf("cosigned by %s: %v, want %v", name, got, want)
			}
		}
	}
	set := func(quorum int, list ...audit.Remote) {
		t.Helper()
		if err := l.SetWitnesses(list, quorum); err != nil {
			t.Fatal(err)
		}
	}
	cosignedBy()
	set(1, bern.remote())
	cosignedBy("bern")
	fill(t, l, 1)
	set(2, zug.remote(), bern.remote())
	cosignedBy("bern", "zug")
	set(1, zug.remote())
	fill(t, l, 1)
	cosignedBy("zug")
	for name, list := range map[string][]audit.Remote{
		"one witness twice": {bern.remote(), bern.remote()}, "a witness without a way to it": {{Name: "zug", Key: zug.Key.Public()}},
		"the log's owner": {{Name: origin, Key: newKey(t, 1).Public(), Call: bern.AddCheckpoint, Known: bern.Known}},
	} {
		if err := l.SetWitnesses(list, 1); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := l.SetWitnesses([]audit.Remote{bern.remote()}, 2); err == nil {
		t.Error("a quorum of more than there are is taken")
	}
}
