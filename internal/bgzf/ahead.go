package bgzf

import (
	"io"
	"sync"
	"sync/atomic"
)

const (
	// aheadBlocks is how many blocks of a batch each worker has on average: so many that
	// one that takes longer does not keep the rest waiting.
	aheadBlocks = 4
	// aheadFront is room before a batch for what is left of the one before: a line of
	// sixteen thousand people.
	aheadFront = 64 << 10
)

// ahead unpacks the batch that comes next while the one at hand is read. Its goroutines
// live for a batch: nobody has to stop them, and they never touch the file.
type ahead struct {
	workers []*inflater
	now     *batch // its bytes are in Reader.plain
	soon    *batch // in work
	long    []byte // for what is left of a batch where that is much, and what follows
	isLong  bool   // Reader.plain is long
}

// batch is some blocks that follow one another.
type batch struct {
	jobs   []job
	packed []byte
	plain  []byte // aheadFront bytes, the blocks, Slack
	err    error  // of what follows the jobs
	left   int    // jobs from here were not handed out
	next   atomic.Int64
	done   sync.WaitGroup
}

// job is to unpack a block of a batch.
type job struct {
	offset     int64
	from, to   int // in packed
	at, length int // in plain
	err        error
}

// NewParallelReader is NewReader with so many workers that unpack blocks before they are
// asked for. It holds a megabyte more for each. With one or fewer it is NewReader,
// which starts nothing.
func NewParallelReader(r io.Reader, workers int) *Reader {
	b := NewReader(r)
	if workers > 1 {
		b.ahead = new(ahead)
		for range workers {
			b.ahead.workers = append(b.ahead.workers, newInflater())
		}
	}
	return b
}

// follow is advance where blocks are unpacked ahead.
func (b *Reader) follow() error {
	a := b.ahead
	for a.now == nil || a.now.left == len(a.now.jobs) {
		if a.now != nil && a.now.err != nil {
			b.offset = b.src.offset
			return a.now.err
		}
		b.turn()
	}
	j := &a.now.jobs[a.now.left]
	b.offset = j.offset
	if j.err != nil {
		return &Error{Offset: j.offset, Err: j.err}
	}
	a.now.left++
	b.hi += j.length
	return nil
}

// turn waits for the next batch and puts it behind what is left of the one at hand.
func (b *Reader) turn() {
	a := b.ahead
	if a.soon == nil {
		a.soon = new(batch)
		a.soon.start(&b.src, a.workers)
	}
	a.soon.done.Wait()
	was := a.now
	a.now, a.soon = a.soon, was
	b.join(a.now)
	if a.now.err == nil {
		if a.soon == nil {
			a.soon = new(batch)
		}
		a.soon.start(&b.src, a.workers)
	}
}

// join makes plain go on with a batch. Where little is left of what was before, that is
// put before the batch; where it is much, both go to a buffer that grows as needed.
func (b *Reader) join(next *batch) {
	a, left := b.ahead, b.plain[b.lo:b.hi]
	data := next.plain[aheadFront : len(next.plain)-Slack]
	switch {
	case len(left) <= aheadFront:
		b.lo, b.hi = aheadFront-len(left), aheadFront
		copy(next.plain[b.lo:], left)
		b.plain, a.isLong = next.plain, false
	case a.isLong && b.hi+len(data)+Slack <= len(a.long):
		copy(a.long[b.hi:], data)
	default:
		to := a.long
		if size := 2*len(left) + len(data) + Slack; len(to) < size {
			to = make([]byte, size)
		}
		copy(to[copy(to, left):], data)
		b.lo, b.hi = 0, len(left)
		b.plain, a.long, a.isLong = to, to, true
	}
}

// start reads the blocks of a batch and has workers unpack them.
func (t *batch) start(src *blocks, workers []*inflater) {
	t.jobs, t.packed, t.left = t.jobs[:0], t.packed[:0], 0
	t.next.Store(0)
	at := aheadFront
	for len(t.jobs) < aheadBlocks*len(workers) {
		var block []byte
		if block, t.err = src.take(); t.err != nil {
			break
		}
		j := job{offset: src.offset, from: len(t.packed), to: len(t.packed) + len(block), at: at}
		j.length, j.err = plainSize(block)
		at += j.length
		if cap(t.packed) == 0 { // the others are about as large
			t.packed = make([]byte, 0, aheadBlocks*len(workers)*(len(block)+len(block)/4)+sourceSlack)
		}
		t.packed = append(t.packed, block...)
		t.jobs = append(t.jobs, j)
	}
	t.packed = append(t.packed, make([]byte, sourceSlack)...)
	if cap(t.plain) < at+Slack {
		t.plain = make([]byte, at+Slack, max(at, aheadFront+len(t.jobs)*maxBlock)+Slack)
	}
	t.plain = t.plain[:at+Slack]
	for _, z := range workers[:min(len(workers), len(t.jobs))] {
		t.done.Go(func() { t.work(z) })
	}
}

// work unpacks blocks until none is left.
func (t *batch) work(z *inflater) {
	for {
		i := int(t.next.Add(1)) - 1
		if i >= len(t.jobs) {
			return
		}
		if j := &t.jobs[i]; j.err == nil {
			j.err = z.unpack(t.plain[j.at:j.at+j.length], j.length, t.packed[j.from:j.to:len(t.packed)])
		}
	}
}
