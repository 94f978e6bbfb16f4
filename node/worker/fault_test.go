package worker_test

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/worker"
)

var update = flag.Bool("update", false, "write the list of details anew")

// readers are the packages whose errors travel.
var readers = []string{"../genotype", "../genotype/vcf", "../genotype/bcf", "../genotype/plink", "../genotype/pgen", "../genotype/bgen", "../../internal/bgzf"}

// texts are what a %s of a reader's errors can be.
var texts = map[string][]string{
	"name":   {"contig", "FILTER", "INFO", "FORMAT"},
	"file":   {"pvar", "psam"},
	"l.file": {"pvar", "psam"},
}

// TestTheListOfDetailsIsThatOfTheReaders reads what the readers say from their sources.
func TestTheListOfDetailsIsThatOfTheReaders(t *testing.T) {
	var formats []string
	for _, dir := range readers {
		calls, consts := errorfs(t, dir)
		for _, call := range calls {
			formats = append(formats, detailsOf(t, call, consts)...)
		}
	}
	slices.Sort(formats)
	formats = slices.Compact(formats)
	want := strings.Join(formats, "\n") + "\n"
	if *update {
		if err := os.WriteFile("details.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("details.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("a reader says other things now; run this test with -update (-want +got):\n%s", diff)
	}
}

// errorfs are the calls of fmt.Errorf in a package, and its constants that are texts.
func errorfs(t *testing.T, dir string) (calls []*ast.CallExpr, consts map[string]string) {
	t.Helper()
	consts = make(map[string]string)
	for _, f := range sources(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i := range n.Values {
					if v, ok := text(n.Values[i]); ok {
						consts[n.Names[i].Name] = v
					}
				}
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Errorf" {
					calls = append(calls, n)
				}
			}
			return true
		})
	}
	return calls, consts
}

func sources(t *testing.T, dir string) (all []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no sources in %s: %v", dir, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// detailsOf is what a call puts before or after another error, its texts filled in.
func detailsOf(t *testing.T, call *ast.CallExpr, consts map[string]string) []string {
	t.Helper()
	format, ok := text(call.Args[0])
	if !ok {
		t.Fatal("a format that is no literal")
	}
	args := call.Args[1:]
	switch after, is := strings.CutPrefix(format, "%w: "); {
	case is:
		format, args = after, args[1:]
	case strings.HasSuffix(format, ": %w"):
		format, args = strings.TrimSuffix(format, ": %w"), args[:len(args)-1]
	default:
		return nil
	}
	if strings.Contains(format, "%w") {
		return nil // two errors
	}
	all := []string{""}
	for _, arg := range args {
		at := strings.IndexByte(format, '%')
		before, verb, rest := format[:at], format[at:at+2], format[at+2:]
		if strings.HasPrefix(rest, "2x") {
			verb, rest = "%02x", rest[2:]
		}
		fill := []string{verb}
		switch name := nameOf(arg); {
		case verb == "%q":
			fill = []string{strconv.Quote(consts[name])}
		case verb == "%s":
			if fill = texts[name]; fill == nil {
				t.Fatalf("%q takes a text, %s, that is not known here", format, name)
			}
		case verb != "%d" && verb != "%02x":
			t.Fatalf("%q takes what is no number", format)
		}
		var longer []string
		for _, s := range all {
			for _, f := range fill {
				longer = append(longer, s+before+f)
			}
		}
		all, format = longer, rest
	}
	for i := range all {
		all[i] += format
	}
	return all
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	}
	return ""
}

// TestEveryErrorOfTheReadersTravels finds the readers' errors by what they say.
func TestEveryErrorOfTheReadersTravels(t *testing.T) {
	known := make(map[string]bool)
	for _, s := range worker.Sentinels() {
		known[s.Error()] = true
	}
	found := 0
	for _, dir := range readers {
		for _, f := range sources(t, dir) {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				s, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || s.Sel.Name != "New" || nameOf(s.X) != "errors" {
					return true
				}
				says, _ := text(call.Args[0])
				found++
				if !known[says] && says != bgzf.ErrClosed.Error() {
					t.Errorf("%s: %q is not among the sentinels", dir, says)
				}
				return true
			})
		}
	}
	if found < 30 {
		t.Errorf("only %d errors were found", found)
	}
}

