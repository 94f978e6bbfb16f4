package main

import (
	"context"
	"io"
	"os"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/synth"
)

// synthesise makes a cohort for each hospital, as VCF or bed, the panel, and the
// pooled truth, which no program of the network ever sees.
func (d *demo) synthesise(context.Context) error {
	dir := d.path("data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var err error
	d.files, err = synth.Write(dir, synth.Config{
		Seed: d.seed, Sites: len(hospitals), People: d.people, Variants: d.variants,
		Compress: func(w io.Writer) (io.WriteCloser, error) { return bgzf.NewWriter(w), nil },
	})
	return err
}
