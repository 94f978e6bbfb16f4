package node

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/protocol/panel"
)

// maxStretches bounds what is kept of the variants that were released from a panel: a
// megabyte or two. What has more gaps loses the smallest of them.
const maxStretches = 1 << 16

// Ranges here ascend and do not touch.

// size is how many variants ranges hold.
func size(ranges []panel.Range) (n uint64) {
	for _, r := range ranges {
		n += r.To - r.From
	}
	return n
}

// union joins two lists.
func union(a, b []panel.Range) []panel.Range {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y panel.Range) int {
		if x.From < y.From {
			return -1
		}
		return 1
	})
	out := all[:0]
	for _, r := range all {
		if n := len(out); n > 0 && r.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return out
}

// minus takes the second list out of the first.
func minus(a, b []panel.Range) (out []panel.Range) {
	k := 0
	for _, r := range a {
		for k < len(b) && b[k].To <= r.From {
			k++
		}
		for i := k; i < len(b) && b[i].From < r.To; i++ {
			if b[i].From > r.From {
				out = append(out, panel.Range{From: r.From, To: b[i].From})
			}
			r.From = max(r.From, b[i].To)
		}
		if r.From < r.To {
			out = append(out, r)
		}
	}
	return out
}

// minusOf takes out of a panel's ranges what is in those of another panel.
func minusOf(p *panel.Panel, a []panel.Range, other *panel.Panel, b []panel.Range) (out []panel.Range) {
	find := other.NewCursor()
	for _, r := range a {
		for i := r.From; i < r.To; i++ {
			if at := find.Find(p.At(int(i))); at >= 0 && holds(b, uint64(at)) {
				continue
			}
			if n := len(out); n > 0 && out[n-1].To == i {
				out[n-1].To++
				continue
			}
			out = append(out, panel.Range{From: i, To: i + 1})
		}
	}
	return out
}

func holds(ranges []panel.Range, at uint64) bool {
	i, exact := slices.BinarySearchFunc(ranges, at, func(r panel.Range, at uint64) int {
		switch {
		case r.To <= at:
			return -1
		case r.From > at:
			return 1
		}
		return 0
	})
	return exact && i < len(ranges)
}

// coarsen closes the smallest gaps until at most n ranges are left.
func coarsen(ranges []panel.Range, n int) []panel.Range {
	if len(ranges) <= n {
		return ranges
	}
	gaps := make([]uint64, len(ranges)-1)
	for i := range gaps {
		gaps[i] = ranges[i+1].From - ranges[i].To
	}
	slices.Sort(gaps)
	closed := gaps[len(ranges)-n-1]
	out := []panel.Range{ranges[0]}
	for _, r := range ranges[1:] {
		if last := &out[len(out)-1]; r.From-last.To <= closed {
			last.To = r.To
			continue
		}
		out = append(out, r)
	}
	return out
}

// encodeRanges writes the gaps and the lengths, one after another.
func encodeRanges(ranges []panel.Range) (b []byte) {
	end := uint64(0)
	for _, r := range ranges {
		b = binary.AppendUvarint(binary.AppendUvarint(b, r.From-end), r.To-r.From)
		end = r.To
	}
	return b
}

// parseRanges reads what encodeRanges wrote of a panel of so many variants.
func parseRanges(b []byte, variants uint64) (ranges []panel.Range, err error) {
	end := uint64(0)
	for len(b) > 0 {
		gap, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("%w: ranges", ErrRecords)
		}
		length, m := binary.Uvarint(b[n:])
		if m <= 0 || length == 0 || gap == 0 && end > 0 || gap > variants-end || length > variants-end-gap || len(ranges) == maxStretches {
			return nil, fmt.Errorf("%w: ranges", ErrRecords)
		}
		ranges = append(ranges, panel.Range{From: end + gap, To: end + gap + length})
		end += gap + length
		b = b[n+m:]
	}
	return ranges, nil
}
