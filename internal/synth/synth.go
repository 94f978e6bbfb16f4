// Package synth makes cohorts of people who never lived, for demonstrations and tests,
// with the true counts beside them. Start with Config and Write.
//
// Every variant has an ancestral frequency from a spectrum with many rare ones. A few
// populations drift from it (Balding and Nichols 1995, one F_ST each), every site is a
// mix of populations of its own, and genotypes are drawn in Hardy-Weinberg proportions
// within a population. Some calls are missing, and some variants were not assayed at
// one of the sites. Males have one X outside its pseudo-autosomal regions, where all
// variants of X are placed; everybody has one MT. A site keeps its cohort as VCF or as
// bed/bim/fam, and names contigs 7 or chr7, as sites do.
//
// The truth is counted while genotypes are drawn, before anything is written: AC is
// copies of ALT and AN called alleles over all sites that assayed the variant, a half
// call counting the allele that was called.
//
// What must hold: the same Config gives the same bytes on machines of one kind (some
// fuse floating-point operations and some do not). What the package does not make:
// linkage between variants, relatives, or an effect of a variant on the status.
package synth

import (
	"errors"
	"fmt"
	"io"
)

// ErrConfig is returned for a Config that cannot be made.
var ErrConfig = errors.New("synth: this cannot be made")

// The bounds of a Config: what still fits a disk.
const (
	maxSites    = 100
	maxPeople   = 1_000_000
	maxVariants = 2_000_000
)

// Format is how a site keeps genotypes.
type Format int

// The formats of a site.
const (
	VCF Format = iota
	Bed
)

// Config says what to make.
type Config struct {
	// Seed gives everything else by chance.
	Seed uint64
	// Sites is their number; zero means 3.
	Sites int
	// People at each site; zero means 2,000.
	People int
	// Variants of the shared panel; zero means 20,000.
	Variants int
	// Formats of the sites, in turn; empty means VCF, Bed, VCF and so on.
	Formats []Format
	// Compress wraps what a VCF is written to, and is closed after it. The files end
	// in .vcf.gz with it, in .vcf without.
	Compress func(io.Writer) (io.WriteCloser, error)
}

// filled is the Config with defaults in place of zeros, or what is wrong with it.
func (c Config) filled() (Config, error) {
	for _, n := range []struct {
		value         *int
		name          string
		absent, bound int
	}{
		{&c.Sites, "sites", 3, maxSites}, {&c.People, "people", 2000, maxPeople}, {&c.Variants, "variants", 20_000, maxVariants},
	} {
		if *n.value == 0 {
			*n.value = n.absent
		}
		if *n.value < 1 || *n.value > n.bound {
			return Config{}, fmt.Errorf("%w: %d %s; want 1 to %d", ErrConfig, *n.value, n.name, n.bound)
		}
	}
	if len(c.Formats) == 0 {
		c.Formats = []Format{VCF, Bed}
	}
	for _, f := range c.Formats {
		if f != VCF && f != Bed {
			return Config{}, fmt.Errorf("%w: format %d", ErrConfig, f)
		}
	}
	return c, nil
}

// Files are where everything was written.
type Files struct {
	// Panel is the list of variants, CHROM POS REF ALT. Truth has the same columns and
	// the pooled AC and AN.
	Panel, Truth string
	// Region is a stretch of chromosome 7 with some two hundred of the variants, or
	// fewer where there are not as many.
	Region string
	Sites  []Site
}

// Site is one site's cohort.
type Site struct {
	Name string
	// Genotypes is a VCF, or a .bed with its .bim and .fam beside it.
	Genotypes string
	// Samples is the table sample_id, person_id, sex, population, status, age.
	Samples string
}
