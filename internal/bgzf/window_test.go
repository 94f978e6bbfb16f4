package bgzf_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
)

func TestBlocksAreWhatIsRead(t *testing.T) {
	for how, open := range readers {
		t.Run(how, func(t *testing.T) { testBlocks(t, open) })
	}
}

func testBlocks(t *testing.T, open func(io.Reader) *bgzf.Reader) {
	plain := text(3_000_000)
	packed := append(pack(t, plain[:100_000]), pack(t, plain[100_000:])...) // with an empty block between
	r := open(bytes.NewReader(packed))
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	got := bytes.Clone(plain[:10])
	for {
		b, err := r.Block()
		if err == io.EOF {
			break
		}
		if err != nil || len(b) == 0 {
			t.Fatalf("a block of %d bytes, %v", len(b), err)
		}
		got = append(got, b...)
	}
	if !bytes.Equal(got, plain) {
		t.Errorf("the blocks are not what was written: %d bytes, want %d", len(got), len(plain))
	}
}

func TestAWindowMovesOverWhatIsRead(t *testing.T) {
	plain := text(6_000_000)
	packed := pack(t, plain)
	for _, c := range []struct {
		name     string
		n, step  int // of each window, and how far it moves
		thenRead bool
	}{
		{"a byte at a time, some thousand a step", 1, 1234, false},
		{"the same, and a Read now and then", 1, 1234, true},
		{"windows that overlap", 70_000, 40_000, false},
		{"windows larger than any buffer", 1_500_000, 450_000, false},
		{"more than there is", 6_000_001, 0, false},
	} {
		for how, open := range readers {
			t.Run(c.name+", "+how, func(t *testing.T) {
				testWindow(t, open(bytes.NewReader(packed)), plain, c.n, c.step, c.thenRead)
			})
		}
	}
}

func testWindow(t *testing.T, r *bgzf.Reader, plain []byte, n, step int, thenRead bool) {
	at := 0
	for {
		w, err := r.Window(n)
		if !bytes.Equal(w, plain[at:at+len(w)]) {
			t.Fatalf("the window at %d shows something else", at)
		}
		if cap(w)-len(w) < bgzf.Slack && len(w) > 0 {
			t.Fatalf("%d bytes may be looked at behind the window", cap(w)-len(w))
		}
		if err != nil {
			if err != io.EOF || at+len(w) != len(plain) || len(w) >= n {
				t.Errorf("at %d with %d bytes shown: %v", at, len(w), err)
			}
			return
		}
		if len(w) < n {
			t.Fatalf("%d bytes are shown, want %d", len(w), n)
		}
		k := min(step, len(w))
		r.Advance(k)
		at += k
		if thenRead {
			var p [3]byte
			k, err := r.Read(p[:])
			if err != nil && err != io.EOF || !bytes.Equal(p[:k], plain[at:at+k]) {
				t.Fatalf("Read at %d: %v", at, err)
			}
			at += k
		}
	}
}

func TestAWindowShowsWhatIsBeforeTheDamage(t *testing.T) {
	plain := text(100_000)
	whole := pack(t, plain)
	r := bgzf.NewReader(bytes.NewReader(whole[:len(whole)-endSize]))
	w, err := r.Window(len(plain) + 1)
	if !errors.Is(err, bgzf.ErrNoEnd) || !bytes.Equal(w, plain) {
		t.Errorf("%d bytes are shown, %v", len(w), err)
	}
}

func TestAReaderThatNeverGivesAnythingIsLeft(t *testing.T) {
	if _, err := bgzf.NewReader(idle{}).Block(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

// idle gives nothing without a reason.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestNoMoreIsPassedOverThanWasShown(t *testing.T) {
	r := bgzf.NewReader(bytes.NewReader(pack(t, text(10))))
	if _, err := r.Window(1); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("11 bytes of 10 were passed over")
		}
	}()
	r.Advance(11)
}

// What is held depends on what is asked for, not on the file.
func TestAReaderOfALargeFileHoldsLittle(t *testing.T) {
	packed := pack(t, text(20_000_000))
	for how, open := range readers {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := open(bytes.NewReader(packed))
		for {
			if _, err := r.Window(100_000); err != nil {
				break
			}
			r.Advance(100_000)
		}
		runtime.ReadMemStats(&after)
		// Five workers have two batches of twenty blocks, each packed and not, and one for
		// what does not fit before a batch.
		if n := after.TotalAlloc - before.TotalAlloc; n > 10<<20 {
			t.Errorf("%s: %d bytes were allocated", how, n)
		}
	}
}
