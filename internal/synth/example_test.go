package synth_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/locus-genomics/locus/internal/synth"
)

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "synth")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	files, err := synth.Write(dir, synth.Config{Seed: 1, People: 20, Variants: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range files.Sites {
		fmt.Println(s.Name, filepath.Base(s.Genotypes), filepath.Base(s.Samples))
	}
	// Output:
	// site-1 site-1.vcf site-1.samples.tsv
	// site-2 site-2.bed site-2.samples.tsv
	// site-3 site-3.vcf site-3.samples.tsv
}
