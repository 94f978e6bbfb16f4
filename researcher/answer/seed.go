package answer

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/tyler-smith/go-bip39"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
)

// SeedSize is the bytes of a seed.
const SeedSize = 32

// ErrWords is returned when a text is not the 24 words of a seed.
var ErrWords = errors.New("answer: these are not the 24 words of a seed; check their spelling and order")

// Seed gives every key of a researcher.
type Seed [SeedSize]byte

// Format keeps the seed out of every print.
func (s Seed) Format(f fmt.State, _ rune) { fmt.Fprint(f, "answer.Seed(…)") }

// maxWords is far above what 24 words take.
const maxWords = 1 << 10

// SeedOf reads the 24 words of a seed, in any spacing and case.
func SeedOf(words string) (Seed, error) {
	if len(words) > maxWords {
		return Seed{}, ErrWords
	}
	raw, err := bip39.EntropyFromMnemonic(strings.Join(strings.Fields(strings.ToLower(words)), " "))
	if err != nil || len(raw) != SeedSize {
		return Seed{}, ErrWords
	}
	return Seed(raw), nil
}

// Words are the seed as 24 words of BIP-39, for paper.
func (s Seed) Words() (string, error) { return bip39.NewMnemonic(s[:]) }

// SigningKey signs what is asked.
func (s Seed) SigningKey() (*protocol.SigningKey, error) {
	return protocol.NewSigningKey(s.derive("locus/researcher/sign/v1", nil))
}

// derive is HKDF-SHA256 over the seed.
func (s Seed) derive(label string, salt []byte) []byte {
	key, err := hkdf.Key(sha256.New, s[:], salt, label, 32)
	if err != nil {
		panic("answer: HKDF of 32 bytes: " + err.Error())
	}
	return key
}

// Secrets are what one question's nonce gives with the seed.
type Secrets struct {
	Salt, Check           [32]byte
	KEMPrivate, KEMPublic []byte
}

// Format keeps the secrets out of every print.
func (s Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, "answer.Secrets(…)") }

// Secrets derives what belongs to one question.
func (s Seed) Secrets(nonce [32]byte) (Secrets, error) {
	out := Secrets{
		Salt:  [32]byte(s.derive("locus/researcher/salt/v1", nonce[:])),
		Check: [32]byte(s.derive("locus/researcher/check/v1", nonce[:])),
	}
	var err error
	out.KEMPrivate, out.KEMPublic, err = he.KEMFromSeed([32]byte(s.derive("locus/researcher/recipient/v1", nonce[:])))
	if err != nil {
		return Secrets{}, fmt.Errorf("make recipient key: %w", err)
	}
	return out, nil
}

// Body is what every site gets to read of a question.
func (s *Secrets) Body(cohort string, panel protocol.Digest, ranges []protocol.Range, passport []byte) protocol.QueryBody {
	return protocol.QueryBody{
		Salt: s.Salt, Cohort: cohort, Panel: panel, Ranges: ranges, CheckKey: s.Check, RecipientKey: s.KEMPublic, Passport: passport,
	}
}
