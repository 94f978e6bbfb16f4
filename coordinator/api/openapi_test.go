package api_test

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator/api"
)

var update = flag.Bool("update", false, "write the reference documents anew")

// The document in docs/reference is what this code serves.
func TestTheReferenceIsUpToDate(t *testing.T) {
	a := api.New(api.Config{Backend: newBackend(t), Version: "v1", Log: slog.New(slog.DiscardHandler), Now: time.Now})
	got, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "reference", "openapi.yaml")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is served: run `go test ./coordinator/api -run Reference -update` and read the difference", path)
	}
}
