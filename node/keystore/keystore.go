package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

var (
	// ErrExists is returned when a directory already holds keys.
	ErrExists = errors.New("keystore: there are keys already")
	// ErrMode is returned when others could read the keys.
	ErrMode = errors.New("keystore: others may read this")
	// ErrDamaged is returned when a file is not what was written.
	ErrDamaged = errors.New("keystore: damaged key file")
	// ErrMany is returned when as many KEM keys wait for their questions as may be.
	ErrMany = errors.New("keystore: there are as many KEM keys as may be; erase the old ones")
	// ErrErased is returned when a key was asked for that is no longer kept.
	ErrErased = errors.New("keystore: this key was erased")
)

// Sealer turns a secret into what may lie on the disk and back: a key service or an
// age identity. label names the file, so that one cannot stand for another.
type Sealer interface {
	Seal(label string, secret []byte) ([]byte, error)
	Open(label string, sealed []byte) ([]byte, error)
}

// Config says where the keys are and how they are kept.
type Config struct {
	Dir string
	// Sealer seals every file. Nil leaves the protection to the file modes.
	Sealer Sealer
	// Entropy is where keys come from. Nil means crypto/rand.
	Entropy io.Reader
}

// Store holds a site's secrets.
type Store struct {
	dir     string
	sealer  Sealer
	entropy io.Reader

	signing, custodian        *protocol.SigningKey
	network                   wire.Identity
	declaration, pin, backups [seedSize]byte
	noise                     [seedSize]byte

	mu sync.Mutex // guards the files of KEM keys and of the root
}

const seedSize = 32

// The files that hold a seed each.
const (
	signingFile     = "signing"
	custodianFile   = "custodian"
	networkFile     = "network"
	declarationFile = "declaration"
	pinFile         = "pin"
	backupFile      = "backup"
	noiseFile       = "noise"
)

var seedFiles = [...]string{signingFile, custodianFile, networkFile, declarationFile, pinFile, backupFile, noiseFile}

// Create makes a directory of new keys. It does not touch one that is not empty.
func Create(c Config, now time.Time) error {
	s := newStore(c)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the key directory: %w", err)
	}
	old, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read the key directory: %w", err)
	}
	if len(old) > 0 {
		return fmt.Errorf("%w: %s", ErrExists, s.dir)
	}
	for _, name := range seedFiles {
		seed, err := s.draw()
		if err != nil {
			return err
		}
		err = s.write(name, seed[:])
		clear(seed[:])
		if err != nil {
			return err
		}
	}
	if err := s.newRoot(now); err != nil {
		return err
	}
	_, err = s.newKEM(now)
	return err
}

// Open reads the keys. It refuses a directory or a file that others may read.
func Open(c Config) (*Store, error) {
	s := newStore(c)
	if err := checkDir(s.dir); err != nil {
		return nil, err
	}
	seeds := make(map[string][seedSize]byte, len(seedFiles))
	for _, name := range seedFiles {
		raw, err := s.read(name)
		if err != nil {
			return nil, err
		}
		if len(raw) != seedSize {
			return nil, fmt.Errorf("%w: %s", ErrDamaged, filepath.Join(s.dir, name))
		}
		seeds[name] = [seedSize]byte(raw)
		clear(raw)
	}
	var errs [3]error
	signing, custodian := seeds[signingFile], seeds[custodianFile]
	s.signing, errs[0] = protocol.NewSigningKey(signing[:])
	s.custodian, errs[1] = protocol.NewSigningKey(custodian[:])
	s.network, errs[2] = wire.NewIdentity(seeds[networkFile])
	s.declaration, s.pin, s.backups, s.noise = seeds[declarationFile], seeds[pinFile], seeds[backupFile], seeds[noiseFile]
	return s, errors.Join(errs[:]...)
}

func newStore(c Config) *Store {
	if c.Entropy == nil {
		c.Entropy = rand.Reader
	}
	return &Store{dir: c.Dir, sealer: c.Sealer, entropy: c.Entropy}
}

// Signing is the key that the node signs with.
func (s *Store) Signing() *protocol.SigningKey { return s.signing }

// Custodian is the key that rosters and grants are signed with.
func (s *Store) Custodian() *protocol.SigningKey { return s.custodian }

// Network is the node's libp2p identity.
func (s *Store) Network() wire.Identity { return s.network }

// DeclarationTag is an HMAC under the declaration key, which stays at the site: it
// changes when the parts do and tells nothing else.
func (s *Store) DeclarationTag(domain string, parts ...[]byte) protocol.Digest {
	return protocol.Tag(s.declaration[:], domain, parts...)
}

// PinTag is an HMAC under the pin key.
func (s *Store) PinTag(domain string, parts ...[]byte) protocol.Digest {
	return protocol.Tag(s.pin[:], domain, parts...)
}

// IdentityTag is a release identity under the pin key.
func (s *Store) IdentityTag(i protocol.Identity) protocol.Digest { return i.Tag(s.pin[:]) }

// NoiseSeed is the seed of this site's noise for a release whose identity is under the pin
// key. It is the same for ever: who has the noise key takes the noise off every private
// answer of the past.
func (s *Store) NoiseSeed(release protocol.Digest, answer []int64) [seedSize]byte {
	return dp.Seed(s.noise, release, answer)
}

const guarded = "keystore.Store(…)"

// Format keeps the secrets out of every print.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, guarded) }

// MarshalText keeps the secrets out of every encoder.
func (s *Store) MarshalText() ([]byte, error) { return []byte(guarded), nil }

func (s *Store) draw() (seed [seedSize]byte, err error) {
	if _, err := io.ReadFull(s.entropy, seed[:]); err != nil {
		return seed, fmt.Errorf("draw a key: %w", err)
	}
	return seed, nil
}
