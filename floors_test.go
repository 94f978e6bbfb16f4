package locus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/locus-genomics/locus"

// A package is named by its folder. "x/*" is every folder in x, "x/..." is x and
// every folder below.

// floors: a package may import only from floors below its own. Never move one up to
// make a test pass: ask what it wants from above, and have that handed in.
var floors = [][]string{
	0: {"", "node/genotype", "coordinator/state/statepb", "protocol/pb", "protocol/panel", "he/pack", "dp/sample",
		"internal/bgzf", "internal/bitmap", "internal/cli", "internal/stat", "internal/console", "internal/blob", "internal/debug", "internal/vrs",
		"internal/planes", "internal/window", "internal/guard", "internal/strictjson", "internal/canary", "node/passport/issuer"},
	1: {"node/tally", "node/cohort", "node/store", "node/scan", "node/policy/*", "node/genotype/*", "protocol", "he", "dp", "audit/verify",
		"researcher/plot", "researcher/viewer", "internal/genes", "internal/synth", "internal/table", "internal/blob/*"},
	2: {"node/policy", "node/passport", "node/attest", "node/detect", "node/notify", "coordinator/beacon", "protocol/session", "protocol/wire", "protocol/rest",
		"dp/account", "audit", "internal/vector"},
	3: {"node/egress", "node/keystore", "coordinator/state", "coordinator/aggregate", "protocol/wire/wiretest",
		"dp/ledger", "dp/attack", "researcher/answer", "audit/evidence"},
	4: {"node/keystore/kms", "node/worker", "node/tes", "node/console", "coordinator/api", "coordinator/replica",
		"coordinator/schedule", "researcher/ui"},
	5: {"node", "coordinator", "researcher"},
	6: {"cmd/*", "sim", "examples/*", "researcher/wasm"},
}

// walls hold over any number of steps.
var walls = []struct{ from, to, reason string }{
	{"node/genotype/...", "protocol/wire", "what sees genomes does not see the network"},
	{"node/store", "protocol/wire", "what sees genomes does not see the network"},
	{"node/tally", "protocol/wire", "what sees genomes does not see the network"},
	{"node/cohort", "protocol/wire", "what sees genomes does not see the network"},
	{"node/worker", "protocol/wire", "what sees genomes does not see the network"},
	{"node/egress", "node/genotype/...", "what sends does not see genomes"},
	{"node/egress", "node/store", "what sends does not see genomes"},
	{"node/egress", "node/tally", "what sends does not see counts"},
	{"node/detect", "node/genotype/...", "what finds odd questions sees no data"},
	{"node/detect", "node/cohort", "what finds odd questions sees no data"},
	{"node/notify", "node/genotype/...", "what tells people sees no data"},
	{"node/notify", "node/cohort", "what tells people sees no data"},
	{"node/...", "node/passport/issuer", "what signs any passport is for tests and the demo"},
	{"cmd/...", "node/passport/issuer", "what signs any passport is for tests and the demo"},
	{"coordinator/...", "node/...", "the party that carries has no code that reads a genome"},
	{"cmd/locus-coordinator", "node/...", "the party that carries has no code that reads a genome"},
	{"researcher/...", "node/...", "the party that asks has no code that reads a genome"},
	{"researcher/answer", "protocol/wire", "what reads counts in a browser does not know the network"},
	{"researcher/answer", "protocol/rest", "what reads counts in a browser does not know the network"},
	{"cmd/locus", "node/...", "the party that asks has no code that reads a genome"},
	{"node/...", "coordinator/...", "what a hospital reviews is what it runs"},
	{"node/...", "researcher/...", "what a hospital reviews is what it runs"},
	{"cmd/locus-node", "coordinator/...", "what a hospital reviews is what it runs"},
	{"cmd/locus-node", "researcher/...", "what a hospital reviews is what it runs"},
	{"coordinator/...", "dp/ledger", "a site's budget is the site's"},
	{"protocol/...", "he/...", "what is said and how it is hidden change apart"},
	{"he/...", "protocol/...", "what is said and how it is hidden change apart"},
	{"dp/...", "protocol/...", "what a release may tell does not depend on how it is asked for"},
	{"audit/verify", "audit", "who verifies shares no code with who writes"},
}

