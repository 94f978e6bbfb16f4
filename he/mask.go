package he

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrOverflow is returned for a word so large that the sites' sum might not be exact.
var ErrOverflow = errors.New("he: a word is out of range")

// ErrLength is returned for a vector that does not have the session's length.
var ErrLength = errors.New("he: wrong length")

// ErrWiped is returned by a mask after Wipe.
var ErrWiped = errors.New("he: the mask was wiped")

// ErrChanged is returned when words are hidden that are no longer those the mask was made
// for.
var ErrChanged = errors.New("he: the words have changed since the mask was made")

// tagBytes is the length of what stands for the words in the derivation.
const tagBytes = 16

// slack lets a word of six bytes be read and written as one of eight.
const slack = 8 - wordBytes

// Mask hides one site's words in one session. Its secret is derived from them: the
// same root, session and words give the same bytes again, and anything else gives an
// unrelated secret, so that no secret ever hides two vectors.
type Mask struct {
	session   Session
	transform *transform
	words     []int64
	sums      []uint64 // of the words, a batch of blocks at a time: see Mask.read
	secret    poly
	key       *key
	check     [checkWords]uint64
	public    stream
	noise     stream
	shamir    stream
}

// NewMask derives the secret for one site's words. Each is a signed number of at most
// Params.MaxWord(number of sites) in size. They are read again when they are hidden, and
// MUST NOT change before Wipe: WriteTo notices and fails (ErrChanged). Beside them a
// mask takes less than 8 MB, however many there are.
func NewMask(s Session, root SessionRoot, words []int64) (*Mask, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(words) != s.Words {
		return nil, fmt.Errorf("%w: %d words in a session of %d", ErrLength, len(words), s.Words)
	}
	t, err := transformA50()
	if err != nil {
		return nil, err
	}
	m := &Mask{session: s, transform: t, words: words}
	m.session.Points = slices.Clone(s.Points)
	return m, m.derive(root)
}

// chunk is a batch of blocks as it is on the wire but unscaled, in six bytes a word:
// whole blocks, with zeros after the last word, and slack.
type chunk [batch*blockBytes + slack]byte

// chunks is how many there are.
func (m *Mask) chunks() int { return (m.session.blocks() + batch - 1) / batch }

// blocks is how many blocks chunk i has.
func (m *Mask) blocks(i int) int { return min(batch, m.session.blocks()-i*batch) }

// read fills chunk i with its words and returns how many bytes they take, and their sum.
func (m *Mask) read(to *chunk, i int) (size int, sum uint64, err error) {
	limit := m.session.Params.MaxWord(len(m.session.Points))
	words := m.words[i*batch*ringDegree : min(len(m.words), (i+1)*batch*ringDegree)]
	size = wordBytes * len(words)
	var within bool
	if m.transform.vectors != nil {
		within = vectorPutWords(to[:size], words, limit)
		sum = uint64(crc32.Checksum(to[:size], castagnoli))
	} else {
		sum, within = putBlocks(to[:size], words, limit)
	}
	if !within {
		return 0, 0, fmt.Errorf("%w: %d sites may each encrypt words up to %d; check the caps of the layout", ErrOverflow, len(m.session.Points), limit)
	}
	clear(to[size:])
	return size, sum, nil
}

// putBlocks writes six bytes a word, block by block, and sums them up: see addToSum. It
// reports whether none is larger than the limit.
func putBlocks(to []byte, words []int64, limit int64) (sum uint64, within bool) {
	within = true
	for block := range slices.Chunk(words, ringDegree) {
		s, ok := putWords(to, block, limit)
		for range ringDegree - len(block) { // zeros
			s *= sumFactor
		}
		sum, within = addToSum(sum, s, sumFactor), within && ok
		to = to[wordBytes*len(block):]
	}
	return sum, within
}

// putWords is putBlocks of one block, without the zeros after it.
func putWords(to []byte, words []int64, limit int64) (sum uint64, within bool) {
	var outside int64 // negative when a word is
	f := &sumPowers
	for ; len(words) >= 8 && len(to) >= 8*wordBytes; words, to = words[8:], to[8*wordBytes:] {
		w, b := (*[8]int64)(words), (*[8 * wordBytes]byte)(to)
		outside |= (limit - w[0]) | (limit + w[0]) | (limit - w[1]) | (limit + w[1]) |
			(limit - w[2]) | (limit + w[2]) | (limit - w[3]) | (limit + w[3])
		sum = sum*f[8] + uint64(w[0])*f[8] + uint64(w[1])*f[7] + uint64(w[2])*f[6] + uint64(w[3])*f[5]
		quad{uint64(w[0]), uint64(w[1]), uint64(w[2]), uint64(w[3])}.put((*[fourBytes]byte)(b[:]))
		outside |= (limit - w[4]) | (limit + w[4]) | (limit - w[5]) | (limit + w[5]) |
			(limit - w[6]) | (limit + w[6]) | (limit - w[7]) | (limit + w[7])
		sum += uint64(w[4])*f[4] + uint64(w[5])*f[3] + uint64(w[6])*f[2] + uint64(w[7])*f[1]
		quad{uint64(w[4]), uint64(w[5]), uint64(w[6]), uint64(w[7])}.put((*[fourBytes]byte)(b[fourBytes:]))
	}
	for i, x := range words {
		outside |= (limit - x) | (limit + x)
		sum = addToSum(sum, uint64(x), sumFactor)
		putWord(to[wordBytes*i:], uint64(x))
	}
	return sum, outside >= 0
}

