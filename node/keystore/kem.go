package keystore

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
)

const (
	// KEMLife is how long a KEM key is kept. Afterwards nothing that was sealed to it
	// can be opened, by anybody.
	KEMLife = 90 * 24 * time.Hour
	// KEMDeclared is how long it is declared: a query made on its last day can still
	// be answered until the query expires.
	KEMDeclared = KEMLife - protocol.MaxLife

	kemPrefix   = "kem-"
	kemFileSize = 8 + seedSize // when it was made, and the seed
	maxKEMs     = 16
)

// KEM is a key that questions and shares are sealed to.
type KEM struct {
	// Public is what others seal to until Until.
	Public []byte
	Until  time.Time
}

// kemName names a key's file.
func kemName(public []byte) string {
	d := protocol.Hash("locus/kem/v1", public)
	return kemPrefix + hex.EncodeToString(d[:16])
}

// KEM returns the key to declare now. It makes a new one when the newest has been
// declared for KEMDeclared, and erases those past KEMLife.
func (s *Store) KEM(now time.Time) (KEM, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, err := s.kemNames()
	if err != nil {
		return KEM{}, err
	}
	var newest KEM
	for _, name := range names {
		made, seed, err := s.readKEM(name)
		if err != nil {
			return KEM{}, err
		}
		if until := made.Add(KEMLife); !now.Before(until) {
			if err := s.erase(name); err != nil {
				return KEM{}, err
			}
		} else if until.After(newest.Until) {
			_, public, err := he.KEMFromSeed(seed)
			if err != nil {
				return KEM{}, err
			}
			newest = KEM{Public: public, Until: until}
		}
		clear(seed[:])
	}
	if newest.Public == nil || !now.Before(newest.Until.Add(-protocol.MaxLife)) {
		return s.newKEM(now)
	}
	return newest, nil
}

// ID names the key.
func (k *KEM) ID() protocol.Digest { return protocol.Hash("locus/kem/v1", k.Public) }

// LastKEM is the key that is kept for longest, as it is: it makes and erases none. It is zero
// where none is left.
func (s *Store) LastKEM() (last KEM, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, err := s.kemNames()
	if err != nil {
		return KEM{}, err
	}
	for _, name := range names {
		made, seed, err := s.readKEM(name)
		if err != nil {
			return KEM{}, err
		}
		if until := made.Add(KEMLife); until.After(last.Until) {
			_, last.Public, err = he.KEMFromSeed(seed)
			last.Until = until
		}
		if clear(seed[:]); err != nil {
			return KEM{}, err
		}
	}
	return last, nil
}

// Rotate makes a new KEM key, to be declared from now on, and a session root that nobody who has
// seen the old one can find. Old KEM keys are kept for what was sealed to them, each for the rest
// of its life; with erase they go now, and what was sealed to them can be opened by nobody.
func (s *Store) Rotate(now time.Time, erase bool) (KEM, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, err := s.kemNames()
	if err != nil {
		return KEM{}, err
	}
	if len(names) >= maxKEMs-2 && !erase { // room for those that time makes
		return KEM{}, ErrMany
	}
	if err := s.newRoot(now); err != nil {
		return KEM{}, err
	}
	// The newest is declared: of two that were made in one second, neither would be.
	for _, name := range names {
		made, seed, err := s.readKEM(name)
		clear(seed[:])
		if err != nil {
			return KEM{}, err
		}
		if !now.After(made) {
			now = made.Add(time.Second)
		}
	}
	if erase {
		for _, name := range names {
			if err := s.erase(name); err != nil {
				return KEM{}, err
			}
		}
	}
	return s.newKEM(now)
}

// KEMPrivate returns the private key of a public one, or ErrErased.
func (s *Store) KEMPrivate(public []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := kemName(public)
	if _, err := os.Lstat(filepath.Join(s.dir, name)); os.IsNotExist(err) {
		return nil, ErrErased
	}
	_, seed, err := s.readKEM(name)
	if err != nil {
		return nil, err
	}
	private, _, err := he.KEMFromSeed(seed)
	return private, err
}

// newKEM makes a key.
func (s *Store) newKEM(now time.Time) (KEM, error) {
	seed, err := s.draw()
	if err != nil {
		return KEM{}, err
	}
	defer clear(seed[:])
	_, public, err := he.KEMFromSeed(seed)
	if err != nil {
		return KEM{}, err
	}
	now = now.UTC().Truncate(time.Second)
	raw := append(binary.BigEndian.AppendUint64(nil, uint64(now.Unix())), seed[:]...)
	defer clear(raw)
	return KEM{Public: public, Until: now.Add(KEMLife)}, s.write(kemName(public), raw)
}

func (s *Store) readKEM(name string) (made time.Time, seed [seedSize]byte, err error) {
	raw, err := s.read(name)
	if err != nil {
		return made, seed, err
	}
	defer clear(raw)
	if len(raw) != kemFileSize {
		return made, seed, fmt.Errorf("%w: %s", ErrDamaged, filepath.Join(s.dir, name))
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw)), 0).UTC(), [seedSize]byte(raw[8:]), nil
}

func (s *Store) kemNames() (names []string, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("read the key directory: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), kemPrefix) && !strings.HasSuffix(e.Name(), ".new") {
			names = append(names, e.Name())
		}
	}
	if len(names) > maxKEMs {
		return nil, fmt.Errorf("%w: more than %d KEM keys", ErrDamaged, maxKEMs)
	}
	return names, nil
}
