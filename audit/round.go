package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// ErrWitnesses is returned when too few witnesses have cosigned. The entry is in the log.
var ErrWitnesses = errors.New("audit: too few witnesses have cosigned; see which sites are away")

// maxWitnesses bounds whom a log asks, so that a checkpoint stays below maxNote.
const maxWitnesses = 200

// Remote is a witness at another site. How a call gets there is the caller's: its two
// functions are the methods of the same names of Witness.
type Remote struct {
	// Name and Key are the witness's.
	Name string
	Key  protocol.PublicKey
	// Call hands a request to AddCheckpoint there. It ends when the context does.
	Call func(ctx context.Context, request []byte) (Reply, error)
	// Known asks for what the witness remembers of a log, nil where it is nothing.
	Known func(ctx context.Context, origin string) ([]byte, error)
}

// witnessed is what a witness is thought to have cosigned last.
type witnessed struct{ size uint64 }

// cosigned is a head with the note that a quorum has cosigned.
type cosigned struct {
	head Head
	note []byte
}

// loadCosigned reads what Open finds of an earlier run. Its cosignatures are counted again
// only by who verifies; here it must be this log's.
func (l *Log) loadCosigned() error {
	note, err := l.disk.read(cosignedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	h, err := openCheckpoint(note, l.config.Origin, l.config.Key.Public())
	if err != nil {
		return fmt.Errorf("%w: what was cosigned: %w", ErrDamaged, err)
	}
	if err := l.remembers(note); err != nil {
		return fmt.Errorf("what was cosigned: %w", err)
	}
	l.cosigned = cosigned{h, note}
	return nil
}

// SetWitnesses says whom to ask from now on, and how many must have cosigned. What was
// cosigned before stays. It waits for nobody: a round that is under way goes on with those
// it began with.
func (l *Log) SetWitnesses(witnesses []Remote, quorum int) error {
	c := l.config
	c.Witnesses, c.Quorum = slices.Clone(witnesses), quorum
	if err := c.Check(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.witnesses, l.quorum = c.Witnesses, quorum
	return nil
}

// AppendWitnessed takes an entry in and returns a receipt for it once a quorum of
// witnesses has cosigned a checkpoint that covers it. With ErrWitnesses the entry is in
// the log all the same, at the index.
func (l *Log) AppendWitnessed(ctx context.Context, e Entry) (index uint64, receipt []byte, err error) {
	if index, err = l.Append(ctx, e); err != nil {
		return 0, nil, err
	}
	if err := l.Cosign(ctx, index+1); err != nil {
		return index, nil, err
	}
	receipt, err = l.Receipt(index)
	return index, receipt, err
}

// Cosign returns once a checkpoint of at least so many entries has its quorum. One round
// of asking serves all who wait for it.
func (l *Log) Cosign(ctx context.Context, size uint64) error {
	l.mu.Lock()
	quorum := l.quorum
	l.mu.Unlock()
	if quorum == 0 {
		return nil
	}
	select {
	case l.rounds <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrWitnesses, ctx.Err())
	}
	defer func() { <-l.rounds }()
	l.mu.Lock()
	done, err, have := l.cosigned.head.Size >= size, l.broken, l.head.Size
	l.mu.Unlock()
	switch {
	case done || err != nil:
		return err
	case have < size:
		return fmt.Errorf("audit: a log of %d entries cannot be cosigned at %d", have, size)
	}
	return l.round(ctx)
}

// answer is what one witness said.
type answer struct {
	who   int
	lines []sigLine
	err   error
}

// round asks all witnesses to cosign the newest checkpoint. It returns when all have
// answered, or a little after enough have.
func (l *Log) round(ctx context.Context) error {
	l.mu.Lock()
	c, witnesses, quorum := cosigned{l.head, l.note}, l.witnesses, l.quorum
	l.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answer, len(witnesses))
	for i, w := range witnesses {
		known := l.asked[w.Name]
		if known == nil {
			known = new(witnessed)
			l.asked[w.Name] = known
		}
		go func() {
			lines, err := l.ask(ctx, w, known, c)
			if err != nil {
				err = fmt.Errorf("%s: %w", w.Name, err)
			}
			answers <- answer{i, lines, err}
		}()
	}
	got, given, faults := make([][]sigLine, len(witnesses)), 0, []error(nil)
	var over <-chan time.Time
	for range witnesses {
		var a answer
		select {
		case a = <-answers:
		case <-over: // the rest is called off, and waited for
			cancel()
			a = <-answers
		}
		if got[a.who] = a.lines; a.err != nil {
			faults = append(faults, a.err)
		} else if given++; given == quorum {
			over = time.After(l.config.Grace)
		}
	}
	cancel()
	for _, err := range faults {
		if errors.Is(err, ErrBehind) || errors.Is(err, ErrForked) {
			return l.stop(err)
		}
	}
	if given < quorum {
		return fmt.Errorf("%w: %d of %d: %w", ErrWitnesses, given, quorum, errors.Join(faults...))
	}
	return l.keep(c, got)
}

