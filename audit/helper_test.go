package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

const origin = "locus/node/alice"

func newKey(t testing.TB, seed byte) *protocol.SigningKey {
	t.Helper()
	k, err := protocol.NewSigningKey(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// entry is the i-th of a made-up history.
func entry(i int) audit.Entry {
	e := audit.Entry{Kind: audit.Kind(1 + i%25), Subject: protocol.Hash("subject", fmt.Append(nil, i))}
	if i%2 == 0 {
		e.Session, e.Study = protocol.Hash("session", fmt.Append(nil, i/7)), protocol.Hash("demo")
	}
	if i%3 == 0 {
		e.Head, e.Sequence = protocol.Hash("head", fmt.Append(nil, i)), uint64(i+1)
	}
	if e.Kind == audit.KindRefusal {
		e.Code = 7
	}
	return e
}

// site is a witness that this process can call.
type site struct {
	*audit.Witness
	memory *audit.DirMemory
}

func newSite(t testing.TB, name string, seed byte) *site {
	t.Helper()
	m, err := audit.OpenMemory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	alice := newKey(t, 1).Public()
	return &site{&audit.Witness{
		Name: name, Key: newKey(t, seed), Memory: m,
		Log: func(o string) (protocol.PublicKey, bool) { return alice, o == origin },
	}, m}
}

func (s *site) remote() audit.Remote {
	return audit.Remote{Name: s.Name, Key: s.Key.Public(), Call: s.AddCheckpoint, Known: s.Known}
}

// away is a witness that does not answer.
func (s *site) away() audit.Remote {
	r := s.remote()
	r.Call = func(context.Context, []byte) (audit.Reply, error) {
		return audit.Reply{}, fmt.Errorf("nobody is there")
	}
	return r
}

func open(t testing.TB, dir string, change func(*audit.Config)) *audit.Log {
	t.Helper()
	c := audit.Config{Dir: dir, Origin: origin, Key: newKey(t, 1)}
	if change != nil {
		change(&c)
	}
	l, err := audit.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fill appends entries one after the other.
func fill(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	for range n {
		if _, err := l.Append(t.Context(), entry(int(l.Head().Size))); err != nil {
			t.Fatal(err)
		}
	}
}

// flood appends entries at once, so that many share a commit.
func flood(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for at := 0; at < n; at += 4096 {
		for i := range min(4096, n-at) {
			wg.Go(func() {
				if _, err := l.Append(t.Context(), entry(at+i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

func policy(t testing.TB, quorum int, witnesses ...*site) *verify.Policy {
	t.Helper()
	p, err := verify.ParsePolicy(policyText(t, quorum, witnesses...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func policyText(t testing.TB, quorum int, witnesses ...*site) []byte {
	text := fmt.Appendf(nil, "# alice's log\nlog %s\n", audit.VerifierKey(origin, newKey(t, 1).Public()))
	for i, w := range witnesses {
		text = fmt.Appendf(text, "witness w%d %s\n", i, audit.VerifierKey(w.Name, w.Key.Public()))
	}
	return fmt.Appendf(text, "quorum %d\n", quorum)
}

// clock is one that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
