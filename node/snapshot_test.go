package node_test

import (
	"bytes"
	"testing"

	"github.com/locus-genomics/locus/node"
)

// emptySnapshot is one of a site that did nothing yet.
func emptySnapshot() []byte {
	b := make([]byte, 1+1+8+32+4*4)
	b[0], b[1], b[9] = 3, 1, 1
	return b
}

// peopleSnapshot says that one range of a panel was given of somebody.
func peopleSnapshot(size, from, to byte) []byte {
	b := append(emptySnapshot()[:50], 0, 0, 0, 1)
	b = append(b, make([]byte, 32)...)
	b = append(b, 0, 0, 0, 20, 0, 1)
	b = append(b, make([]byte, 32+32)...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, size, 0, 0, 0, 1)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, from, 0, 0, 0, 0, 0, 0, 0, to)
	return append(b, 0, 0, 0, 0)
}

func TestSnapshotIsRefused(t *testing.T) {
	for _, sound := range [][]byte{emptySnapshot(), peopleSnapshot(3, 1, 3)} {
		if _, err := node.ParseSnapshot(sound); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
	}{
		{"without bytes", func([]byte) []byte { return nil }},
		{"of another version", func(b []byte) []byte { b[0] = 1; return b }},
		{"that is neither complete nor not", func(b []byte) []byte { b[1] = 2; return b }},
		{"of no link", func(b []byte) []byte { b[9] = 0; return b }},
		{"cut short", func(b []byte) []byte { return b[:len(b)-1] }},
		{"with bytes after its end", func(b []byte) []byte { return append(b, 0) }},
		{"that announces a ledger it has not", func(b []byte) []byte { b[42] = 0xff; return b }},
		{"that announces votes it has not", func(b []byte) []byte { b[46] = 0xff; return b }},
		{"that announces pins it has not", func(b []byte) []byte { b[len(b)-1] = 1; return b }},
		{"that announces people it has not", func(b []byte) []byte { b[53] = 1; return b }},
		{"of a range that is empty", func([]byte) []byte { return peopleSnapshot(3, 1, 1) }},
		{"of a range that runs backwards", func([]byte) []byte { return peopleSnapshot(3, 2, 1) }},
		{"of a range beyond its panel", func([]byte) []byte { return peopleSnapshot(3, 1, 4) }},
		{"of a panel without variants", func([]byte) []byte { return peopleSnapshot(0, 0, 1) }},
		{"over its bound", func([]byte) []byte { return append(emptySnapshot(), make([]byte, 1<<20)...) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := node.ParseSnapshot(tt.change(emptySnapshot())); err == nil {
				t.Error("taken")
			}
		})
	}
}

func FuzzParseSnapshot(f *testing.F) {
	f.Add(emptySnapshot())
	vote := append(emptySnapshot()[:46], 0, 0, 0, 1)
	vote = append(vote, make([]byte, 96)...)
	vote = append(vote, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	f.Add(vote)
	pin := append(append(emptySnapshot()[:54], 0, 0, 0, 1), make([]byte, 64)...)
	f.Add(pin)
	f.Add(peopleSnapshot(3, 1, 2))
	f.Add(peopleSnapshot(3, 2, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := node.ParseSnapshot(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Error("it is written otherwise than it was read")
		}
	})
}
