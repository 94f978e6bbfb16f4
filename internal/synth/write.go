package synth

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// The streams of chance that a seed gives: one for the panel, one for each site.
const (
	streamPanel = 1
	streamSite  = 1000
)

// keeper writes a site's genotypes, variant after variant.
type keeper interface {
	keep(*variant, *drawn) error
	close() error
}

// site is one site while it is made.
type site struct {
	sampler
	keeper
}

// Write makes everything in a directory that exists.
func Write(dir string, c Config) (files Files, err error) {
	c, err = c.filled()
	if err != nil {
		return Files{}, err
	}
	variants := makeVariants(rand.New(rand.NewPCG(c.Seed, streamPanel)), c)
	files = Files{Panel: filepath.Join(dir, "panel.tsv"), Truth: filepath.Join(dir, "truth.tsv"), Region: region(variants)}
	sites := make([]*site, c.Sites)
	defer func() {
		for _, s := range sites {
			if s != nil {
				err = errors.Join(err, s.close())
			}
		}
	}()
	for i := range sites {
		var f Site
		if sites[i], f, err = newSite(dir, c, i); err != nil {
			return Files{}, err
		}
		files.Sites = append(files.Sites, f)
	}
	err = toFile(files.Panel, func(panel *bufio.Writer) error {
		return toFile(files.Truth, func(truth *bufio.Writer) error { return writeVariants(panel, truth, variants, sites) })
	})
	if err != nil {
		return Files{}, err
	}
	return files, nil
}

func writeVariants(panel, truth *bufio.Writer, variants []variant, sites []*site) error {
	fmt.Fprintln(panel, "#CHROM\tPOS\tREF\tALT")
	fmt.Fprintln(truth, "#CHROM\tPOS\tREF\tALT\tAC\tAN")
	chroms := chromosomes()
	for i := range variants {
		v := &variants[i]
		var ac, an int64
		for k, s := range sites {
			if k == v.absent {
				continue
			}
			d := s.draw(v, chroms[v.contig].ploidy)
			ac, an = ac+d.ac, an+d.an
			if err := s.keep(v, d); err != nil {
				return err
			}
		}
		fmt.Fprintln(panel, v)
		fmt.Fprintf(truth, "%s\t%d\t%d\n", v, ac, an)
	}
	return nil
}

// newSite draws a site's people, writes their table, and opens its genotype files.
func newSite(dir string, c Config, i int) (*site, Site, error) {
	rng := rand.New(rand.NewPCG(c.Seed, streamSite+uint64(i)))
	people, groups := makePeople(rng, i, c.People)
	f := Site{Name: fmt.Sprintf("site-%d", i+1)}
	f.Samples = filepath.Join(dir, f.Name+".samples.tsv")
	err := toFile(f.Samples, func(w *bufio.Writer) error { return writeSamples(w, i, people) })
	if err != nil {
		return nil, Site{}, err
	}
	s := &site{sampler: newSampler(rng, people, groups)}
	base := filepath.Join(dir, f.Name)
	if c.Formats[i%len(c.Formats)] == Bed {
		f.Genotypes = base + ".bed"
		s.keeper, err = newBed(base, i, people)
	} else {
		f.Genotypes, s.halves = base+".vcf", true
		if c.Compress != nil {
			f.Genotypes += ".gz"
		}
		s.keeper, err = newVCF(f.Genotypes, c.Compress, i, people)
	}
	if err != nil {
		return nil, Site{}, err
	}
	return s, f, nil
}

// region is a stretch around the middle of chromosome 7.
func region(variants []variant) string {
	chroms := chromosomes()
	var on []int
	for _, v := range variants {
		if chroms[v.contig].name == "7" {
			on = append(on, v.pos)
		}
	}
	if len(on) == 0 {
		return chroms[variants[0].contig].name
	}
	n := min(200, len(on))
	from := (len(on) - n) / 2
	return fmt.Sprintf("7:%d-%d", on[from], on[from+n-1])
}

// file is a buffered file.
type file struct {
	*bufio.Writer
	f *os.File
}

func newFile(path string) (file, error) {
	f, err := os.Create(path)
	if err != nil {
		return file{}, err
	}
	return file{bufio.NewWriterSize(f, 1<<16), f}, nil
}

func (f file) close() error { return errors.Join(f.Flush(), f.f.Close()) }

// toFile makes a file of what write writes.
func toFile(path string, write func(*bufio.Writer) error) error {
	f, err := newFile(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f.Writer), f.close())
}

// nopCloser stands for a compressor where there is none.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
