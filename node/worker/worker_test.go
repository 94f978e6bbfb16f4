package worker_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/worker"
)

// TestMain is the child too, and a child that was taken over.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "parse" {
		if err := worker.Child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "evil" {
		evil(os.Args[2])
	}
	if len(os.Args) == 3 && os.Args[1] == "alone" {
		tryAlone(os.Args[2])
	}
	os.Exit(m.Run())
}

func config(t testing.TB, args ...string) worker.Config {
	t.Helper()
	if args == nil {
		args = []string{"parse"}
	}
	p, err := worker.Self(args...)
	if err != nil {
		t.Fatal(err)
	}
	return worker.Config{Program: p}
}

func source(f worker.Format, files ...[]byte) worker.Source {
	s := worker.Source{Format: f}
	for _, b := range files {
		s.Files = append(s.Files, bytes.NewReader(b))
		s.Bytes += int64(len(b))
	}
	return s
}

// read is all that a reader gives, as text, and how it ended.
func read(r genotype.Reader) ([]string, error) {
	var all []string
	var row genotype.Row
	for {
		if err := r.Next(&row); err != nil {
			return all, err
		}
		row.Expand(len(r.Samples()))
		all = append(all, shown(&row))
	}
}

// both reads files in this process and in a child, and returns what the latter gave.
func both(t *testing.T, f worker.Format, places *worker.Places, files ...[]byte) ([]string, error) {
	t.Helper()
	var covers genotype.Covers
	if places != nil {
		covers = places.Covers
	}
	var want []string
	direct, about, wantErr := worker.Open(source(f, files...), covers)
	if wantErr == nil {
		want, wantErr = read(direct)
	}
	var got []string
	r, err := worker.Start(t.Context(), config(t), source(f, files...), places)
	if err == nil {
		if diff := cmp.Diff(about, r.About()); diff != "" {
			t.Errorf("about (-want +got):\n%s", diff)
		}
		if !slices.Equal(direct.Samples(), r.Samples()) {
			t.Errorf("other samples: %d, want %d", len(r.Samples()), len(direct.Samples()))
		}
		got, err = read(r)
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if !slices.Equal(want, got) {
		diff := cmp.Diff(want, got)
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Errorf("it ends with\n%v, and in this process with\n%v", err, wantErr)
	}
	return got, err
}

const head = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\n"

func TestAChildGivesWhatTheReaderGives(t *testing.T) {
	var alts []string
	for i := range 20 {
		alts = append(alts, strings.Repeat("G", i+2))
	}
	text := head +
		"chr1\t10\t.\tA\tC\t.\tPASS\t.\tGT\t0/0\t0|1\t./1\n" +
		"chr1\t11\t.\tA\t.\t.\tq10\t.\tGT\t0\t.\t0/.\n" +
		"chr1\t12\t.\tACG\tC,<DEL>,*\t.\t.\t.\tGT\t3/0\t1|2\t./.\n" +
		"chr1\t12\t.\tA\t" + strings.Join(alts, ",") + "\t.\t.\t.\tGT\t20/19\t.\t0/0\n" +
		"chr2\t0\t.\tn\tC\t.\t.\t.\tGT\t1/1\t1|0\t1\n"
	rows, err := both(t, worker.VariantCalls, nil, []byte(text))
	if len(rows) != 5 || err != io.EOF {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	places, err := worker.NewPlaces(func(yield func(string, uint32) bool) { _ = yield("1", 11) && yield("1", 14) && yield("2", 0) })
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := both(t, worker.VariantCalls, places, []byte(text)); len(rows) != 5 || err != io.EOF {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	sites := text[:strings.LastIndex(text, "\tFORMAT")] + "\nchr1\t10\t.\tA\tC\t.\tPASS\t.\n"
	if rows, err := both(t, worker.VariantCalls, nil, []byte(sites)); len(rows) != 1 || err != io.EOF {
		t.Errorf("sites only: %d rows, %v", len(rows), err)
	}
}

func TestRowsOfABedStayPackedForWhoTakesThem(t *testing.T) {
	files := [][]byte{[]byte("\x6c\x1b\x01\xe4\x03\x1b\x02\xfd\x03"), []byte("1 a 0 10 C A\n1 b 0 11 G T\n1 c 0 12 0 T\n"), []byte("f a 0 0 1 0\nf b 0 0 2 0\nf c 0 0 0 0\nf d 0 0 0 0\nf e 0 0 0 0\n")}
	if rows, err := both(t, worker.Plink, nil, files...); len(rows) != 3 || err != io.EOF {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	r, err := worker.Start(t.Context(), config(t), source(worker.Plink, files...), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Pack()
	for _, want := range []string{"e403", "1b02", ""} {
		var row genotype.Row
		if err := r.Next(&row); err != nil || fmt.Sprintf("%x", row.Packed) != want || (want == "") != (len(row.Classes) == 1) {
			t.Errorf("got %x and %d classes, %v; want %s", row.Packed, len(row.Classes), err, want)
		}
	}
}

func TestPlacesCoverWhatTheWantedVariantsDo(t *testing.T) {
	at := func(pos ...uint32) *worker.Places {
		p, err := worker.NewPlaces(func(yield func(string, uint32) bool) {
			for _, n := range pos {
				if !yield("1", n) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		name   string
		site   genotype.Site
		covers bool
	}{
		{"its position", genotype.Site{Pos: 100, Ref: "A", Alts: []string{"C"}}, true},
		{"the end of REF", genotype.Site{Pos: 98, Ref: "ACG", Alts: []string{"A"}}, true},
		{"behind REF", genotype.Site{Pos: 97, Ref: "ACG", Alts: []string{"A"}}, false},
		{"within a block", genotype.Site{Pos: 10, Ref: "A", End: 100}, true},
		{"behind a block", genotype.Site{Pos: 10, Ref: "A", End: 99}, false},
		{"where an ALT stands once it is aligned", genotype.Site{Pos: 120, Ref: "A", Alts: []string{"AC"}, Aligned: []genotype.Spelling{{Pos: 100, Ref: "A", Alt: "AC"}}}, true},
		{"behind it, not aligned", genotype.Site{Pos: 120, Ref: "A", Alts: []string{"AC"}}, false},
		{"another contig", genotype.Site{Contig: "2", Pos: 100, Ref: "A", Alts: []string{"C"}}, false},
	} {
		if c.site.Contig == "" {
			c.site.Contig = "chr1"
		}
		p := at(100)
		if got := p.Covers(&c.site); got != c.covers {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := bgzf.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestManyWorkersReadWhatOneDoes(t *testing.T) {
	var text strings.Builder
	text.WriteString(head)
	for i := range 20_000 {
		fmt.Fprintf(&text, "chr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT\t0/%d\t0|1\t./1\n", 10+i, i*i%7/4)
	}
	packed := pack(t, text.String())
	broken := slices.Clone(packed)
	broken[len(broken)/2] ^= 4
	for name, file := range map[string][]byte{"sound": packed, "cut": packed[:len(packed)-40], "broken": broken, "not packed": []byte(text.String())} {
		var want []string
		for _, workers := range []int{1, 2, 5} {
			s := source(worker.VariantCalls, file)
			s.Workers = workers
			r, _, err := worker.Open(s, nil)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := read(r)
			if got := append(rows, fmt.Sprint(err)); workers == 1 {
				want = got
			} else if !slices.Equal(want, got) {
				t.Errorf("%s: %d rows and %v, with one worker %d and %v", name, len(rows), err, len(want)-1, want[len(want)-1])
			}
		}
		if sound := name == "sound" || name == "not packed"; sound != (len(want) == 20_001 && want[20_000] == "EOF") {
			t.Errorf("%s: %d rows and %v", name, len(want)-1, want[len(want)-1])
		}
	}
}

func TestErrorsAreTheReadersOwn(t *testing.T) {
	line := "chr1\t10\t.\tA\tC\t.\tPASS\t.\tGT\t0/0\t0|1\t./1\n"
	packed := pack(t, head+line)
	for _, c := range []struct {
		name  string
		files [][]byte
		want  error
		where string
	}{
		{"not a VCF", [][]byte{[]byte("hello")}, vcf.ErrNotVCF, "line 1"},
		{"nothing", [][]byte{nil}, vcf.ErrNotVCF, ""},
		{"a genotype", [][]byte{[]byte(head + strings.Replace(line, "0|1", "0|2", 1))}, vcf.ErrGenotype, "line 4, column 11"},
		{"too many columns", [][]byte{[]byte(head + line[:len(line)-1] + "\t0\n")}, vcf.ErrLine, "more than 12 columns"},
		{"out of order", [][]byte{[]byte(head + line + strings.Replace(line, "\t10\t", "\t9\t", 1))}, genotype.ErrOrder, "line 5"},
		{"twice", [][]byte{[]byte(head + line + line)}, genotype.ErrDuplicate, "line 5"},
		{"the column names", [][]byte{[]byte(strings.Replace(head, "QUAL", "QUALITY", 1))}, vcf.ErrNotVCF, `want the column names "#CHROM\tPOS`},
		{"a cut BGZF", [][]byte{packed[:len(packed)-40]}, bgzf.ErrTruncated, ""},
		{"no end of a BGZF", [][]byte{packed[:len(packed)-28]}, bgzf.ErrNoEnd, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := both(t, worker.VariantCalls, nil, c.files...); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.where) {
				t.Errorf("got %v, want %v at %q", err, c.want, c.where)
			}
		})
	}
}

func TestWhatIsDigestedIsWhatWasParsed(t *testing.T) {
	text := []byte(head + "chr1\t10\t.\tA\tC\t.\tPASS\t.\tGT\t0/0\t0|1\t./1\n")
	sum := sha256.New()
	s := worker.Source{Files: []io.Reader{io.TeeReader(iotest.OneByteReader(bytes.NewReader(text)), sum)}}
	r, err := worker.Start(t.Context(), config(t), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := read(r)
	if len(rows) != 1 || err != io.EOF {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if want := sha256.Sum256(text); !bytes.Equal(sum.Sum(nil), want[:]) {
		t.Error("other bytes were digested than were parsed")
	}
	var row genotype.Row
	if err := r.Next(&row); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestAReaderThatWasClosedReadsNoMore(t *testing.T) {
	r, err := worker.Start(t.Context(), config(t), source(worker.VariantCalls, []byte(head)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	var row genotype.Row
	if err := r.Next(&row); !errors.Is(err, worker.ErrClosed) {
		t.Errorf("got %v, want %v", err, worker.ErrClosed)
	}
}

func TestACancelledReadEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := worker.Source{Files: []io.Reader{io.MultiReader(strings.NewReader(head), cancelling(cancel))}}
	r, err := worker.Start(ctx, config(t), s, nil)
	if err == nil {
		_, err = read(r)
		_ = r.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type cancelling context.CancelFunc

// Read cancels, and ends.
func (c cancelling) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	broken := errors.New("the disk is gone")
	s := worker.Source{Files: []io.Reader{io.MultiReader(strings.NewReader(head), failing{broken})}}
	r, err := worker.Start(t.Context(), config(t), s, nil)
	if err == nil {
		_, err = read(r)
		_ = r.Close()
	}
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ error }

// Read fails.
func (f failing) Read([]byte) (int, error) { return 0, f.error }
