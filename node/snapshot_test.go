package node_test

import (
	"bytes"
	"testing"

	"github.com/locus-genomics/locus/node"
)

// emptySnapshot is one of a site that did nothing yet.
func emptySnapshot() []byte {
	b := make([]byte, 1+1+8+32+3*4)
	b[0], b[1], b[9] = 1, 1, 1
	return b
}

func TestSnapshotIsRefused(t *testing.T) {
	if _, err := node.ParseSnapshot(emptySnapshot()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
	}{
		{"without bytes", func([]byte) []byte { return nil }},
		{"of another version", func(b []byte) []byte { b[0] = 2; return b }},
		{"that is neither complete nor not", func(b []byte) []byte { b[1] = 2; return b }},
		{"of no link", func(b []byte) []byte { b[9] = 0; return b }},
		{"cut short", func(b []byte) []byte { return b[:len(b)-1] }},
		{"with bytes after its end", func(b []byte) []byte { return append(b, 0) }},
		{"that announces votes it has not", func(b []byte) []byte { b[42] = 0xff; return b }},
		{"that announces pins it has not", func(b []byte) []byte { b[len(b)-1] = 1; return b }},
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
	vote := append(emptySnapshot()[:42], 0, 0, 0, 1)
	vote = append(vote, make([]byte, 96)...)
	vote = append(vote, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)
	f.Add(vote)
	pin := append(append(emptySnapshot()[:50], 0, 0, 0, 1), make([]byte, 64)...)
	f.Add(pin)
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := node.ParseSnapshot(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Error("it is written otherwise than it was read")
		}
	})
}
