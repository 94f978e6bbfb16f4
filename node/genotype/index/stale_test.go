package index_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype/index"
)

// everything is all of a made file's contigs.
func everything(m made) (regions []index.Region) {
	for _, c := range m.contigs {
		regions = append(regions, index.Region{Contig: c, From: 1, To: 1<<32 - 1})
	}
	return regions
}

// readPart opens an index and reads the regions.
func readPart(t testing.TB, data, raw []byte, contigs []string, regions []index.Region) error {
	t.Helper()
	x, err := open(t, data, raw, contigs)
	if err != nil {
		return err
	}
	part, err := x.Part(regions)
	if err == nil {
		_, err = io.Copy(io.Discard, part)
	}
	return err
}

func TestAnIndexOfAnotherFileIsRefused(t *testing.T) {
	m := makeVCF([]string{"1", "2"}, 100, 3000)
	without := func(i int) func(*made) {
		return func(m *made) { m.sites = slices.Delete(m.sites, i, i+1) }
	}
	for _, c := range []struct {
		name   string
		change func(*made) // the file, after it was indexed
	}{
		{"the first record is gone", without(0)},
		{"a record in the middle is gone", without(70)},
		{"the first record of a contig is gone", without(100)},
		{"the last record is gone", without(199)},
		{"a record more at the end", func(m *made) {
			m.sites = append(m.sites, m.sites[199])
			m.sites[200].text = strings.Replace(m.sites[200].text, "\t297001\t", "\t297002\t", 1)
		}},
		{"many records more at the end", func(m *made) { m.sites = append(m.sites, m.sites[100:]...) }},
		{"a record more at the beginning", func(m *made) { m.sites = slices.Insert(m.sites, 0, m.sites[0]) }},
		{"a record more in the middle", func(m *made) { m.sites = slices.Insert(m.sites, 50, m.sites[50]) }},
		{"all records are gone", func(m *made) { m.sites = nil }},
		{"one contig is gone", func(m *made) { m.sites = m.sites[:100] }},
		{"the contigs are the other way round", func(m *made) { m.sites = append(slices.Clone(m.sites[100:]), m.sites[:100]...) }},
		{"a longer header", func(m *made) {
			m.head = strings.Replace(m.head, "fileformat=VCFv4.2\n", "fileformat=VCFv4.2\n##source=x\n", 1)
		}},
		{"a shorter header", func(m *made) { m.head = strings.Replace(m.head, "##contig=<ID=2>\n", "", 1) }},
		{"other blocks", func(m *made) { m.block = 2500 }},
		{"the same blocks, with longer ones before", func(m *made) { m.block = 4000 }},
		{"other positions", func(m *made) {
			for i := range m.sites {
				m.sites[i].text = strings.Replace(m.sites[i].text, "\t1", "\t9", 1)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, at := m.file(t)
			changed := m
			changed.sites = slices.Clone(m.sites)
			c.change(&changed)
			data, _ := changed.file(t)
			for name, raw := range map[string][]byte{"tbi": m.tbi(t, at), "csi": m.csi(t, at, scheme{14, 5})} {
				if err := readPart(t, data, raw, nil, everything(m)); !errors.Is(err, index.ErrStale) {
					t.Errorf("%s: got %v", name, err)
				}
			}
		})
	}
}

func TestAnIndexOfAnotherBCFIsRefused(t *testing.T) {
	m := makeVCF([]string{"1", "2"}, 100, 3000).asBCF()
	_, at := m.file(t)
	for name, change := range map[string]func(*made){
		"the first record is gone": func(m *made) { m.sites = m.sites[1:] },
		"the last record is gone":  func(m *made) { m.sites = m.sites[:199] },
		"a record more":            func(m *made) { m.sites = append(m.sites, m.sites[0]) },
		"a longer header":          func(m *made) { m.head = strings.Replace(m.head, "##contig", "##source=x\n##contig", 1) },
		"another contig": func(m *made) {
			for i := range m.sites {
				b := []byte(m.sites[i].text)
				b[8] ^= 1
				m.sites[i].text = string(b)
			}
		},
	} {
		changed := m
		changed.sites = slices.Clone(m.sites)
		change(&changed)
		data, _ := changed.file(t)
		if err := readPart(t, data, m.csi(t, at, scheme{14, 6}), m.contigs, everything(m)); !errors.Is(err, index.ErrStale) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	data, _ := m.file(t)
	if err := readPart(t, data, m.csi(t, at, scheme{14, 6}), m.contigs[:1], nil); !errors.Is(err, index.ErrStale) {
		t.Errorf("a file of fewer contigs: got %v", err)
	}
}

// What an index says of its file is changed here, and the file is not.
func TestAnIndexThatSaysWhatIsNotSoIsRefused(t *testing.T) {
	m := makeVCF([]string{"1", "2"}, 100, 3000)
	data, at := m.file(t)
	swap := func(from, to uint64) func([]byte) []byte {
		return func(raw []byte) []byte {
			le := binary.LittleEndian
			return bytes.ReplaceAll(raw, le.AppendUint64(nil, from), le.AppendUint64(nil, to))
		}
	}
	last := len(at) - 1
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
	}{
		{"the records begin a byte later", swap(at[0], at[0]+1)},
		{"they begin a record later", swap(at[0], at[1])},
		{"they begin in the header", swap(at[0], 0)},
		{"a contig begins in the middle of a record", swap(at[100], at[100]-7)},
		{"a contig begins a record earlier", swap(at[100], at[99])},
		{"the records end a record earlier", swap(at[last], at[last-1])},
		{"the records end behind the file", swap(at[last], uint64(len(data))<<16)},
		{"the records end in the last block", swap(at[last], uint64(len(data)-endSize+1)<<16)},
		{"the records end behind their block", swap(at[last], at[last]|0xffff)},
		{"another name of a contig", func(raw []byte) []byte { return bytes.Replace(raw, []byte("1\x002\x00"), []byte("1\x003\x00"), 1) }},
		{"the names of contigs are the other way round", func(raw []byte) []byte { return bytes.Replace(raw, []byte("1\x002\x00"), []byte("2\x001\x00"), 1) }},
	} {
		for name, raw := range map[string][]byte{"tbi": m.tbi(t, at), "csi": m.csi(t, at, scheme{14, 5})} {
			if err := readPart(t, data, raw, nil, nil); err != nil {
				t.Fatal(err)
			}
			changed := c.change(bytes.Clone(raw))
			if bytes.Equal(changed, raw) {
				t.Fatalf("%s: nothing changed", c.name)
			}
			if err := readPart(t, data, changed, nil, everything(m)); !errors.Is(err, index.ErrStale) && !errors.Is(err, index.ErrIndex) {
				t.Errorf("%s, %s: got %v", c.name, name, err)
			}
		}
	}
}

func TestADamagedFileIsNotReadInParts(t *testing.T) {
	m := makeVCF([]string{"1"}, 300, 3000)
	data, at := m.file(t)
	flipped := bytes.Clone(data)
	flipped[at[150]>>16+40] ^= 8
	end := int64(len(data) - endSize)
	for name, c := range map[string]struct {
		data   []byte
		want   error
		offset int64
	}{
		"no end":           {data[:end], bgzf.ErrNoEnd, end},
		"cut short":        {data[:len(data)/2], index.ErrStale, 0},
		"something behind": {append(bytes.Clone(data), 0), bgzf.ErrTrailing, end + endSize},
		"a flipped bit":    {flipped, bgzf.ErrDamaged, int64(at[150] >> 16)},
	} {
		err := readPart(t, c.data, m.tbi(t, at), nil, everything(m))
		var there *bgzf.Error
		if !errors.Is(err, c.want) || errors.As(err, &there) && there.Offset != c.offset {
			t.Errorf("%s: got %v, want %v at byte %d", name, err, c.want, c.offset)
		}
	}
}

func TestWhatIsNoIndexIsRefused(t *testing.T) {
	m := makeVCF([]string{"1", "2"}, 40, 3000)
	data, at := m.file(t)
	le := binary.LittleEndian
	set := func(at int, to uint32) func([]byte) []byte {
		return func(raw []byte) []byte { le.PutUint32(raw[at:], to); return raw }
	}
	tbi, csi := m.tbi(t, at), m.csi(t, at, scheme{14, 5})
	const names, bin = 36, 40 // of the tbi: where the names are, and the first contig
	for _, c := range []struct {
		name string
		raw  []byte
	}{
		{"nothing", nil},
		{"another magic", set(0, 0x01494142)(bytes.Clone(tbi))},
		{"another version", set(0, 0x02494254)(bytes.Clone(tbi))},
		{"more contigs than it has", set(4, 1<<31-1)(bytes.Clone(tbi))},
		{"a negative number of contigs", set(4, 1<<31)(bytes.Clone(tbi))},
		{"a contig more than names", set(4, 3)(bytes.Clone(tbi))},
		{"an index of SAM", set(8, 1)(bytes.Clone(tbi))},
		{"positions counted from 0", set(8, 0x10002)(bytes.Clone(tbi))},
		{"another column for positions", set(16, 3)(bytes.Clone(tbi))},
		{"lines that are passed over", set(28, 1)(bytes.Clone(tbi))},
		{"more names than it has", set(32, 1<<31-1)(bytes.Clone(tbi))},
		{"a negative length of names", set(32, 1<<31)(bytes.Clone(tbi))},
		{"one name twice", set(names, 0x00310031)(bytes.Clone(tbi))},
		{"an empty name", set(names, 0x00003100)(bytes.Clone(tbi))},
		{"names without an end", set(names, 0x31323334)(bytes.Clone(tbi))},
		{"more bins than it has", set(bin, 1<<30)(bytes.Clone(tbi))},
		{"a bin over all", set(bin+4, 37449)(bytes.Clone(tbi))},
		{"more chunks than it has", set(bin+8, 1<<30)(bytes.Clone(tbi))},
		{"a chunk that ends where it begins", append(bytes.Clone(tbi[:bin+20]), append(bytes.Clone(tbi[bin+12:bin+20]), tbi[bin+28:]...)...)},
		{"something behind", append(bytes.Clone(tbi), 1)},
		{"nine bytes behind", append(bytes.Clone(tbi), 1, 2, 3, 4, 5, 6, 7, 8, 9)},
		{"bins of one base", set(4, 0)(bytes.Clone(csi))},
		{"bins that are negative", set(4, 1<<31)(bytes.Clone(csi))},
		{"a scheme that is too deep", set(8, 11)(bytes.Clone(csi))},
		{"a scheme without levels", set(8, 0)(bytes.Clone(csi))},
		{"more that it says of the file than it has", set(12, 1<<31-1)(bytes.Clone(csi))},
		{"less that it says of the file than it has", set(12, 27)(bytes.Clone(csi))},
	} {
		if _, err := open(t, data, c.raw, nil); !errors.Is(err, index.ErrIndex) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	for name, raw := range map[string][]byte{"tbi": tbi[:len(tbi)-8], "csi": csi} {
		for n := 0; n < len(raw); n += 1 + len(raw)/50 { // packing each one takes its time
			if _, err := open(t, data, raw[:n], nil); !errors.Is(err, index.ErrIndex) {
				t.Fatalf("%s: %d bytes of it: got %v", name, n, err)
			}
		}
	}
}

func TestADamagedIndexIsRefused(t *testing.T) {
	m := makeVCF([]string{"1"}, 40, 3000)
	data, at := m.file(t)
	packed := pack(t, m.tbi(t, at))
	for name, b := range map[string][]byte{
		"cut short": packed[:len(packed)-40], "no end": packed[:len(packed)-endSize], "unpacked": m.tbi(t, at),
		"a flipped bit": func() []byte { b := bytes.Clone(packed); b[50] ^= 2; return b }(), "empty": nil,
	} {
		_, err := index.Open(index.Config{Index: bytes.NewReader(b), Data: bytes.NewReader(data), Size: int64(len(data))})
		if !errors.Is(err, index.ErrIndex) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	huge := pack(t, make([]byte, 64<<20+1))
	if _, err := index.Open(index.Config{Index: bytes.NewReader(huge), Data: bytes.NewReader(data), Size: int64(len(data))}); !errors.Is(err, index.ErrIndex) {
		t.Errorf("64 MiB and a byte: got %v", err)
	}
}
