package protocol_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/protocol"
)

func writeTable(t testing.TB, mode protocol.Mode, rows []protocol.TableRow) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := protocol.WriteTable(&b, mode, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readTable(raw []byte, mode protocol.Mode) (rows []protocol.TableRow, err error) {
	n, err := protocol.ReadTable(bytes.NewReader(raw), mode, func(r protocol.TableRow) error {
		rows = append(rows, r)
		return nil
	})
	if err == nil && n != uint64(len(rows)) {
		err = errors.New("the rows are miscounted")
	}
	return rows, err
}

func TestTablesAreText(t *testing.T) {
	v := protocol.Variant{Contig: "chr7", Pos: 117559590, Ref: "ATCT", Alt: "A"}
	for _, tt := range []struct {
		mode protocol.Mode
		row  protocol.TableRow
		want string
	}{
		{protocol.Exact, protocol.TableRow{Variant: v, AC: 12, AN: 5008}, "#CHROM\tPOS\tREF\tALT\tAC\tAN\nchr7\t117559590\tATCT\tA\t12\t5008\n"},
		{protocol.Private, protocol.TableRow{Variant: v, AF: 239617, SE: protocol.TableUnit}, "#CHROM\tPOS\tREF\tALT\tAF\tSE\nchr7\t117559590\tATCT\tA\t0.00239617\t1.00000000\n"},
	} {
		if got := string(writeTable(t, tt.mode, []protocol.TableRow{tt.row})); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestATableIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		mode := rapid.SampledFrom([]protocol.Mode{protocol.Exact, protocol.Private}).Draw(r, "mode")
		var rows []protocol.TableRow
		for i, contig := range []string{"1", "chrX", "HLA-A*01:01"}[:rapid.IntRange(1, 3).Draw(r, "contigs")] {
			for pos := range uint32(rapid.IntRange(1, 5).Draw(r, "variants")) {
				row := protocol.TableRow{Variant: protocol.Variant{Contig: contig, Pos: 10*pos + 1, Ref: strings.Repeat("A", i+1), Alt: "C"}}
				if mode == protocol.Exact {
					row.AN = rapid.Uint64Max(1<<40).Draw(r, "AN")
					row.AC = rapid.Uint64Max(row.AN).Draw(r, "AC")
				} else {
					row.AF = rapid.Uint32Max(protocol.TableUnit).Draw(r, "AF")
					row.SE = rapid.Uint32Max(protocol.TableUnit).Draw(r, "SE")
				}
				rows = append(rows, row)
			}
		}
		raw := writeTable(t, mode, rows)
		got, err := readTable(raw, mode)
		if err != nil {
			r.Fatal(err)
		}
		if d := cmp.Diff(rows, got); d != "" {
			r.Fatal(d)
		}
		other := protocol.Exact + protocol.Private - mode
		if _, err := readTable(raw, other); !errors.Is(err, protocol.ErrMalformed) {
			r.Fatalf("a table of mode %s is read as one of mode %s: %v", mode, other, err)
		}
	})
}

func TestTablesThatAreRefused(t *testing.T) {
	const exact, private = "#CHROM\tPOS\tREF\tALT\tAC\tAN\n", "#CHROM\tPOS\tREF\tALT\tAF\tSE\n"
	for _, tt := range []struct {
		name string
		mode protocol.Mode
		text string
	}{
		{"nothing", protocol.Exact, ""},
		{"no head", protocol.Exact, "1\t5\tA\tC\t1\t2\n"},
		{"a head with another column", protocol.Exact, "#CHROM\tPOS\tREF\tALT\tAC\tAN\tNAMES\n"},
		{"lines that end as elsewhere", protocol.Exact, strings.ReplaceAll(exact, "\n", "\r\n")},
		{"a row that does not end", protocol.Exact, exact + "1\t5\tA\tC\t1\t2"},
		{"an empty line", protocol.Exact, exact + "\n"},
		{"a column too many", protocol.Exact, exact + "1\t5\tA\tC\t1\t2\tNA12878\n"},
		{"a column too few", protocol.Exact, exact + "1\t5\tA\tC\t1\n"},
		{"a position that is none", protocol.Exact, exact + "1\t0\tA\tC\t1\t2\n"},
		{"a position beyond bounds", protocol.Exact, exact + "1\t4294967296\tA\tC\t1\t2\n"},
		{"a number with a zero before it", protocol.Exact, exact + "1\t05\tA\tC\t1\t2\n"},
		{"a number with a sign", protocol.Exact, exact + "1\t5\tA\tC\t+1\t2\n"},
		{"a number below zero", protocol.Exact, exact + "1\t5\tA\tC\t-1\t2\n"},
		{"more copies than alleles", protocol.Exact, exact + "1\t5\tA\tC\t3\t2\n"},
		{"more alleles than people have", protocol.Exact, exact + "1\t5\tA\tC\t1\t9223372036854775807\n"},
		{"a name for an allele", protocol.Exact, exact + "1\t5\tA\t<DEL>\t1\t2\n"},
		{"an allele in lower case", protocol.Exact, exact + "1\t5\ta\tC\t1\t2\n"},
		{"an endless allele", protocol.Exact, exact + "1\t5\t" + strings.Repeat("A", 1<<20) + "\tC\t1\t2\n"},
		{"no change at all", protocol.Exact, exact + "1\t5\tA\tA\t1\t2\n"},
		{"a variant twice", protocol.Exact, exact + "1\t5\tA\tC\t1\t2\n1\t5\tA\tC\t1\t2\n"},
		{"variants that descend", protocol.Exact, exact + "1\t6\tA\tC\t1\t2\n1\t5\tA\tC\t1\t2\n"},
		{"a contig in two places", protocol.Exact, exact + "1\t5\tA\tC\t1\t2\n2\t5\tA\tC\t1\t2\n1\t6\tA\tC\t1\t2\n"},
		{"a contig that moves the cursor", protocol.Exact, exact + "\x1b[2K1\t5\tA\tC\t1\t2\n"},
		{"a frequency above one", protocol.Private, private + "1\t5\tA\tC\t1.00000001\t0.00000000\n"},
		{"a frequency below zero", protocol.Private, private + "1\t5\tA\tC\t-0.10000000\t0.00000000\n"},
		{"a frequency of fewer digits", protocol.Private, private + "1\t5\tA\tC\t0.5\t0.00000000\n"},
		{"a frequency of more digits", protocol.Private, private + "1\t5\tA\tC\t0.500000001\t0.00000000\n"},
		{"a frequency without its zero", protocol.Private, private + "1\t5\tA\tC\t.50000000\t0.00000000\n"},
		{"a frequency that is no number", protocol.Private, private + "1\t5\tA\tC\tNaN\t0.00000000\n"},
		{"counts in mode dp", protocol.Private, private + "1\t5\tA\tC\t1\t2\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := readTable([]byte(tt.text), tt.mode); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
			}
		})
	}
}

