package worker_test

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/worker"
)

// variablePgen is a pgen of two samples and so many variants: all are hom-ref but every
// third one, of which sample 1 is het. Kinds have four bits, and lengths one byte.
func variablePgen(variants int) (head, records string) {
	var kinds, lengths, body []byte
	for v := range variants {
		kind := byte(5) // all are hom-ref, and there is no list
		if v%3 == 0 {
			kind = 0
			body = append(body, 1<<2)
		}
		if v%2 == 0 {
			kinds = append(kinds, kind)
		} else {
			kinds[v/2] |= kind << 4
		}
		lengths = append(lengths, byte(1-min(kind, 1)))
	}
	h := binary.LittleEndian.AppendUint32([]byte("\x6c\x1b\x10"), uint32(variants))
	h = append(binary.LittleEndian.AppendUint32(h, 2), 1<<6)
	h = binary.LittleEndian.AppendUint64(h, uint64(len(h)+8+len(kinds)+len(lengths)))
	return string(append(append(h, kinds...), lengths...)), string(body)
}

func TestAnIndexIsReadAgainHereAndByAChild(t *testing.T) {
	head, records := variablePgen(9)
	kinds := len(head) - 9 - 5
	pvar := "#CHROM POS REF ALT\n" + strings.Repeat("1 7 A <X>\n", 9)
	for name, c := range map[string]struct {
		again string // "" for none
		rows  int
		want  error
	}{
		"it is not":                    {"", 9, io.EOF},
		"it is the same":               {head + records, 9, io.EOF},
		"nothing but the index is":     {head, 9, io.EOF},
		"it is another one by now":     {head[:kinds] + "\x66" + head[kinds+1:], 0, pgen.ErrHeader},
		"it is cut short by now":       {head[:len(head)-1], 0, pgen.ErrTruncated},
		"it is shorter than its start": {head[:5], 0, pgen.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			made := func() worker.Source {
				s := source(worker.Pgen, []byte(head+records), []byte(pvar), []byte("#IID\nalice\nbob\n"))
				if c.again != "" {
					s.Again = strings.NewReader(c.again)
				}
				return s
			}
			var here []string
			r, _, err := worker.Open(made(), nil)
			if err == nil {
				here, err = read(r)
			}
			if !errors.Is(err, c.want) || len(here) != c.rows {
				t.Errorf("%d rows, %v; want %d, %v", len(here), err, c.rows, c.want)
			}
			var there []string
			child, err := worker.Start(t.Context(), config(t), made(), nil)
			if err == nil {
				there, err = read(child)
				child.Close()
			}
			if !errors.Is(err, c.want) || !cmp.Equal(here, there) {
				t.Errorf("a child gave %d rows, %v", len(there), err)
			}
		})
	}
	s := source(worker.VariantCalls, []byte("##fileformat=VCFv4.2\n"))
	s.Again = strings.NewReader("")
	if _, _, err := worker.Open(s, nil); !errors.Is(err, worker.ErrSource) {
		t.Errorf("the index of a VCF: %v", err)
	}
}
