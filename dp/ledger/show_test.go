package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

func TestLinesTellTheWholeChain(t *testing.T) {
	h := funded(t, 500, 500, 500, 400)
	if _, err := h.charge(charge("r", "alice", 40)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.charge(charge("r", "bob", 40)); err != nil {
		t.Fatal(err)
	}
	h.follow(allowance(t, ledger.Population, 1))
	if _, err := h.charge(charge("s", "bob", 40)); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	h.tamper("UPDATE ledger_entries SET body = zeroblob(1) WHERE seq = 9")
	h.open()
	read := func(from uint64) (lines []string) {
		err := h.l.Lines(t.Context(), h.db, from, func(n ledger.Line) error {
			if at := n.Head; at.Ledger != key("ledger") || at.Digest == (ledger.Key{}) {
				t.Errorf("line %d has no head", at.Seq)
			}
			if n.Reason != "" {
				if err := newSigner("operator").Verify(n.Order.Message, n.Order.Signature); err != nil {
					t.Errorf("line %d: %v", n.Head.Seq, err)
				}
			}
			// The digest is another each time the format is.
			text := strings.Replace(n.String(), n.Head.Digest.String()+" ", "", 1)
			for name, k := range map[string]ledger.Key{"RELEASE": n.Release} {
				if k != (ledger.Key{}) {
					text = strings.ReplaceAll(text, k.String(), name)
				}
			}
			lines = append(lines, text)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	want := []string{
		"1 limit task: rho 0.0000000001, delta 0.0000000000000001: the board agreed",
		"2 allow: rho 0.0000000005, delta 0.000001099511627776: the board agreed",
		"3 allow: rho 0.0000000005, delta 0.000001099511627776: the board agreed",
		"4 allow: rho 0.0000000005, delta 0.000001099511627776: the board agreed",
		"5 allow each: rho 0.0000000004, delta 0.000001099511627776: the board agreed",
		"6 debit of release RELEASE: rho 0.00000000004, delta 0.000000000000000001, paid by [population dataset study researcher]",
		"7 debit of release RELEASE: rho 0.00000000004, delta 0.000000000000000001, paid by [researcher]",
		"8 allow: rho 0.000000000001, delta 0.000001099511627776: the board agreed",
		"10 loss of 1 entries: rho 0.0000000001, delta 0.0000000000000001 to every account",
	}
	if diff := cmp.Diff(want, read(0)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[6:], read(7)); diff != "" {
		t.Errorf("lines from 7 on (-want +got):\n%s", diff)
	}
	enough := errors.New("enough")
	if err := h.l.Lines(t.Context(), h.db, 0, func(ledger.Line) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want what the caller returned", err)
	}
}

func TestStatementsArePrinted(t *testing.T) {
	h := funded(t, 500, 500, 500, 400)
	if _, err := h.charge(charge("r", "alice", 40)); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	h.tamper("UPDATE ledger_entries SET body = zeroblob(1) WHERE seq = 6")
	h.open()
	var b strings.Builder
	if err := h.show().Write(&b, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"LEVEL", "population", "Losses of entries: 1.", "7 entries, head "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	full := errors.New("the terminal is gone")
	if err := h.show().Write(refusing{full}, nil); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

type refusing struct{ err error }

func (r refusing) Write([]byte) (int, error) { return 0, r.err }