// owners are the packages that may import a module, or a package of the standard
// library; where a module is part of another the longer name counts. A module that
// is not here is not imported.
var owners = map[string][]string{
	"cel.dev/cel-go":                                    {"node/cohort"},
	"charm.land/lipgloss/v2":                            {"cmd/...", "researcher", "examples/*"},
	"crypto/hpke":                                       {"protocol", "he"},
	"filippo.io/mldsa":                                  {"protocol", "audit/verify"},
	"github.com/cedar-policy/cedar-go":                  {"node/policy"},
	"github.com/danielgtaylor/huma/v2":                  {"coordinator/api"},
	"github.com/go-jose/go-jose/v4":                     {"node/passport"},
	"github.com/hashicorp/go-hclog":                     {"coordinator/replica"},
	"github.com/hashicorp/raft":                         {"coordinator/replica"},
	"github.com/hashicorp/raft-boltdb/v2":               {"coordinator/replica"},
	"github.com/klauspost/compress":                     {"internal/bgzf", "internal/canary", "node/store", "node/genotype/...", "protocol/panel"},
	"github.com/landlock-lsm/go-landlock":               {"node/worker"},
	"github.com/libp2p/go-libp2p":                       {"protocol/wire/..."},
	"github.com/multiformats/go-multiaddr":              {"protocol/wire/..."},
	"github.com/secure-systems-lab/go-securesystemslib": {"protocol"},
	"github.com/spf13/cobra":                            {"cmd/...", "internal/cli"},
	"github.com/spf13/pflag":                            {"cmd/...", "internal/cli"},
	"github.com/tuneinsight/lattigo/v5":                 {"he"},
	"github.com/tyler-smith/go-bip39":                   {"protocol", "researcher/answer", "node/keystore"},
	"github.com/vbauerster/mpb/v8":                      {"cmd/...", "examples/*"},
	"go.etcd.io/bbolt":                                  {"coordinator/replica"},
	"golang.org/x/mod":                                  {"audit"},
	"golang.org/x/sync":                                 {"node/...", "coordinator/...", "researcher", "sim", "protocol/wire", "cmd/...", "examples/*"},
	"golang.org/x/sys":                                  {"audit", "node", "node/worker", "cmd/...", "examples/*", "he/...", "internal/bgzf", "internal/bitmap", "internal/planes", "node/genotype/pgen"},
	"google.golang.org/protobuf":                        {"protocol", "protocol/pb", "coordinator/state", "coordinator/state/statepb"},
	"modernc.org/sqlite":                                {"node", "dp/ledger"},
}

// unspoken are names of a package that another part of the house does not speak.
var unspoken = []struct {
	in, of string
	names  []string
	reason string
}{
	{"coordinator/...", "he", []string{"Open", "OpenShare", "SumShares", "NewMask", "NewSessionRoot", "NewCheckKey", "GenerateKEM", "KEMFromSeed"},
		"the coordinator adds up and opens nothing"},
	{"...", "", []string{"UnmarshalBinary", "ReadFrom"},
		"lattigo's decoders trust the lengths that they are told; every frame here is our own"},
}

func TestFloors(t *testing.T) {
	for name, tags := range map[string]string{"imports": "", "imports of an attack build": "locus_unsafe"} {
		t.Run(name, func(t *testing.T) {
			for _, fault := range faults(houseGraph(t, tags)) {
				t.Error(fault)
			}
		})
	}
	t.Run("names", func(t *testing.T) {
		for _, fault := range spokenFaults(t) {
			t.Error(fault)
		}
	})
}

