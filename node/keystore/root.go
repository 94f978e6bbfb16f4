package keystore

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"time"

	"github.com/locus-genomics/locus/he"
)

const (
	rootFile     = "root"
	rootFileSize = 8 + seedSize // the day, and the root
	secondsADay  = 24 * 60 * 60
	// maxRatchet bounds the days that are caught up one by one: a century.
	maxRatchet = 36_525
)

// SessionRoot returns today's root. The first call of a day replaces yesterday's by
// its image under HKDF, so that who takes the disk cannot open what was sent before.
// A clock that was set back keeps the root that is there.
func (s *Store) SessionRoot(now time.Time) (he.SessionRoot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := s.read(rootFile)
	if err != nil {
		return he.SessionRoot{}, err
	}
	defer clear(raw)
	if len(raw) != rootFileSize {
		return he.SessionRoot{}, fmt.Errorf("%w: %s", ErrDamaged, filepath.Join(s.dir, rootFile))
	}
	day, today := binary.BigEndian.Uint64(raw), dayOf(now)
	if today > day+maxRatchet {
		return he.SessionRoot{}, fmt.Errorf("%w: the root's day is a century away; set the clock", ErrDamaged)
	}
	if today > day {
		root := raw[8:]
		for ; day < today; day++ {
			next, err := hkdf.Key(sha256.New, root, nil, "locus/session-root/v1", seedSize)
			if err != nil {
				return he.SessionRoot{}, fmt.Errorf("ratchet the session root: %w", err)
			}
			copy(root, next)
			clear(next)
		}
		binary.BigEndian.PutUint64(raw, today)
		if err := s.write(rootFile, raw); err != nil {
			return he.SessionRoot{}, err
		}
	}
	return he.NewSessionRoot(raw[8:])
}

func (s *Store) newRoot(now time.Time) error {
	seed, err := s.draw()
	if err != nil {
		return err
	}
	defer clear(seed[:])
	raw := append(binary.BigEndian.AppendUint64(nil, dayOf(now)), seed[:]...)
	defer clear(raw)
	return s.write(rootFile, raw)
}

func dayOf(now time.Time) uint64 { return uint64(max(0, now.Unix())) / secondsADay }
