package he_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lattigo's decoders trust the lengths that bytes give: a message that is cut short ends
// the process. Nothing that this package ships calls one, on whatever bytes; no other
// package imports lattigo, which TestFloors holds.
func TestNoBytesReachLattigosDecoders(t *testing.T) {
	decoders := []string{"UnmarshalBinary", "ReadFrom", "UnmarshalJSON", "UnmarshalText"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(decoders, s.Sel.Name) {
				t.Errorf("%s uses %s", name, s.Sel.Name)
			}
			return true
		})
	}
	if seen < 10 {
		t.Errorf("only %d files are looked at", seen)
	}
}
