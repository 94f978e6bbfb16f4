package verify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

const (
	width     = 256 // of a tile
	maxFaults = 50
	maxNote   = 2 << 20         // a bundle is far below it
	maxLines  = 402             // of a log and 200 witnesses
	skew      = 5 * time.Minute // between the clocks of a log and its witnesses
)

// Options are what a verifier knows besides the policy.
type Options struct {
	// Remembered is a checkpoint of the log that was verified before. A log that does not
	// continue it was cut short or forked since.
	Remembered []byte
	// Now, if not zero, bounds the times of entries.
	Now time.Time
	// AllowUnknown accepts signature lines of keys that the policy does not name.
	AllowUnknown bool
	// Each, if set, is handed every entry and its place, before anything is proved.
	Each func(index uint64, e Entry)
}

// Report is what a log holds.
type Report struct {
	Newest, Cosigned Checkpoint // the log's own, and the newest with a quorum
	First, Last      time.Time
	Kinds            map[string]uint64
	// Beyond counts files that no checkpoint covers: the log is being written to, or
	// was cut short.
	Beyond int
}

// run is one pass over a log.
type run struct {
	Report
	Options
	dir    fs.FS
	marks  []Checkpoint // the tree must pass through them
	tree   tree
	levels [][]byte // the tile of each level that is being filled
	faults []error
}

// Log verifies a log's directory: signatures, quorum, every entry, every tile, the order
// of times, and what is remembered. It names what is wrong, up to a bound. It holds one
// tile for each level and one bundle of entries.
func Log(dir fs.FS, p *Policy, o Options) (Report, error) {
	r := &run{dir: dir, Options: o, Report: Report{Kinds: map[string]uint64{}}}
	r.heads(p)
	for r.passed(); r.tree.size < r.Newest.Size; {
		if len(r.faults) > maxFaults || !r.bundle() {
			return r.Report, errors.Join(r.faults...) // what follows has no place in the tree
		}
	}
	for level, tile := range r.levels {
		if len(tile) > 0 {
			r.tile(level, r.tree.size>>(8*(level+1)), tile)
		}
	}
	if !r.Now.IsZero() && r.Last.After(r.Now.Add(skew)) {
		r.fault("the newest entry", "is of %s, which is in the future", r.Last.Format(time.RFC3339))
	}
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(name, "tile/") {
			r.Beyond++ // those that were read are taken off
		}
		return err
	})
	return r.Report, errors.Join(errors.Join(r.faults...), err)
}

func (r *run) fault(where, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%w: %s: %w", ErrAltered, where, fmt.Errorf(format, args...)))
}

// heads reads the checkpoints.
func (r *run) heads(p *Policy) {
	read := func(what string, note []byte, err error) (c Checkpoint) {
		if err == nil {
			c, err = p.Checkpoint(note)
		}
		switch here := r.Newest; {
		case err != nil:
			r.fault(what, "%w", err)
		case c.Unknown > 0 && !r.AllowUnknown:
			r.fault(what, "it has %d lines of keys that the policy does not name", c.Unknown)
		case len(r.marks) > 0 && (c.Origin != here.Origin || c.Size > here.Size):
			r.fault(what, "it is of %d entries of %s, and here are %d of %s: the log was cut short, or is another", c.Size, c.Origin, here.Size, here.Origin)
		default:
			c.what = what
			r.marks = append(r.marks, c)
		}
		return c
	}
	note, err := r.read("checkpoint")
	r.Newest = read("checkpoint", note, err)
	if note, err = r.read("cosigned"); !errors.Is(err, fs.ErrNotExist) {
		r.Cosigned = read("cosigned", note, err)
	}
	if err := p.Quorum(r.Cosigned); err != nil {
		r.fault("cosigned", "%w", err)
	}
	if r.Remembered != nil {
		read("what is remembered", r.Remembered, nil)
	}
}

// passed holds the tree against the heads of its size.
func (r *run) passed() {
	for _, m := range r.marks {
		if m.Size == r.tree.size && m.Root != r.tree.root() {
			r.fault(m.what, "at %d entries the log has another root: it was altered or forked", m.Size)
		}
	}
}

