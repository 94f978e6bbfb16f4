package debug_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A mechanism without a branch that asks for it protects nothing, and one whose
// attack nobody has tried is a claim. Each package that asks Without for a
// mechanism has a TestAttack that names it.
func TestEveryMechanismIsAskedForAndAttacked(t *testing.T) {
	asked, attacked := make(places), make(places)
	root := filepath.Join("..", "..")
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "build"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(name, "_test.go") {
			attacks(f, func(mechanism string) { attacked.add(mechanism, dir) })
		} else {
			questions(f, func(mechanism string) { asked.add(mechanism, dir) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := mechanisms(t)
	for _, m := range all {
		if len(asked[m]) == 0 {
			t.Errorf("%s is asked for nowhere", m)
		}
		for _, dir := range slices.Sorted(maps.Keys(asked[m])) {
			if !attacked[m][dir] {
				t.Errorf("%s is asked for in %s, where no TestAttack names it", m, dir)
			}
		}
	}
	for m := range asked {
		if !slices.Contains(all, m) {
			t.Errorf("%s is asked for and is no mechanism", m)
		}
	}
}

// places are the packages of each mechanism.
type places map[string]map[string]bool

func (p places) add(mechanism, dir string) {
	if p[mechanism] == nil {
		p[mechanism] = make(map[string]bool)
	}
	p[mechanism][dir] = true
}

// mechanisms are the constants of doc.go, as they stand there.
func mechanisms(t *testing.T) (names []string) {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, s := range g.Specs {
				for _, n := range s.(*ast.ValueSpec).Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	if len(names) < 30 {
		t.Fatalf("doc.go names %d mechanisms: this test does not read it any more", len(names))
	}
	return names
}

// questions finds every debug.Without(debug.X).
func questions(f *ast.File, found func(string)) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok && ofDebug(call.Fun) == "Without" && len(call.Args) == 1 {
			found(ofDebug(call.Args[0]))
		}
		return true
	})
}

// attacks finds every debug.X inside a function whose name starts with TestAttack.
func attacks(f *ast.File, found func(string)) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "TestAttack") {
			ast.Inspect(fn, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok {
					if name := ofDebug(e); name != "" {
						found(name)
					}
				}
				return true
			})
		}
	}
}

// ofDebug is X of debug.X.
func ofDebug(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if p, ok := s.X.(*ast.Ident); !ok || p.Name != "debug" {
		return ""
	}
	return s.Sel.Name
}
