package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node/worker"
)

func TestAFileIsParsedWhenItsProcessIsConfined(t *testing.T) {
	const (
		head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n"
		ref  = "1\t10\t.\tA\tC\t.\t.\t.\tGT\t0/0\n"
		alt  = "1\t10\t.\tA\tC\t.\t.\t.\tGT\t1/1\n"
	)
	dir := t.TempDir()
	file := filepath.Join(dir, "made.vcf")
	for name, out := range map[string]string{"shown": "", "kept": filepath.Join(dir, "sub", "made.tsv")} {
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(head+ref), 0o600); err != nil {
			t.Fatal(err)
		}
		var report, errs bytes.Buffer
		var told []worker.Alone
		a := &app{in: strings.NewReader(""), out: &report, err: &errs, confine: func(to worker.Alone) {
			told = append(told, to)
			// Had it been read by now, this would come too late.
			if err := os.WriteFile(file, []byte(head+alt), 0o600); err != nil {
				t.Error(err)
			}
		}}
		args := []string{"count", file, "-o", "tsv"}
		if out != "" {
			args = append(args, "--out", out)
		}
		if code := a.run(t.Context(), args); code != cli.Done {
			t.Fatalf("%s: exit code %d\n%s", name, code, errs.String())
		}
		text := report.String()
		if out != "" {
			raw, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if !strings.Contains(text, "1\t10\tA\tC\t2\t2\t1\n") {
			t.Errorf("%s: the file was read before:\n%s", name, text)
		}
		folder := ""
		if out != "" {
			folder = filepath.Dir(out)
		}
		if len(told) != 1 || told[0].Folder != folder || told[0].Bytes != int64(len(head+ref)) {
			t.Errorf("%s: confined %d times, to %+v", name, len(told), told)
		}
	}
}