// keep writes the note with the cosignatures below it.
func (l *Log) keep(c cosigned, got [][]sigLine) error {
	note := bytes.NewBuffer(bytes.Clone(c.note))
	for _, lines := range got {
		for _, line := range lines {
			note.WriteString(line.String())
		}
	}
	c.note = note.Bytes()
	l.turn <- struct{}{}
	err := l.disk.put(cosignedFile, c.note)
	<-l.turn
	if err != nil {
		return l.stop(fmt.Errorf("audit: keep what was cosigned: %w", err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cosigned = c
	return nil
}

// ask shows one witness a checkpoint, and once more when it remembers another size than
// was thought.
func (l *Log) ask(ctx context.Context, w Remote, known *witnessed, c cosigned) ([]sigLine, error) {
	for try := 0; ; try++ {
		proof, err := l.disk.consistency(c.head, known.size)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		request := appendHashes(fmt.Appendf(nil, "old %d\n", known.size), proof)
		reply, err := w.Call(ctx, append(append(request, '\n'), c.note...))
		if err != nil {
			return nil, err
		}
		if reply.Status == StatusDone {
			lines, err := parseLines(reply.Body)
			if err != nil {
				return nil, err
			}
			lines, _, err = verifyCosigned(w.Name, w.Key, checkpointText(l.config.Origin, c.head), lines)
			if err == nil {
				known.size = c.head.Size
			}
			return lines, err
		}
		size, bad := strconv.ParseUint(string(bytes.TrimSuffix(reply.Body, []byte("\n"))), 10, 62)
		if reply.Status == StatusConflict && bad == nil && size <= c.head.Size && size != known.size && try == 0 {
			known.size = size
			continue
		}
		// It refuses what this log has signed. If it can show a note that this log has
		// signed and does not hold, the log is an old copy; its word alone stops nothing.
		if err := l.heldAgainst(ctx, w); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("audit: it answers %d %.40q", reply.Status, reply.Body)
	}
}

// heldAgainst holds the log against what a witness remembers of it.
func (l *Log) heldAgainst(ctx context.Context, w Remote) error {
	note, err := w.Known(ctx, l.config.Origin)
	if err != nil || note == nil {
		return err
	}
	return l.remembers(note)
}

// CheckWitnesses asks every witness what it remembers and holds the log against it. A log
// that was restored from an old copy takes nothing in any more, with ErrBehind or
// ErrForked. It returns how many have answered: whether that is enough is the caller's to
// say, before it acts on the log.
func (l *Log) CheckWitnesses(ctx context.Context) (answered int, err error) {
	l.rounds <- struct{}{}
	defer func() { <-l.rounds }()
	l.mu.Lock()
	witnesses := l.witnesses
	l.mu.Unlock()
	results := make(chan error, len(witnesses))
	for _, w := range witnesses {
		go func() { results <- l.heldAgainst(ctx, w) }()
	}
	for range witnesses {
		one := <-results
		if one == nil {
			answered++
		}
		if errors.Is(one, ErrBehind) || errors.Is(one, ErrForked) {
			err = l.stop(one)
		}
	}
	return answered, err
}
