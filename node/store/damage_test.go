package store_test

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
)

// refused reports how a file is refused: when it is opened, or before its last row.
func refused(raw []byte, aead cipher.AEAD) error {
	r, err := store.New(bytes.NewReader(raw), int64(len(raw)), aead)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = readAll(r)
	return err
}

// smallFile is a store of two blocks with every kind of set.
func smallFile(t *testing.T, aead cipher.AEAD) []byte {
	t.Helper()
	rows := randomRows(rand.New(rand.NewPCG(1, 1)), 70, 12)
	raw, err := os.ReadFile(write(t, aead, store.Header{Dataset: [32]byte{1}, Samples: names(70)}, rows...))
	if err != nil {
		t.Fatal(err)
	}
	if err := refused(raw, aead); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryFlippedByteIsSeen(t *testing.T) {
	for name, aead := range map[string]cipher.AEAD{"sealed": key(t), "a checksum": store.Checksum()} {
		t.Run(name, func(t *testing.T) {
			raw := smallFile(t, aead)
			for i := range raw {
				for _, mask := range []byte{1, 0x80, 0xff} {
					raw[i] ^= mask
					err := refused(raw, aead)
					raw[i] ^= mask
					if !known(err) {
						t.Fatalf("byte %d of %d, mask %x: %v", i, len(raw), mask, err)
					}
					if i >= 64 && !errors.Is(err, store.ErrDamaged) {
						t.Fatalf("byte %d of %d behind the prelude: %v", i, len(raw), err)
					}
				}
			}
		})
	}
}

func known(err error) bool {
	for _, e := range []error{store.ErrDamaged, store.ErrNotStore, store.ErrVersion, store.ErrKey} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func TestEveryTruncationIsSeen(t *testing.T) {
	for name, aead := range map[string]cipher.AEAD{"sealed": key(t), "a checksum": store.Checksum()} {
		t.Run(name, func(t *testing.T) {
			raw := smallFile(t, aead)
			for n := range raw {
				if err := refused(raw[:n], aead); !known(err) {
					t.Fatalf("%d bytes of %d: %v", n, len(raw), err)
				}
			}
			if err := refused(append(raw, 0), aead); !known(err) {
				t.Errorf("a byte behind the end: %v", err)
			}
			if err := refused(append(raw, raw...), aead); !known(err) {
				t.Errorf("the file twice: %v", err)
			}
		})
	}
}

// A file that becomes shorter while it is read is damaged too.
func TestAFileCutAfterItWasOpenedIsSeen(t *testing.T) {
	raw := smallFile(t, key(t))
	src := &shrinking{raw: raw}
	r, err := store.New(src, int64(len(raw)), key(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	src.raw = raw[:len(raw)/2]
	if _, err := readAll(r); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

type shrinking struct{ raw []byte }

func (s *shrinking) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(s.raw).ReadAt(p, at)
}

func TestAReadThatFailsIsNoDamage(t *testing.T) {
	raw := smallFile(t, key(t))
	broken := errors.New("the disk is gone")
	for reads := range 100 {
		src := &failing{src: bytes.NewReader(raw), left: reads, err: broken}
		r, err := store.New(src, int64(len(raw)), key(t))
		if err == nil {
			_, err = readAll(r)
			r.Close()
		}
		if src.left >= 0 {
			if err != nil || reads < 5 {
				t.Errorf("%d reads: %v", reads, err)
			}
			return
		}
		if !errors.Is(err, broken) || errors.Is(err, store.ErrDamaged) {
			t.Errorf("read %d fails: %v", reads, err)
		}
	}
	t.Error("it never ends")
}

type failing struct {
	src  io.ReaderAt
	left int
	err  error
}

func (f *failing) ReadAt(p []byte, at int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return f.src.ReadAt(p, at)
}

func TestDamageSaysWhere(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(2, 1)), 70, 12)
	path := write(t, key(t), store.Header{Samples: names(70)}, rows...)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spans := blockSpans(t, raw, key(t))
	if len(spans) != 3 {
		t.Fatalf("%d blocks", len(spans))
	}
	raw[spans[2][0]+spans[2][1]/2] ^= 1
	r, err := store.New(bytes.NewReader(raw), int64(len(raw)), key(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var damage *store.Damage
	got, err := readAll(r)
	if !errors.As(err, &damage) || damage.Block != 2 || damage.Offset != int64(spans[2][0]) {
		t.Fatalf("got %v", err)
	}
	sameRows(t, rows[:8], got)
	if _, again := readAll(r); !errors.Is(again, store.ErrDamaged) {
		t.Errorf("Next after damage: %v", again)
	}
	if err := r.Check(t.Context()); !errors.As(err, &damage) || damage.Block != 2 {
		t.Errorf("Check: %v", err)
	}
	if err := r.Only(store.Region{Contig: "1", From: 0, To: 1 << 31}); err != nil {
		t.Fatal(err)
	}
	sameRows(t, rows[:4], read(t, r)) // whose block is sound
}

// Parts of one file, and of two files of one key, cannot change places.
func TestBlocksCannotBeSwapped(t *testing.T) {
	row := func(pos uint32, ref string) genotype.Row {
		return genotype.Row{Site: genotype.Site{Contig: "1", Pos: pos, Ref: ref, Alts: []string{"C"}, Pass: true}, Calls: make([]genotype.Call, 10)}
	}
	var rows []genotype.Row
	for range 3 * 512 {
		rows = append(rows, row(7, "A"))
	}
	h := store.Header{Samples: names(10)}
	for name, aead := range map[string]cipher.AEAD{"sealed": key(t), "a checksum": store.Checksum()} {
		t.Run(name, func(t *testing.T) {
			a, err := os.ReadFile(write(t, aead, h, rows...))
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(write(t, aead, h, rows...))
			if err != nil || len(a) != len(b) {
				t.Fatalf("two equal stores of %d and %d bytes, %v", len(a), len(b), err)
			}
			spans := blockSpans(t, a, aead)
			if len(spans) != 3 || spans[0][1] != spans[1][1] {
				t.Fatalf("blocks are %v", spans)
			}
			block := func(raw []byte, i int) []byte { return raw[spans[i][0]:][:spans[i][1]] }
			for name, made := range map[string][]byte{
				"two blocks change places":          swap(a, block(a, 1), block(a, 0), spans[0][0], spans[1][0]),
				"a block twice":                     swap(a, block(a, 0), block(a, 0), spans[0][0], spans[1][0]),
				"a block of another file":           swap(a, block(b, 0), nil, spans[0][0], 0),
				"the prelude of another file":       append(bytes.Clone(b[:64]), a[64:]...),
				"all but the blocks of another one": append(append(bytes.Clone(b[:spans[0][0]]), a[spans[0][0]:spans[2][0]+spans[2][1]]...), b[spans[2][0]+spans[2][1]:]...),
			} {
				if err := refused(made, aead); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// swap puts x at i and y at j.
func swap(raw, x, y []byte, i, j int) []byte {
	made := bytes.Clone(raw)
	copy(made[i:], x)
	copy(made[j:], y)
	return made
}

// blockSpans finds offset and length of a file's blocks: what is said to be damaged when
// one byte after another is flipped.
func blockSpans(t *testing.T, raw []byte, aead cipher.AEAD) (spans [][2]int) {
	t.Helper()
	for at := 64; at < len(raw); at++ {
		raw[at] ^= 1
		err := refused(raw, aead)
		raw[at] ^= 1
		var damage *store.Damage
		if !errors.As(err, &damage) {
			t.Fatal(fmt.Errorf("byte %d: %w", at, err))
		}
		if damage.Block == len(spans) {
			spans = append(spans, [2]int{int(damage.Offset), 0})
		}
		if damage.Block == len(spans)-1 && len(spans) > 0 {
			spans[damage.Block][1] = at + 1 - int(damage.Offset)
		}
	}
	return spans
}

func TestAnotherFormatIsRefusedByItsNumber(t *testing.T) {
	raw := smallFile(t, key(t))
	raw[8] = 77
	if err := refused(raw, key(t)); !errors.Is(err, store.ErrVersion) || !strings.Contains(err.Error(), "version 77") {
		t.Errorf("got %v", err)
	}
}
