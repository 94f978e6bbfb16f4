package worker_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/worker"
)

// TestRealFilesReadTheSame has each file of real data, sound or not, read in this
// process and in a child: rows and words are the same.
func TestRealFilesReadTheSame(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	const most = 256 << 10 // of a file: the large ones are read by the tests of the formats
	files := 0
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".bgz")
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".vcf") && !strings.HasSuffix(name, ".bcf") && !strings.HasSuffix(name, ".bed") {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > most {
			return err
		}
		format, parts := worker.VariantCalls, []string{path}
		if prefix, ok := strings.CutSuffix(path, ".bed"); ok {
			format, parts = worker.Plink, append(parts, prefix+".bim", prefix+".fam")
		}
		var content [][]byte
		for _, p := range parts {
			b, err := os.ReadFile(p)
			if err != nil {
				return nil // a bed of another kind
			}
			content = append(content, b)
		}
		files++
		t.Run(strings.TrimPrefix(path, data+"/"), func(t *testing.T) {
			t.Parallel()
			both(t, format, nil, content...)
		})
		return nil
	})
	if err != nil || files < 500 {
		t.Errorf("%d files, %v", files, err)
	}
}
