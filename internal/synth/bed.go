package synth

import (
	"errors"
	"fmt"
)

// The two bits of a PLINK 1 genotype, A1 being ALT and A2 being REF.
const (
	bedAlt     = 0
	bedMissing = 1
	bedHet     = 2
	bedRef     = 3
)

// bedKeeper writes bed, bim and fam. One copy of a chromosome is written as two equal ones.
type bedKeeper struct {
	bed, bim file
	people   []person
	row      []byte
}

func newBed(base string, site int, people []person) (*bedKeeper, error) {
	k := &bedKeeper{people: people, row: make([]byte, (len(people)+3)/4)}
	var err error
	if k.bed, err = newFile(base + ".bed"); err != nil {
		return nil, err
	}
	if k.bim, err = newFile(base + ".bim"); err != nil {
		return nil, errors.Join(err, k.bed.close())
	}
	fam, err := newFile(base + ".fam")
	if err != nil {
		return nil, errors.Join(err, k.close())
	}
	for i, p := range people {
		sex, status := 2, 1
		if p.male {
			sex = 1
		}
		if p.status {
			status = 2
		}
		fmt.Fprintf(fam, "0\t%s\t0\t0\t%d\t%d\n", sampleName(site, i), sex, status)
	}
	_, err = k.bed.Write([]byte{0x6c, 0x1b, 0x01})
	if err = errors.Join(err, fam.close()); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

func (k *bedKeeper) keep(v *variant, d *drawn) error {
	c := chromosomes()[v.contig]
	fmt.Fprintf(k.bim, "%s\t%s:%d:%s:%s\t0\t%d\t%s\t%s\n", c.name, c.name, v.pos, v.ref, v.alt, v.pos, v.alt, v.ref)
	for i := range k.row {
		k.row[i] = 0xff
	}
	if n := len(k.people) % 4; n != 0 {
		k.row[len(k.row)-1] >>= 8 - 2*n // what stands for nobody is zero
	}
	for _, i := range d.touched {
		shift := i % 4 * 2
		k.row[i/4] = k.row[i/4]&^(3<<shift) | k.code(i, d.calls[i], c.ploidy)<<shift
	}
	_, err := k.bed.Write(k.row)
	return err
}

func (k *bedKeeper) code(i int, c call, of ploidy) byte {
	if k.people[i].copies(of) == 1 {
		c.second = c.first
	}
	switch {
	case c.first == isMissing || c.second == isMissing:
		return bedMissing
	case c.first != c.second:
		return bedHet
	case c.first == isAlt:
		return bedAlt
	}
	return bedRef
}

func (k *bedKeeper) close() error { return errors.Join(k.bed.close(), k.bim.close()) }
