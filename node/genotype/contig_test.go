package genotype_test

import (
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

func TestContigsOfPlinkAreCalledAsElsewhere(t *testing.T) {
	for _, tt := range []struct{ named, name, key string }{
		{"7", "7", "canonical 7"},
		{"chr7", "chr7", "canonical chr7"},
		{"23", "X", "X"},
		{"chr23", "chrX", "X"},
		{"24", "Y", "Y"},
		{"26", "MT", "MT"},
		{"X", "X", "canonical X"},
		{"0", "0", genotype.Unplaced},
	} {
		name, key := genotype.PlinkContig(tt.named, func(s string) string { return "canonical " + s })
		if name != tt.name || key != tt.key {
			t.Errorf("%s: got %q, %q; want %q, %q", tt.named, name, key, tt.name, tt.key)
		}
	}
	keys := make(map[string]string)
	for _, part := range []string{"25", "PAR1", "par2"} {
		name, key := genotype.PlinkContig(part, strings.ToUpper)
		if other, ok := keys[key]; ok || name != "X" || key == "X" {
			t.Errorf("%s: %q with the key %q, which %q has", part, name, key, other)
		}
		keys[key] = part
	}
}