// bundle takes the next entries in and holds their files against them.
func (r *run) bundle() bool {
	index, n := r.tree.size/width, int(min(width, r.Newest.Size-r.tree.size))
	name := path(-1, index, n)
	raw, err := r.widest(-1, index, n)
	ends := []int{0}
	for rest := raw; len(ends) <= n; {
		if err != nil || len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			r.fault(name, "it holds %d entries, not %d, %v", len(ends)-1, n, err)
			return false
		}
		size := 2 + int(binary.BigEndian.Uint16(rest))
		r.entry(name, rest[2:size])
		ends, rest = append(ends, ends[len(ends)-1]+size), rest[size:]
	}
	if ends[n] < len(raw) && n == width {
		r.fault(name, "it is longer than its entries")
	}
	r.partial(-1, index, n, func(w int) []byte { return raw[:ends[w]] })
	return true
}

// entry takes one leaf in.
func (r *run) entry(name string, raw []byte) {
	e, err := ParseEntry(raw)
	if err != nil {
		r.fault(name, "entry %d: %w", r.tree.size, err)
	}
	r.Kinds[e.Kind]++
	if r.Each != nil && err == nil {
		r.Each(r.tree.size, e)
	}
	if e.Time.Before(r.Last) {
		r.fault(name, "entry %d is of %s, before the one that it follows: it was back-dated", r.tree.size, e.Time.Format(time.RFC3339))
	}
	for _, m := range r.marks {
		if at := m.seen; !at.IsZero() && (r.tree.size < m.Size && e.Time.After(at.Add(skew)) || r.tree.size >= m.Size && e.Time.Before(at.Add(-skew))) {
			r.fault(name, "entry %d is of %s, and witnesses saw %d entries at %s", r.tree.size, e.Time.Format(time.RFC3339), m.Size, at.Format(time.RFC3339))
		}
	}
	if r.Last = e.Time; r.tree.size == 0 {
		r.First = e.Time
	}
	r.tree.push(leafHash(raw), func(level int, h Hash) {
		if level == len(r.levels) {
			r.levels = append(r.levels, nil)
		}
		if r.levels[level] = append(r.levels[level], h[:]...); len(r.levels[level]) == width*len(h) {
			r.tile(level, (r.tree.size-1)>>(8*(level+1)), r.levels[level])
			r.levels[level] = r.levels[level][:0]
		}
	})
	r.passed()
}

// tile holds a tile against what the entries give.
func (r *run) tile(level int, index uint64, want []byte) {
	n := len(want) / len(Hash{})
	got, err := r.widest(level, index, n)
	if !bytes.HasPrefix(got, want) || len(got) != len(want) && len(got) != width*len(Hash{}) {
		r.fault(path(level, index, n), "it is not the tile of the entries, %v", err)
	}
	r.partial(level, index, n, func(w int) []byte { return want[:w*len(Hash{})] })
}

// widest reads a tile, or the whole one that has taken the place of a partial one.
func (r *run) widest(level int, index uint64, n int) ([]byte, error) {
	raw, err := r.read(path(level, index, n))
	if n < width && errors.Is(err, fs.ErrNotExist) {
		n = width
		raw, err = r.read(path(level, index, n))
	}
	if n == width && err == nil {
		r.Beyond--
	}
	return raw, err
}

// partial holds the narrower tiles that are still there against the one they became.
func (r *run) partial(level int, index uint64, n int, prefix func(int) []byte) {
	list, _ := fs.ReadDir(r.dir, path(level, index, width)+".p") // mostly there is none
	for _, f := range list {
		w, err := parseSize(f.Name())
		if err != nil || w == 0 || w > uint64(min(n, width-1)) {
			continue // beyond
		}
		if raw, err := r.read(path(level, index, int(w))); err != nil || !bytes.Equal(raw, prefix(int(w))) {
			r.fault(path(level, index, int(w)), "it is not the beginning of the tile that it became, %v", err)
		}
		r.Beyond--
	}
}

func (r *run) read(name string) ([]byte, error) {
	info, err := fs.Stat(r.dir, name)
	if err == nil && info.Size() > maxNote {
		err = errors.New("it is too long")
	}
	if err != nil {
		return nil, err
	}
	return fs.ReadFile(r.dir, name)
}

// path is the place of a tile, c2sp.org/tlog-tiles, or at level -1 of a bundle of entries.
func path(level int, index uint64, w int) string {
	name, kind := fmt.Sprintf("%03d", index%1000), "entries"
	for index /= 1000; index > 0; index /= 1000 {
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	if w < width {
		name += fmt.Sprintf(".p/%d", w)
	}
	if level >= 0 {
		kind = strconv.Itoa(level)
	}
	return "tile/" + kind + "/" + name
}
