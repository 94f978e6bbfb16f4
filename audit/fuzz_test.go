package audit

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

func testKey(t testing.TB) *protocol.SigningKey {
	k, err := protocol.NewSigningKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func fullEntry() Entry {
	d := func(s string) protocol.Digest { return protocol.Hash(s) }
	return Entry{Kind: KindRefusal, Time: time.UnixMilli(1_800_000_000_123).UTC(), Subject: d("a"), Study: d("b"), Session: d("c"),
		Party: d("d"), Head: d("e"), Sequence: 1, Epoch: 2, Code: 3}
}

// The two parsers were written apart. They take the same bytes, read the same in them,
// and what they take is what the writer writes.
func FuzzEntry(f *testing.F) {
	for _, e := range []Entry{fullEntry(), {Kind: KindTask, Time: time.UnixMilli(1).UTC(), Subject: protocol.Hash("a")}} {
		raw, err := e.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)-1])
		f.Add(append(raw, 7, 0, 1))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ParseEntry(raw)
		other, bad := verify.ParseEntry(raw)
		if (err == nil) != (bad == nil) {
			t.Fatalf("audit says %v, audit/verify %v", err, bad)
		}
		if err != nil {
			return
		}
		again, err := e.encode()
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%x is written as %x, %v", raw, again, err)
		}
		if other.Kind != e.Kind.String() || !other.Time.Equal(e.Time) || other.Subject != e.Subject {
			t.Errorf("%+v and %+v", e, other)
		}
		for name, d := range map[string]protocol.Digest{"study": e.Study, "session": e.Session, "party": e.Party, "head": e.Head} {
			if got := other.Fields[name]; d.IsZero() != (got == nil) || got != nil && !bytes.Equal(got, d[:]) {
				t.Errorf("%s is %x and %x", name, d, got)
			}
		}
	})
}

func TestAnEntryOfAllFieldsIsTheLongest(t *testing.T) {
	raw, err := fullEntry().encode()
	if err != nil || len(raw) != maxEntry {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	got, err := ParseEntry(raw)
	if diff := cmp.Diff(fullEntry(), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for i := range raw {
		if _, err := ParseEntry(raw[:i]); err == nil && i > entryFixed && (i-entryFixed)%33 != 0 && i < len(raw)-21 {
			t.Errorf("cut at %d it is an entry", i)
		}
	}
}

// Whatever note the writer's side takes as signed, the verifier takes, and the reverse,
// but for other lines: there the verifier is the stricter.
func FuzzCheckpoint(f *testing.F) {
	key := testKey(f)
	note, err := signCheckpoint("log", key, Head{Size: 5, Root: protocol.Hash("root")})
	if err != nil {
		f.Fatal(err)
	}
	p, err := verify.ParsePolicy([]byte("log " + VerifierKey("log", key.Public()) + "\nquorum 0\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(note)
	f.Add(note[:len(note)-1])
	f.Add(append(bytes.Clone(note), "— bern AAAAAAAA\n"...))
	f.Add(bytes.Replace(note, []byte("\n5\n"), []byte("\n05\n"), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := openCheckpoint(raw, "log", key.Public())
		c, bad := p.Checkpoint(raw)
		if bad == nil && (err != nil || c.Size != h.Size || c.Root != h.Root) {
			t.Errorf("verify takes %+v, audit %+v, %v", c, h, err)
		}
	})
}

func FuzzRequest(f *testing.F) {
	note, err := signCheckpoint("log", testKey(f), Head{Size: 5, Root: protocol.Hash("root")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append([]byte("old 3\n"+base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n\n"), note...))
	f.Add(append([]byte("old 0\n\n"), note...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := parseRequest(raw); err == nil && (len(r.proof) > maxProof || len(r.lines) > maxNoteLines || checkName(r.origin) != nil) {
			t.Errorf("%+v", r)
		}
	})
}

// An auditor's policy names a key as VerifierKey writes it; the reply of a witness is
// lines of any kind.
func FuzzLines(f *testing.F) {
	lines, err := cosignedLines("bern", testKey(f), 1, []byte("log\n0\nroot\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(lines))
	f.Add([]byte("— a AAAAAAAA\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		parsed, err := parseLines(raw)
		if err != nil {
			return
		}
		var again []byte
		for _, l := range parsed {
			again = append(again, l.String()...)
		}
		if !bytes.Equal(again, raw) {
			t.Errorf("%q is written as %q", raw, again)
		}
	})
}
