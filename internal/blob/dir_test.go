package blob_test

import (
	"testing"

	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/internal/blob/blobtest"
)

func TestDir(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) func() blob.Store {
		dir := t.TempDir()
		return func() blob.Store {
			s, err := blob.OpenDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}