// derive draws everything secret.
func (m *Mask) derive(root SessionRoot) error {
	session := m.session.digest()
	if debug.Without(debug.SessionInSecret) {
		session = [32]byte{}
	}
	tag, err := m.tag(root, session)
	if err != nil {
		return err
	}
	context := append(session[:], tag...)
	draw := func(label string) (stream, error) {
		key, err := root.derive(label, context)
		if err != nil {
			return stream{}, err
		}
		defer clear(key[:])
		return newStream(key[:])
	}
	var errs [4]error
	var secret stream
	m.public, errs[0] = m.session.public()
	m.noise, errs[1] = draw("noise")
	m.shamir, errs[2] = draw("shamir")
	secret, errs[3] = draw("secret")
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	secret.uniform(m.secret[:], 0)
	secret.uniform(m.check[:], 1)
	m.key = m.transform.prepare(&m.secret)
	return nil
}

// tag stands for the exact words in the derivation: their GMAC under a key of this
// root and session, and where there are several chunks, the GMAC of their tags under
// another such key. Nobody who chooses words knows the keys, nor ever sees a tag, so
// two vectors of one session have the same one with a chance of at most 2^-96. A hash
// would do as well, at four times the price.
func (m *Mask) tag(root SessionRoot, session [32]byte) ([]byte, error) {
	mac, err := root.mac("words", session)
	if err != nil {
		return nil, err
	}
	m.sums = make([]uint64, m.chunks())
	tags := make([]byte, tagBytes*len(m.sums))
	err = spread(workersFor(m.session.blocks()), len(m.sums), func(_, from, to int) error {
		buffer, nonce := new(chunk), make([]byte, mac.NonceSize())
		defer clear(buffer[:])
		for i := from; i < to; i++ {
			size, sum, err := m.read(buffer, i)
			if err != nil {
				return err
			}
			binary.BigEndian.PutUint64(nonce[4:], uint64(i))
			mac.Seal(tags[tagBytes*i:][:0:tagBytes], nonce, nil, buffer[:size])
			m.sums[i] = sum
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case debug.Without(debug.WordsInSecret):
		return make([]byte, tagBytes), nil
	case len(m.sums) == 1:
		return tags, nil
	}
	all, err := root.mac("tags", session)
	if err != nil {
		return nil, err
	}
	return all.Seal(nil, make([]byte, all.NonceSize()), nil, tags), nil
}

// mac is GMAC under a key of a root and a session. Its nonces may be fixed: the key is
// for one vector, and the same one again.
func (r SessionRoot) mac(label string, session [32]byte) (cipher.AEAD, error) {
	key, err := r.derive(label, session[:])
	if err != nil {
		return nil, err
	}
	defer clear(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	mac, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	return mac, nil
}

// public returns the stream of the polynomials a_b that all sites share.
func (s Session) public() (stream, error) {
	d := sha256.Sum256(append([]byte("locus/he/public/v1\x00"+s.Params.Name()+"\x00"), s.ID[:]...))
	return newStream(d[:16])
}

// Size is the number of bytes that WriteTo writes.
func (m *Mask) Size() int64 { return wordBytes * int64(m.session.Words) }

// WriteTo writes the hidden words, six bytes each, little-endian, block by block. While
// the writer takes some blocks, all processors hide the next. When it returns an error,
// nothing that it wrote MUST leave the site.
func (m *Mask) WriteTo(w io.Writer) (int64, error) {
	if m.key == nil {
		return 0, ErrWiped
	}
	chunks := m.chunks()
	workers := workersFor(m.session.blocks())
	work := make([]hiding, workers)
	defer clear(work)
	step := workers * max(1, maxStep/workers)
	// hide fills the chunks of a step, from a first one on.
	hide := func(to []byte, first int) error {
		return spread(workers, min(step, chunks-first), func(i, from, end int) error {
			for c := from; c < end; c++ {
				if err := m.hide(to[c*batch*blockBytes:], &work[i], first+c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	size := min(step, chunks) * batch * blockBytes
	buffers := [2][]byte{make([]byte, size), make([]byte, size)}
	err := hide(buffers[0], 0)
	var written int64
	for first := 0; first < chunks && err == nil; first += step {
		full := buffers[0]
		buffers[0], buffers[1] = buffers[1], buffers[0]
		var next sync.WaitGroup
		var failed error
		if more := first + step; more < chunks {
			next.Go(func() { failed = hide(buffers[0], more) })
		}
		err = m.writeBlocks(w, full, first*batch, min(step*batch, m.session.blocks()-first*batch), &written)
		next.Wait()
		err = errors.Join(err, failed)
	}
	return written, err
}

// hiding is what one worker needs.
type hiding struct {
	scratch scratch
	words   chunk
}

// hide encrypts a chunk.
func (m *Mask) hide(to []byte, work *hiding, i int) error {
	blocks, v := m.blocks(i), m.transform.vectors
	var sum uint64
	if v != nil {
		var err error
		if _, sum, err = m.read(&work.words, i); err != nil {
			return fmt.Errorf("%w: chunk %d", ErrChanged, i)
		}
	}
	s := &work.scratch
	for b := range blocks {
		row, out := uint64(i*batch+b), (*[blockBytes]byte)(to[b*blockBytes:])
		m.transform.product(s, m.public, row, m.key)
		m.noise.fill(s.coins[:], row)
		if v != nil {
			v.hide(out, &s.x, &s.coins, (*[blockBytes]byte)(work.words[b*blockBytes:]), m.session.Params.guard&63)
		} else {
			sum = addToSum(sum, m.finish(out, s, m.block(s, i*batch+b)), sumFactor)
		}
	}
	if sum != m.sums[i] {
		return fmt.Errorf("%w: chunk %d", ErrChanged, i)
	}
	return nil
}

// block returns the words of a block, with zeros after the last word of all.
func (m *Mask) block(s *scratch, b int) *[ringDegree]int64 {
	words := m.words[b*ringDegree:]
	if len(words) >= ringDegree {
		return (*[ringDegree]int64)(words)
	}
	clear(s.words[copy(s.words[:], words):])
	return &s.words
}

// writeBlocks writes n hidden blocks, of which the last may be cut short.
func (m *Mask) writeBlocks(w io.Writer, hidden []byte, first, n int, written *int64) error {
	for b := first; b < first+n; b++ {
		size := min(ringDegree, m.session.Words-b*ringDegree) * wordBytes
		k, err := w.Write(hidden[(b-first)*blockBytes:][:size])
		*written += int64(k)
		if err != nil {
			return fmt.Errorf("write block %d of hidden words: %w", b, err)
		}
	}
	return nil
}

// finish sets out to a block, round(a_b * s + e) + m * 2^guard, from the product. It reads
// each word once, and returns their sum.
func (m *Mask) finish(out *[blockBytes]byte, s *scratch, words *[ringDegree]int64) (sum uint64) {
	p, gap, factor, unit := m.transform.prime, m.transform.gap, m.transform.factor, uint64(1)<<(m.session.Params.guard&63)
	a, b, in, to := s.coins[:8*ringDegree], s.coins[8*ringDegree:], words[:], out[:]
	const last = ringDegree - 1 // apart, since a store of eight bytes would be too long there
	for j, x := range s.x[:last] {
		heads := coinsOf(binary.LittleEndian.Uint64(a[8*j:][:8]), binary.LittleEndian.Uint32(b[4*j:][:4]))
		w := uint64(in[j])
		sum = addToSum(sum, w, factor)
		binary.LittleEndian.PutUint64(to[wordBytes*j:][:8], noisy(x, heads, p, gap)+w*unit)
	}
	heads := coinsOf(binary.LittleEndian.Uint64(a[8*last:]), binary.LittleEndian.Uint32(b[4*last:]))
	w := uint64(in[last])
	putWord(to[wordBytes*last:], noisy(s.x[last], heads, p, gap)+w*unit)
	return addToSum(sum, w, factor)
}

// noisy is the remainder of x < 2q with the error of its coefficient, heads - 48, scaled.
// It takes the remainder, which is what makes the bytes the same however x was computed:
// rounding is one off, for one x in 2^24, when q is added to it.
func noisy(x, heads, p, gap uint64) uint64 {
	return scale(x+heads-coins+p&uint64(int64(x-p)>>63), gap)
}

// Check returns the check words of the hidden words.
func (m *Mask) Check() (Check, error) {
	if m.key == nil {
		return Check{}, ErrWiped
	}
	weighers, err := newWeighers(m.session)
	if err != nil {
		return Check{}, err
	}
	err = spread(len(weighers), m.session.blocks(), func(i, from, to int) error {
		for b := from; b < to; b++ {
			weighers[i].add(uint64(b), m.words[b*ringDegree:min(len(m.words), (b+1)*ringDegree)])
		}
		return nil
	})
	return addWeights(Check(m.check), weighers), err
}

// Wipe overwrites the secret. The mask is of no use afterwards.
func (m *Mask) Wipe() {
	if m.key != nil {
		m.key.wipe()
	}
	clear(m.secret[:])
	clear(m.check[:])
	m.key, m.words, m.noise, m.shamir = nil, nil, stream{}, stream{}
}
