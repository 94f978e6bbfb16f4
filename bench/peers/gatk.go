package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// gatkCalls is how many calls of each genotype are drawn to choose from.
const gatkCalls = 1 << 10

// writeGATK makes x.vcf.gz with the fields that GATK writes of each call: depths of the
// alleles and of all, a quality, and three likelihoods.
func writeGATK(dir string, s size) error {
	if err := writePeople(dir, s.samples); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, "x.vcf.gz"))
	if err != nil {
		return err
	}
	defer out.Close()
	zip := exec.Command("bgzip", "-c")
	zip.Stdout = out
	in, err := zip.StdinPipe()
	if err != nil {
		return err
	}
	if err := zip.Start(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(in, 1<<20)
	return errors.Join(writeGATKText(w, dir, s), w.Flush(), in.Close(), zip.Wait(), out.Close())
}

func writeGATKText(w io.Writer, dir string, s size) error {
	line := []byte("##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n##contig=<ID=1,length=248956422>\n" +
		"##INFO=<ID=DP,Number=1,Type=Integer,Description=\"depth\">\n" +
		"##FORMAT=<ID=GT,Number=1,Type=String,Description=\"genotype\">\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"depths\">\n" +
		"##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"depth\">\n##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"quality\">\n" +
		"##FORMAT=<ID=PL,Number=G,Type=Integer,Description=\"likelihoods\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range s.samples {
		line = fmt.Appendf(line, "\ts%d", i)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	calls := drawCalls(rng)
	return drawn(dir, s, func(v int, row []byte) error {
		line = fmt.Appendf(line[:0], "1\t%d\trs%d\tA\tC\t812.77\tPASS\tDP=%d\tGT:AD:DP:GQ:PL", position(v), v, 30*s.samples)
		for i := range s.samples {
			line = append(line, calls[row[i/4]>>(i%4*2)&3][rng.IntN(gatkCalls)]...)
		}
		_, err := w.Write(append(line, '\n'))
		return err
	})
}

// drawCalls are calls by the codes of a bed, each behind its tab.
func drawCalls(rng *rand.Rand) (all [4][]string) {
	for code := range all {
		for range gatkCalls {
			depth := 12 + rng.IntN(40)
			alt, genotype, likely := 0, "0/0", [3]int{0, 3 * depth, 45 * depth}
			switch code {
			case alts:
				alt, genotype, likely = depth, "1/1", [3]int{45 * depth, 3 * depth, 0}
			case het:
				alt, genotype, likely = depth/2, "0/1", [3]int{20 * depth, 0, 18 * depth}
			case missing:
				all[code] = append(all[code], "\t./.:0,0:0:.:0,0,0")
				continue
			}
			all[code] = append(all[code], fmt.Sprintf("\t%s:%d,%d:%d:%d:%d,%d,%d", genotype, depth-alt, alt, depth, min(99, 3*depth), likely[0], likely[1], likely[2]))
		}
	}
	return all
}