func TestATableEndsAtItsBound(t *testing.T) {
	rows := 0
	head := strings.NewReader("#CHROM\tPOS\tREF\tALT\tAC\tAN\n")
	_, err := protocol.ReadTable(io.MultiReader(head, &endlessRows{}), protocol.Exact, func(protocol.TableRow) error {
		rows++
		return nil
	})
	if !errors.Is(err, protocol.ErrMalformed) || rows > protocol.MaxTable/15 {
		t.Errorf("%v after %d rows", err, rows)
	}
}

// endlessRows is a table that has no end. Long alleles make it soon large.
type endlessRows struct {
	pos  uint32
	left []byte
}

func (e *endlessRows) Read(p []byte) (int, error) {
	if len(e.left) == 0 {
		e.pos++
		row := protocol.TableRow{Variant: protocol.Variant{Contig: "1", Pos: e.pos, Ref: strings.Repeat("A", 4000), Alt: "C"}}
		var b bytes.Buffer
		if err := protocol.WriteTable(&b, protocol.Exact, slices.Values([]protocol.TableRow{row})); err != nil {
			return 0, err
		}
		_, after, _ := bytes.Cut(b.Bytes(), []byte("\n"))
		e.left = after
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

func TestUploadsAreTakenApart(t *testing.T) {
	u := protocol.Upload{Publication: []byte("signed"), Table: []byte("rows")}
	got, err := protocol.ParseUpload(u.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(u, got); d != "" {
		t.Error(d)
	}
	for name, raw := range map[string][]byte{
		"nothing":                         nil,
		"less than a length":              {0, 0, 0},
		"a length beyond the end":         {0, 0, 0, 2, 'x'},
		"a length beyond the bound":       append([]byte{0, 2, 0, 0}, make([]byte, 1<<18)...),
		"a length that would be negative": {0xff, 0xff, 0xff, 0xff},
	} {
		if _, err := protocol.ParseUpload(raw); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzReadTable: whatever is read as a table is written again byte for byte.
func FuzzReadTable(f *testing.F) {
	for _, seed := range []string{
		"", "#CHROM\tPOS\tREF\tALT\tAC\tAN\n", "#CHROM\tPOS\tREF\tALT\tAC\tAN\n1\t5\tA\tC\t1\t2\n1\t5\tA\tG\t0\t2\n",
		"#CHROM\tPOS\tREF\tALT\tAF\tSE\nchrX\t5\tA\tC\t0.00000001\t1.00000000\n",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, exact bool) {
		mode := protocol.Private
		if exact {
			mode = protocol.Exact
		}
		rows, err := readTable(raw, mode)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("error of another sort: %v", err)
			}
			return
		}
		if again := writeTable(t, mode, rows); !bytes.Equal(again, raw) {
			t.Errorf("%q is written as %q", raw, again)
		}
	})
}

// FuzzParseUpload: what is taken apart is the same when it is put together.
func FuzzParseUpload(f *testing.F) {
	f.Add(protocol.Upload{Publication: []byte("signed"), Table: []byte("rows")}.Bytes())
	f.Add([]byte{0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := protocol.ParseUpload(raw)
		if err == nil && !bytes.Equal(u.Bytes(), raw) {
			t.Error("an upload is put together in another way")
		}
	})
}
