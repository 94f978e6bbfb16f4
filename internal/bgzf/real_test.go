package bgzf_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// TestRealFilesAreReadAsGzipDoes reads every sound BGZF file under LOCUS_DATA.
func TestRealFilesAreReadAsGzipDoes(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	sound := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".gz") && !strings.HasSuffix(path, ".bcf") {
			return err
		}
		packed, err := os.ReadFile(path)
		if err != nil || !bgzf.Is(packed) {
			return err
		}
		if n := sameAsGzip(t, path, packed); n > 0 {
			sound++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if sound < 10 {
		t.Errorf("%d sound files were read", sound)
	}
}

// sameAsGzip returns how many bytes a file holds, 0 where it is refused.
func sameAsGzip(t *testing.T, path string, packed []byte) int64 {
	ours := sha256.New()
	n, err := io.Copy(ours, bgzf.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return 0
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Errorf("%s: gzip does not read it: %v", path, err)
		return 0
	}
	theirs := sha256.New()
	if _, err := io.Copy(theirs, z); err != nil || !bytes.Equal(ours.Sum(nil), theirs.Sum(nil)) {
		t.Errorf("%s: gzip reads something else: %v", path, err)
	}
	return n
}