// TestFloorsCatchAViolation runs the same checks on made-up houses.
func TestFloorsCatchAViolation(t *testing.T) {
	for _, c := range []struct {
		name  string
		house graph
		want  []string
	}{
		{"nothing wrong", graph{"cmd/locus": {"researcher", "fmt"}, "researcher": {"he"}, "he": {"he/pack", "crypto/hpke"}, "he/pack": nil}, nil},
		{"a package without a floor", graph{"util": nil}, []string{"util has no floor"}},
		{"an arrow up", graph{"he": {"researcher"}, "researcher": nil}, []string{"he (floor 1) imports researcher (floor 5)"}},
		{"an arrow on one floor", graph{"he": {"dp"}, "dp": nil}, []string{"he (floor 1) imports dp (floor 1)"}},
		{"a wall crossed in two steps", graph{"node/worker": {"node/egress"}, "node/egress": {"protocol/wire"}, "protocol/wire": nil},
			[]string{"node/worker reaches protocol/wire by node/worker > node/egress > protocol/wire: what sees genomes does not see the network"}},
		{"a program that only begins like another", graph{"cmd/locus-node": {"node"}, "node": nil}, nil},
		{"a module imported by who does not own it", graph{"node": {"github.com/hashicorp/raft"}},
			[]string{"node imports github.com/hashicorp/raft, which is for coordinator/replica"}},
		{"a module that nobody owns", graph{"node": {"example.org/fast"}}, []string{"node imports example.org/fast, which has no owner"}},
		{"a module whose name begins like another's", graph{"coordinator/replica": {"github.com/hashicorp/raft-boltdb/v3"}},
			[]string{"coordinator/replica imports github.com/hashicorp/raft-boltdb/v3, which has no owner"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, faults(c.house)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a name that is not spoken", func(t *testing.T) {
		const text = "package aggregate\nimport hide \"" + module + "/he\"\nvar a, b = hide.Add, hide.Open\nfunc f(x X) { x.ReadFrom(nil) }"
		got := unspokenIn("coordinator/aggregate", parse(t, "sum.go", text))
		want := []string{
			"coordinator/aggregate: sum.go speaks of he.Open: the coordinator adds up and opens nothing",
			"coordinator/aggregate: sum.go speaks of ReadFrom: lattigo's decoders trust the lengths that they are told; every frame here is our own",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	})
}

// graph is what each package imports: ours by folder, others by path.
type graph map[string][]string

// houseGraph asks the go command. Tests are not part of it: they may look anywhere.
func houseGraph(t *testing.T, tags string) graph {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-tags", tags, "-json=ImportPath,Imports", "./...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	house := graph{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, imported := range p.Imports {
			p.Imports[i] = folder(imported)
		}
		house[folder(p.ImportPath)] = p.Imports
	}
	if len(house) < 10 {
		t.Fatalf("go list shows %d packages; this is not the whole house", len(house))
	}
	return house
}

func folder(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// faults are all of a house, in the order of its packages.
func faults(house graph) (found []string) {
	for _, p := range slices.Sorted(mapKeys(house)) {
		own := floorOf(p)
		if own < 0 {
			found = append(found, p+" has no floor")
			continue
		}
		for _, imported := range house[p] {
			if _, ours := house[imported]; ours {
				if other := floorOf(imported); other >= own {
					found = append(found, fmt.Sprintf("%s (floor %d) imports %s (floor %d)", p, own, imported, other))
				}
			} else if fault := ownerFault(p, imported); fault != "" {
				found = append(found, fault)
			}
		}
		for _, w := range walls {
			if within(p, w.from) {
				if way := house.way(p, w.to, nil); way != nil {
					found = append(found, fmt.Sprintf("%s reaches %s by %s: %s", p, way[len(way)-1], strings.Join(way, " > "), w.reason))
				}
			}
		}
	}
	return found
}

func mapKeys(house graph) func(func(string) bool) {
	return func(yield func(string) bool) {
		for p := range house {
			if !yield(p) {
				return
			}
		}
	}
}

func floorOf(p string) int {
	return slices.IndexFunc(floors, func(rooms []string) bool {
		return slices.ContainsFunc(rooms, func(room string) bool { return within(p, room) })
	})
}

func within(p, pattern string) bool {
	if pattern == "..." {
		return true
	}
	if tree, is := strings.CutSuffix(pattern, "/..."); is {
		return p == tree || strings.HasPrefix(p, tree+"/")
	}
	if parent, is := strings.CutSuffix(pattern, "/*"); is {
		return path.Dir(p) == parent
	}
	return p == pattern
}

// ownerFault looks for the longest name in owners that the import begins with.
func ownerFault(p, imported string) string {
	for name := imported; name != "."; name = path.Dir(name) {
		if who, owned := owners[name]; owned {
			if slices.ContainsFunc(who, func(pattern string) bool { return within(p, pattern) }) {
				return ""
			}
			return fmt.Sprintf("%s imports %s, which is for %s", p, imported, strings.Join(who, ", "))
		}
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	return fmt.Sprintf("%s imports %s, which has no owner", p, imported)
}

// way is a path of imports from p to what the pattern names, or nil.
func (house graph) way(p, to string, seen map[string]bool) []string {
	if seen == nil {
		seen = map[string]bool{}
	}
	for _, imported := range house[p] {
		if seen[imported] {
			continue
		}
		seen[imported] = true
		if within(imported, to) {
			return []string{p, imported}
		}
		if rest := house.way(imported, to, seen); rest != nil {
			return append([]string{p}, rest...)
		}
	}
	return nil
}

// spokenFaults reads every source file that is not a test.
func spokenFaults(t *testing.T) (found []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		found = append(found, unspokenIn(filepath.ToSlash(filepath.Dir(name)), parse(t, name, nil))...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type source struct {
	name string
	file *ast.File
}

func parse(t *testing.T, name string, text any) source {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{name, file}
}

func unspokenIn(p string, s source) (found []string) {
	imports := map[string]string{} // of ours, by the name that the file gives them
	for _, spec := range s.file.Imports {
		of := folder(strings.Trim(spec.Path.Value, `"`))
		if spec.Name != nil {
			imports[spec.Name.Name] = of
		} else {
			imports[path.Base(of)] = of
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, is := n.(*ast.SelectorExpr)
		if !is {
			return true
		}
		var of string
		if x, is := selector.X.(*ast.Ident); is {
			of = imports[x.Name]
		}
		for _, u := range unspoken {
			if !within(p, u.in) || !slices.Contains(u.names, selector.Sel.Name) || u.of != "" && u.of != of {
				continue
			}
			found = append(found, fmt.Sprintf("%s: %s speaks of %s: %s", p, s.name, strings.TrimPrefix(u.of+"."+selector.Sel.Name, "."), u.reason))
		}
		return true
	})
	return found
}
