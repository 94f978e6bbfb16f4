package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

const origin = "locus/node/alice"

// made is a log of a test: its files, its policy, and what was given out of it.
type made struct {
	files    fstest.MapFS
	text     string // of the policy
	policy   *verify.Policy
	receipts [][]byte
	heads    [][]byte // its checkpoints, cosigned
}

func newKey(t testing.TB, seed byte) *protocol.SigningKey {
	t.Helper()
	k, err := protocol.NewSigningKey(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func entry(i int) audit.Entry {
	e := audit.Entry{Kind: audit.Kind(1 + i%25), Subject: protocol.Hash("subject", fmt.Append(nil, i))}
	if i%2 == 0 {
		e.Session, e.Sequence = protocol.Hash("session", fmt.Append(nil, i)), uint64(i+1)
	}
	return e
}

// newLog makes a log of entries from first to last, each witnessed by two sites.
func newLog(t testing.TB, key byte, first, last int, now func() time.Time) made {
	t.Helper()
	dir, m := t.TempDir(), made{}
	c := audit.Config{Dir: dir, Origin: origin, Key: newKey(t, key), Quorum: 2, Now: now}
	text := fmt.Sprintf("log %s\nquorum 2\n", audit.VerifierKey(origin, c.Key.Public()))
	for i, name := range []string{"bern", "zug"} {
		memory, err := audit.OpenMemory(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		w := &audit.Witness{Name: name, Key: newKey(t, byte(100+i)), Memory: memory, Now: now,
			Log: func(string) (protocol.PublicKey, bool) { return c.Key.Public(), true }}
		c.Witnesses = append(c.Witnesses, audit.Remote{Name: name, Key: w.Key.Public(), Call: w.AddCheckpoint, Known: w.Known})
		text += fmt.Sprintf("witness %s %s\n", name, audit.VerifierKey(name, w.Key.Public()))
	}
	l, err := audit.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := first; i < last; i++ {
		_, receipt, err := l.AppendWitnessed(context.Background(), entry(i))
		if err != nil {
			t.Fatal(err)
		}
		_, head := l.Checkpoint()
		m.receipts, m.heads = append(m.receipts, receipt), append(m.heads, head)
	}
	if m.policy, err = verify.ParsePolicy([]byte(text)); err != nil {
		t.Fatal(err)
	}
	m.files, m.text = load(t, dir), text
	return m
}

func load(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, ".state/") {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (m made) check(o verify.Options) (verify.Report, error) { return verify.Log(m.files, m.policy, o) }

// with is the log with one file changed.
func (m made) with(name string, data []byte) made {
	m.files = maps.Clone(m.files)
	m.files[name] = &fstest.MapFile{Data: data}
	return m
}

func TestALogVerifies(t *testing.T) {
	m := newLog(t, 1, 0, 5, nil)
	r, err := m.check(verify.Options{Now: time.Now(), Remembered: m.heads[2]})
	if err != nil || r.Newest.Size != 5 || r.Cosigned.Size != 5 || len(r.Cosigned.Witnesses) != 2 || r.Kinds["task"] != 1 || r.First.IsZero() || r.Beyond != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Every byte of every file: whichever is flipped, the log does not verify. Nor with a file
// that is cut.
func TestEveryFlippedByteAndEveryCutIsFound(t *testing.T) {
	m, flip, cut := newLog(t, 1, 0, 5, nil), 1, 7
	if testing.Short() {
		flip, cut = 50, 50
	}
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, flips := m.files[name].Data, 0
			for at := 0; at < len(data); at += flip {
				flipped := bytes.Clone(data)
				flipped[at] ^= 1 << (at % 8)
				if _, err := m.with(name, flipped).check(verify.Options{}); err == nil {
					t.Errorf("byte %d is %#x in place of %#x, and it verifies", at, flipped[at], data[at])
				}
				flips++
			}
			for at := 0; at < len(data); at += cut {
				if _, err := m.with(name, data[:at]).check(verify.Options{}); err == nil {
					t.Errorf("cut at %d of %d bytes it verifies", at, len(data))
				}
			}
			if _, err := m.with(name, append(bytes.Clone(data), '\n')).check(verify.Options{}); err == nil || flips == 0 {
				t.Error("with a byte more it verifies")
			}
		})
	}
}

func TestAFileThatIsGoneIsFound(t *testing.T) {
	m := newLog(t, 1, 0, 3, nil)
	for _, name := range []string{"checkpoint", "cosigned", "tile/0/000.p/3", "tile/entries/000.p/3"} {
		gone := m
		gone.files = maps.Clone(m.files)
		delete(gone.files, name)
		if _, err := gone.check(verify.Options{}); !errors.Is(err, verify.ErrAltered) || !strings.Contains(err.Error(), strings.TrimPrefix(name, "tile/")) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// A log of a tile and more: the whole tile and the one of level 1 are checked too.
func TestTilesOfALongerLogAreChecked(t *testing.T) {
	m := long(t)
	r, err := m.check(verify.Options{})
	if err != nil || r.Newest.Size != 600 || r.Beyond != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		data := m.files[name].Data
		if !strings.HasPrefix(name, "tile/") {
			continue
		}
		for at := 0; at < len(data); at += 1 + len(data)/40 {
			flipped := bytes.Clone(data)
			flipped[at] ^= 0x10
			if _, err := m.with(name, flipped).check(verify.Options{}); !errors.Is(err, verify.ErrAltered) {
				t.Errorf("%s, byte %d: %v", name, at, err)
			}
			if _, err := m.with(name, data[:at]).check(verify.Options{}); !errors.Is(err, verify.ErrAltered) {
				t.Errorf("%s, cut at %d: %v", name, at, err)
			}
		}
	}
	if r, err := m.with("tile/entries/009", []byte("x")).check(verify.Options{}); err != nil || r.Beyond != 1 {
		t.Errorf("a file beyond the log: %d, %v", r.Beyond, err)
	}
}

// long is a log of 600 entries without witnesses.
func long(t testing.TB) (m made) {
	dir, key := t.TempDir(), newKey(t, 1)
	l, err := audit.Open(t.Context(), audit.Config{Dir: dir, Origin: origin, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error)
	for i := range 600 {
		go func() {
			_, err := l.Append(t.Context(), entry(i))
			done <- err
		}()
	}
	for range 600 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	m.policy, err = verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", audit.VerifierKey(origin, key.Public())))
	if err != nil {
		t.Fatal(err)
	}
	m.files = load(t, dir)
	return m
}

func TestAttacks(t *testing.T) {
	m := newLog(t, 1, 0, 4, nil)
	short := newLog(t, 1, 0, 3, nil)
	forked := newLog(t, 1, 50, 54, nil)
	other := newLog(t, 2, 0, 4, nil)
	strip := func(note []byte, line int) []byte {
		lines := bytes.SplitAfter(note, []byte("\n"))
		return bytes.Join(slices.Delete(lines, line, line+1), nil)
	}
	cosigned := m.files["cosigned"].Data
	own := func(note []byte) []byte { // and zug, who believes it
		alice := &audit.Witness{Name: origin, Key: newKey(t, 1), Memory: forgetful{}, Log: func(string) (protocol.PublicKey, bool) { return newKey(t, 1).Public(), true }}
		reply, err := alice.AddCheckpoint(t.Context(), append([]byte("old 0\n\n"), note...))
		if err != nil || reply.Status != audit.StatusDone {
			t.Fatal(reply, err)
		}
		return append(append(bytes.Clone(note), reply.Body...), cosigned[bytes.Index(cosigned, []byte("— zug")):]...)
	}
	var err error
	m.policy, err = verify.ParsePolicy([]byte(m.text + "witness alice " + audit.VerifierKey(origin, newKey(t, 1).Public()) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		log  made
		o    verify.Options
		says string
	}{
		{"a fork, by what is remembered", forked, verify.Options{Remembered: m.heads[2]}, "another root"},
		{"a log that was cut short behind what is remembered", short, verify.Options{Remembered: m.heads[3]}, "cut short"},
		{"a log of another, by what is remembered", other, verify.Options{Remembered: m.heads[3]}, "a signature"},
		{"a log of another under this one's policy", made{files: other.files, policy: m.policy}, verify.Options{}, "of the log"},
		{"a checkpoint without the line of Ed25519", m.with("checkpoint", strip(m.files["checkpoint"].Data, 4)), verify.Options{}, "a signature"},
		{"a checkpoint without the line of ML-DSA-65", m.with("checkpoint", strip(m.files["checkpoint"].Data, 5)), verify.Options{}, "a signature"},
		{"a cosignature without the line of Ed25519", m.with("cosigned", strip(cosigned, 6)), verify.Options{}, "witness bern"},
		{"a cosignature without the line of ML-DSA-65", m.with("cosigned", strip(cosigned, 7)), verify.Options{}, "witness bern"},
		{"a witness too few", m.with("cosigned", strip(strip(cosigned, 7), 6)), verify.Options{}, "too few witnesses"},
		{"a cosignature of nobody", m.with("cosigned", append(bytes.Clone(cosigned), "— eve AAAAAAAAAAAA\n"...)), verify.Options{}, "does not name"},
		{"a line twice", m.with("checkpoint", append(bytes.Clone(m.files["checkpoint"].Data), strip(m.files["checkpoint"].Data, 0)[len(strip(m.files["checkpoint"].Data, 0))-4500:]...)), verify.Options{}, ""},
		{"cosignatures of another checkpoint", m.with("cosigned", append(bytes.Clone(m.heads[1][:bytes.Index(m.heads[1], []byte("— bern"))]), m.heads[2][bytes.Index(m.heads[2], []byte("— bern")):]...)), verify.Options{}, "witness"},
		{"a log that is its own witness", m.with("cosigned", own(m.files["checkpoint"].Data)), verify.Options{}, "too few"},
		{"entries of the future", m, verify.Options{Now: time.Now().Add(-time.Hour)}, "future"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.log.check(c.o); !errors.Is(err, verify.ErrAltered) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want ErrAltered that says %q", err, c.says)
			}
		})
	}
	if r, err := m.with("cosigned", append(bytes.Clone(cosigned), "— eve AAAAAAAAAAAA\n"...)).check(verify.Options{AllowUnknown: true}); err != nil || r.Cosigned.Unknown != 1 {
		t.Errorf("unknown lines are not passed over when they may be: %v", err)
	}
}

type forgetful struct{ audit.Memory }

func (forgetful) Load(context.Context, string) ([]byte, error)          { return nil, nil }
func (forgetful) Advance(context.Context, string, []byte, []byte) error { return nil }

// An operator who holds the log's key sets its clock back, and writes an entry of
// yesterday after witnesses have cosigned.
func TestABackDatedEntryIsFound(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	m := newLog(t, 1, 0, 3, func() time.Time { return at })
	o := verify.Options{Remembered: m.heads[1]}
	if _, err := m.check(o); err != nil {
		t.Fatal(err)
	}
	// The same entries, with an hour less on the clock of the log and not of the witnesses.
	early := newLog(t, 1, 0, 3, func() time.Time { return at.Add(-time.Hour) })
	if _, err := early.with("cosigned", m.files["cosigned"].Data).check(o); err == nil {
		t.Error("a log of an hour earlier passes for the one that was witnessed")
	}
	// Entry 0 of now and entry 1 of before: the writer does not do it, so it is forged.
	forged := forge(t, []time.Time{at, at.Add(-time.Millisecond)})
	if _, err := forged.check(verify.Options{}); !errors.Is(err, verify.ErrAltered) || !strings.Contains(err.Error(), "back-dated") {
		t.Errorf("got %v", err)
	}
	if _, err := forge(t, []time.Time{at, at}).check(verify.Options{}); err != nil {
		t.Errorf("the forger of this test is wrong: %v", err)
	}
}

func TestReceipts(t *testing.T) {
	m, other := newLog(t, 1, 0, 5, nil), newLog(t, 2, 0, 5, nil)
	for i, raw := range m.receipts {
		e, index, c, err := verify.Receipt(raw, m.policy)
		if err != nil || index != uint64(i) || c.Size != uint64(i+1) || e.Kind != entry(i).Kind.String() {
			t.Errorf("%d: %+v, %+v, %v", index, e, c, err)
		}
		if _, _, _, err := verify.Receipt(raw, other.policy); !errors.Is(err, verify.ErrSignature) {
			t.Errorf("under the policy of another log: %v", err)
		}
	}
	raw, step := m.receipts[4], 3
	if testing.Short() {
		step = 50
	}
	for at := 0; at < len(raw); at += step {
		flipped := bytes.Clone(raw)
		flipped[at] ^= 1 << (at % 7)
		if e, _, _, err := verify.Receipt(flipped, m.policy); err == nil {
			t.Errorf("byte %d is %q in place of %q, and it proves %+v", at, flipped[at], raw[at], e)
		}
		if _, _, _, err := verify.Receipt(raw[:at], m.policy); err == nil {
			t.Errorf("cut at %d it verifies", at)
		}
	}
	entryOf := func(r []byte) []byte { return bytes.SplitAfter(r, []byte("\n"))[1] }
	swapped := bytes.Replace(raw, entryOf(raw), entryOf(m.receipts[3]), 1)
	if _, _, _, err := verify.Receipt(swapped, m.policy); !errors.Is(err, verify.ErrAltered) {
		t.Errorf("with another entry: %v", err)
	}
}

func TestPolicies(t *testing.T) {
	alice, bern := audit.VerifierKey("alice", newKey(t, 1).Public()), audit.VerifierKey("bern", newKey(t, 2).Public())
	good := "# who\n\nlog " + alice + "\nwitness bern " + bern + "\nquorum 1\n"
	if _, err := verify.ParsePolicy([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":                       "",
		"no log":                        "quorum 0\n",
		"no quorum":                     "log " + alice + "\n",
		"two quorums":                   good + "quorum 1\n",
		"a quorum of more than all":     strings.Replace(good, "quorum 1", "quorum 2", 1),
		"a quorum of no number":         strings.Replace(good, "quorum 1", "quorum one", 1),
		"one witness twice":             good + "witness bern " + bern + "\n",
		"one witness under two names":   good + "witness zug " + bern + "\n",
		"one key under two key names":   good + "witness zug " + audit.VerifierKey("zug", newKey(t, 2).Public()) + "\n",
		"one log with two keys":         good + "log " + audit.VerifierKey("alice", newKey(t, 3).Public()) + "\n",
		"a key that was mistyped":       strings.Replace(good, bern[100:104], "abcd", 1),
		"a key under another name":      strings.Replace(good, "witness bern bern", "witness bern zug", 1),
		"an Ed25519 key of signed-note": good + "log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
		"another word":                  good + "group g 1 bern\n",
	} {
		if _, err := verify.ParsePolicy([]byte(text)); !errors.Is(err, verify.ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	m := newLog(f, 1, 0, 3, nil)
	for _, r := range m.receipts {
		f.Add(r)
		f.Add(r[:len(r)-1])
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, index, c, err := verify.Receipt(raw, m.policy)
		if err == nil && (index >= c.Size || len(c.Witnesses) != 2) {
			t.Errorf("%d, %+v", index, c)
		}
	})
}

func FuzzPolicy(f *testing.F) {
	f.Add([]byte("log " + audit.VerifierKey("alice", newKey(f, 1).Public()) + "\nquorum 0\n"))
	f.Add([]byte("log a+b+c\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if p, err := verify.ParsePolicy(raw); (p == nil) == (err == nil) {
			t.Error(p, err)
		}
	})
}
