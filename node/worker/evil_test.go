package worker_test

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/worker"
)

func frame(kind byte, holds ...byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{kind}, uint32(len(holds))), holds...)
}

// The beginning of every answer: nothing lost, three samples.
var beginning = string(frame('C', 0)) + string(frame('H', 0, 0, 3)) + string(frame('S', 1, 'a', 1, 'b', 1, 'c'))

// evil is a child that was taken over, or that fails.
func evil(how string) {
	answer := os.NewFile(3, "answer")
	defer runtime.KeepAlive(answer)
	say := func(text string) { _, _ = io.WriteString(answer, text) }
	switch how {
	case "crashes":
		say(beginning)
		panic("NA12878")
	case "leaves":
		os.Exit(0)
	case "leaves after a row":
		say(beginning + string(frame('R', row()...)))
		os.Exit(0)
	case "is killed":
		say(beginning)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "says nothing":
		signal.Ignore(syscall.SIGTERM)
		select {}
	case "takes all memory":
		_ = worker.Confine(256<<20, 60, 1)
		say(beginning)
		for all := [][]byte{}; ; {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
		}
	case "takes all time":
		_ = worker.Confine(1<<30, 1, 1)
		say(beginning)
		for i := 0; ; i++ {
		}
	default:
		if port, ok := strings.CutPrefix(how, "probes "); ok {
			say(probe(port))
			break
		}
		say(strings.TrimPrefix(how, "says "))
		_, _ = io.Copy(io.Discard, os.NewFile(4, "file"))
	}
	os.Exit(0)
}

// row is one that can be: chr1, position 10, A to C, three calls.
func row() []byte {
	w := worker.NewRowWriter(3)
	het := genotype.NewCall(genotype.Reference, genotype.Reference+1)
	b, err := w.Append(nil, &genotype.Row{
		Site:  genotype.Site{Contig: "chr1", Pos: 10, Ref: "A", Alts: []string{"C"}, Pass: true},
		Calls: []genotype.Call{genotype.HomRef, het, genotype.NoCall},
	})
	if err != nil {
		panic(err)
	}
	return b
}

func TestAChildThatFailsGivesNoAnswer(t *testing.T) {
	for _, c := range []struct {
		how  string
		want error
	}{
		{"crashes", worker.ErrChild},
		{"leaves", worker.ErrChild},
		{"leaves after a row", worker.ErrChild},
		{"is killed", worker.ErrChild},
		{"says nothing", worker.ErrSilent},
		{"takes all memory", worker.ErrMemory},
		{"takes all time", worker.ErrTime},
	} {
		t.Run(c.how, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, "evil", c.how)
			cfg.Seconds, cfg.Memory = 1, 256<<20
			if c.how == "says nothing" {
				cfg.Patience = time.Millisecond
			}
			r, err := worker.Start(t.Context(), cfg, source(worker.VariantCalls, []byte(head)), nil)
			if err == nil {
				_, err = read(r)
				if closing := r.Close(); closing != nil {
					t.Errorf("close: %v", closing)
				}
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "NA12878") {
				t.Errorf("it says %q", err)
			}
		})
	}
}

// told is an answer of a row with more said of its site.
func told(row []byte, flag byte, more ...byte) string {
	calls := len(row) - 2
	changed := slices.Concat([]byte{row[0] | flag}, row[1:calls], more, row[calls:])
	return beginning + string(frame('R', changed...)) + string(frame('E'))
}

// packedRow is an answer of a row as a bed has it.
func packedRow(alt string, codes ...byte) string {
	w := worker.NewRowWriter(3)
	site := genotype.Site{Contig: "chr1", Pos: 10, Ref: "A", Alts: []string{alt}, Pass: true}
	b, err := w.Append(nil, &genotype.Row{Site: site, Packed: append([]byte{}, codes...)})
	if err != nil {
		panic(err)
	}
	return beginning + string(frame('R', b...)) + string(frame('E'))
}

