package node

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// toyBCF is the toy dataset as a BCF, in BGZF.
func toyBCF(t *testing.T) string {
	t.Helper()
	head, _, _ := strings.Cut(toyVCF(), "\nchr1\t")
	head = strings.Replace(head, "#CHROM", "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n#CHROM", 1) + "\n\x00"
	le := binary.LittleEndian
	b := append(le.AppendUint32([]byte("BCF\x02\x02"), uint32(len(head))), head...)
	for v := range 2 {
		site := []byte("\x01\x00\x00\x00\x01\x00\x80\x7f\x00\x00\x02\x00\x18\x00\x00\x01\x07\x17A\x17C\x11\x00") // from rlen on: 2 alleles, 24 samples, 1 field
		b = le.AppendUint32(le.AppendUint32(b, uint32(8+len(site))), 3+2*toyPeople)
		b = append(le.AppendUint32(append(b, 0, 0, 0, 0), uint32(9+v)), site...)
		b = append(b, 0x11, 1, 0x21)
		for i := range toyPeople {
			b = append(b, []string{"\x02\x02", "\x02\x05", "\x04\x04", "\x00\x00"}[toyCall(v, i)]...)
		}
	}
	var packed bytes.Buffer
	w := bgzf.NewWriter(&packed)
	_, err := w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}