func TestErrorsComeBackAsTheyWere(t *testing.T) {
	at := fmt.Errorf
	for _, err := range []error{
		vcf.ErrNotVCF,
		&vcf.LineError{Line: 12, Column: 3, Err: at("%w: %d columns; want %d", vcf.ErrLine, 3, 8)},
		&vcf.LineError{Line: 12, Err: genotype.ErrOrder},
		&vcf.LineError{Line: 1, Err: &bgzf.Error{Offset: 1 << 40, Err: at("%w: the checksum differs", bgzf.ErrDamaged)}},
		&vcf.LineError{Line: 7, Err: at("%w: %w", vcf.ErrCompressed, io.ErrUnexpectedEOF)},
		&bcf.RecordError{Record: 3, Offset: 99, Sample: 2, Err: at("%w: it names an allele that ALT does not list", bcf.ErrGenotype)},
		&bcf.RecordError{Err: at("%w: a line ##%s without an ID", bcf.ErrNotBCF, "FILTER")},
		&plink.LineError{File: "bim", Line: 4, Err: genotype.ErrDuplicate},
		at("%w: %d variants of %d samples take %d bytes, the bed has %d", plink.ErrLength, 3, 4, 6, 7),
		&pgen.LineError{File: "psam", Line: 2, Err: at("%w: over %d", pgen.ErrSamples, 16)},
		&pgen.VariantError{Variant: 1 << 33, Err: at("%w: it tells ALTs apart, and pvar has %d", pgen.ErrRecord, 1)},
		at("%w: storage mode 0x%02x", pgen.ErrMode, 0x42),
		&bgen.VariantError{Variant: 1 << 33, Offset: 1 << 40, Err: at("%w: up to %d", bgen.ErrPloidy, 4)},
		&bgen.LineError{Line: 2, Err: at("%w: column %d has a type that it cannot have", bgen.ErrLine, 3)},
		bgen.ErrThreshold,
		at("%w: a contig comes back after another", genotype.ErrOrder),
		at("read bed: %w", syscall.EIO),
	} {
		got := worker.ReadFault(worker.AppendFault(nil, err))
		if got.Error() != err.Error() {
			t.Errorf("got %q, want %q", got, err)
		}
		for _, s := range worker.Sentinels() {
			if errors.Is(got, s) != errors.Is(err, s) {
				t.Errorf("%q: is it %q: %v", got, s, errors.Is(got, s))
			}
		}
	}
}

func TestATextOfTheChildIsNotShown(t *testing.T) {
	const name = "NA12878"
	for _, err := range []error{
		errors.New(name),
		fmt.Errorf("%w: %s", vcf.ErrLine, name),
		fmt.Errorf("%s: %w", name, vcf.ErrLine),
		fmt.Errorf("%s: %w", name, fmt.Errorf("%s %w %s", name, vcf.ErrLine, name)),
		&plink.LineError{File: name, Line: 1, Err: errors.New(name)},
		errors.Join(errors.New(name), vcf.ErrLine, vcf.ErrLine),
	} {
		if got := worker.ReadFault(worker.AppendFault(nil, err)); strings.Contains(got.Error(), name) {
			t.Errorf("it says %q", got)
		}
	}
	deep := error(vcf.ErrLine)
	for range 100 {
		deep = &vcf.LineError{Err: deep}
	}
	if got := worker.ReadFault(worker.AppendFault(nil, deep)); !errors.Is(got, worker.ErrOther) {
		t.Errorf("a deep error became %v", got)
	}
}

func FuzzFault(f *testing.F) {
	f.Add(worker.AppendFault(nil, &vcf.LineError{Line: 12, Column: 3, Err: fmt.Errorf("%w: %d columns; want %d", vcf.ErrLine, 3, 8)}))
	f.Add(worker.AppendFault(nil, &pgen.VariantError{Variant: 3, Err: fmt.Errorf("%w: %w", pgen.ErrRecord, syscall.EIO)}))
	f.Add([]byte{5, 4, 4, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		err := worker.ReadFault(b)
		if err == nil {
			t.Fatal("no error")
		}
		if len(err.Error()) > 16<<10 {
			t.Errorf("it says %d bytes", len(err.Error()))
		}
		if again := worker.ReadFault(worker.AppendFault(nil, err)); again == nil {
			t.Error("it does not go back")
		}
	})
}