// TestWhatAChildCannotSay has children say what no reader does.
func TestWhatAChildCannotSay(t *testing.T) {
	good := row()
	with := func(at int, b ...byte) string {
		changed := append([]byte(nil), good...)
		copy(changed[at:], b)
		return beginning + string(frame('R', changed...)) + string(frame('E'))
	}
	for _, c := range []struct{ name, says string }{
		{"a frame of no kind", beginning + string(frame('X'))},
		{"a frame that is too long", beginning + "R\xff\xff\xff\xff"},
		{"the header twice", beginning + string(frame('H', 0, 0, 3))},
		{"rows before the header", string(frame('C', 0)) + string(frame('R', good...))},
		{"an end before the header", string(frame('C', 0)) + string(frame('E'))},
		{"limits that are none", string(frame('C', 255))},
		{"an assembly that is none", string(frame('C', 0)) + string(frame('H', 9, 0, 3))},
		{"too many samples", string(frame('C', 0)) + string(frame('H', 0, 0, 0xff, 0xff, 0xff, 0xff, 1))},
		{"more samples than it said", string(frame('C', 0)) + string(frame('H', 0, 0, 1)) + string(frame('S', 1, 'a', 1, 'b'))},
		{"a sample twice", string(frame('C', 0)) + string(frame('H', 0, 0, 2)) + string(frame('S', 1, 'a', 1, 'a'))},
		{"a sample without a name", string(frame('C', 0)) + string(frame('H', 0, 0, 2)) + string(frame('S', 0, 1, 'a'))},
		{"a sex that is none", string(frame('C', 0)) + string(frame('H', 0, 1, 1)) + string(frame('S', 1, 'a', 3))},
		{"a row without genotypes", beginning + string(frame('R', append([]byte{good[0] &^ (3 << 6)}, good[1:len(good)-2]...)...)) + string(frame('E'))},
		{"a block that ends before it begins", told(good, 1<<3, 9)},
		{"a block that ends nowhere", told(good, 1<<3, 0)},
		{"a block that ends behind all contigs", told(good, 1<<3, 0xff, 0xff, 0xff, 0xff, 0x0f)},
		{"a spelling further to the right than REF", told(good, 1<<4, 11, 1, 'A', 1, 'C')},
		{"a spelling without letters", told(good, 1<<4, 9, 0, 1, 'C')},
		{"more calls dropped than there are", told(good, 1<<5, 4)},
		{"no calls dropped, and it says so", told(good, 1<<5, 0)},
		{"a packed row with bits behind the last sample", packedRow("C", 0x7f)},
		{"a packed row that is cut", packedRow("C")},
		{"a row without a contig", with(0, good[0]&^(1<<2))},
		{"a call beyond the last sample", with(len(good)-1, 0xf0)},
		{"a row that is cut", beginning + string(frame('R', good[:len(good)-1]...)) + string(frame('E'))},
		{"an error that is none", beginning + string(frame('E', 99))},
		{"an error with a rest", beginning + string(frame('E', 0, 1, 1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := worker.Said(strings.NewReader(c.says))
			if err == nil {
				_, err = read(r)
			}
			if !errors.Is(err, worker.ErrFrame) {
				t.Errorf("got %v, want %v", err, worker.ErrFrame)
			}
		})
	}
	r, err := worker.Said(strings.NewReader(beginning + string(frame('R', good...)) + string(frame('E'))))
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := read(r); len(rows) != 1 || err != io.EOF {
		t.Errorf("what it can say: %d rows, %v", len(rows), err)
	}
	for name, says := range map[string]string{
		"a block": told(good, 1<<3, 200, 1), "a spelling": told(good, 1<<4, 9, 1, 'A', 1, 'C'), "its own spelling": told(good, 1<<4, 0),
		"two calls dropped": told(good, 1<<5, 2), "a packed row": packedRow("C", 0b11_10_01),
	} {
		r, err := worker.Said(strings.NewReader(says))
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := read(r); len(rows) != 1 || err != io.EOF {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}
