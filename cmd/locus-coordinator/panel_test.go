package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

func TestAPanelIsWhatItsListSays(t *testing.T) {
	raw, ref, err := encodePanel(panelFile{Name: "exome", Assembly: "GRCh38", File: "exome.tsv"}, strings.NewReader("7 20 A C\n7 10 G T,GA\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := panel.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if want := (protocol.PanelRef{Name: "exome", Assembly: "GRCh38", Digest: p.Digest(), Size: 3}); ref != want {
		t.Errorf("the roster says %+v, want %+v", ref, want)
	}
	if v := p.At(2); p.Len() != 3 || v != (panel.Variant{Contig: "7", Pos: 20, Ref: "A", Alt: "C"}) {
		t.Errorf("%d variants, the last one %s", p.Len(), v)
	}
}

func TestABuiltPanelIsTakenAsItIs(t *testing.T) {
	built, err := panel.New("GRCh38", []panel.Variant{{Contig: "7", Pos: 10, Ref: "G", Alt: "T"}})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := built.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	for _, assembly := range []string{"", "GRCh38"} {
		_, ref, err := encodePanel(panelFile{Name: "exome", Assembly: assembly, File: "exome.panel"}, bytes.NewReader(file.Bytes()))
		if want := (protocol.PanelRef{Name: "exome", Assembly: "GRCh38", Digest: built.Digest(), Size: 1}); err != nil || ref != want {
			t.Errorf("assembly %q: the roster says %+v, %v; want %+v", assembly, ref, err, want)
		}
	}
	if _, _, err := encodePanel(panelFile{Name: "exome", Assembly: "GRCh37", File: "exome.panel"}, bytes.NewReader(file.Bytes())); !errors.Is(err, errPanelAssembly) {
		t.Errorf("another assembly: %v", err)
	}
	if _, _, err := encodePanel(panelFile{Name: "exome", File: "exome.panel"}, bytes.NewReader(file.Bytes()[:file.Len()-1])); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("a damaged one: %v", err)
	}
}

func TestAListThatMakesNoPanelIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		list string
		want error
	}{
		"not a list":      {"hello\n", panel.ErrInput},
		"a variant twice": {"7 20 A C\n7 20 A C\n", panel.ErrVariants},
		"no variants":     {"#CHROM POS REF ALT\n", panel.ErrVariants},
	} {
		_, _, err := encodePanel(panelFile{Name: "exome", Assembly: "GRCh38", File: "exome.tsv"}, strings.NewReader(tt.list))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), `"exome": exome.tsv`) {
			t.Errorf("%s: %v, want %v that names panel and file", name, err, tt.want)
		}
	}
}
