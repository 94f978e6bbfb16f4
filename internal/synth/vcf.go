package synth

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// vcfKeeper writes a VCF with GT only. Most of a line is hom-ref calls, so each kind of
// chromosome has a line of those ready.
type vcfKeeper struct {
	file   file
	out    io.WriteCloser
	prefix bool // chr7 and chrM, or 7 and MT
	people []person
	blank  [3][]byte
	// at is where each person's call begins in a blank line, after its tab.
	at   [3][]int
	line []byte
}

func newVCF(path string, compress func(io.Writer) (io.WriteCloser, error), site int, people []person) (*vcfKeeper, error) {
	f, err := newFile(path)
	if err != nil {
		return nil, err
	}
	k := &vcfKeeper{file: f, out: nopCloser{f}, prefix: site%4 == 2, people: people}
	if compress != nil {
		if k.out, err = compress(f); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	for of := range k.blank {
		for i := range people {
			text := "\t0/0"
			if people[i].copies(ploidy(of)) == 1 {
				text = "\t0"
			}
			k.at[of] = append(k.at[of], len(k.blank[of])+1)
			k.blank[of] = append(k.blank[of], text...)
		}
		k.blank[of] = append(k.blank[of], '\n')
	}
	if err := k.head(site); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

func (k *vcfKeeper) name(c chromosome) string {
	switch {
	case !k.prefix:
		return c.name
	case c.name == "MT":
		return "chrM"
	}
	return "chr" + c.name
}

func (k *vcfKeeper) head(site int) error {
	b := []byte("##fileformat=VCFv4.3\n##source=synthetic: these people never lived\n")
	for _, c := range chromosomes() {
		b = fmt.Appendf(b, "##contig=<ID=%s,length=%d,assembly=GRCh38>\n", k.name(c), c.length)
	}
	b = append(b, "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"...)
	for i := range k.people {
		b = append(append(b, '\t'), sampleName(site, i)...)
	}
	_, err := k.out.Write(append(b, '\n'))
	return err
}

func (k *vcfKeeper) keep(v *variant, d *drawn) error {
	c := chromosomes()[v.contig]
	b := append(k.line[:0], k.name(c)...)
	b = strconv.AppendInt(append(b, '\t'), int64(v.pos), 10)
	b = append(append(b, "\t.\t"...), v.ref...)
	b = append(append(b, '\t'), v.alt...)
	b = append(b, "\t.\tPASS\t.\tGT"...)
	start := len(b)
	b = append(b, k.blank[c.ploidy]...)
	for _, i := range d.touched {
		at := start + k.at[c.ploidy][i]
		b[at] = "01."[d.calls[i].first]
		if k.people[i].copies(c.ploidy) == 2 {
			b[at+2] = "01."[d.calls[i].second]
		}
	}
	k.line = b
	_, err := k.out.Write(b)
	return err
}

func (k *vcfKeeper) close() error { return errors.Join(k.out.Close(), k.file.close()) }
