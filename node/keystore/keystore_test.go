package keystore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// newStore makes a store of new keys.
func newStore(t *testing.T) (*keystore.Store, keystore.Config) {
	t.Helper()
	c := keystore.Config{Dir: filepath.Join(t.TempDir(), "keys")}
	if err := keystore.Create(c, now); err != nil {
		t.Fatal(err)
	}
	return open(t, c), c
}

func open(t *testing.T, c keystore.Config) *keystore.Store {
	t.Helper()
	s, err := keystore.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeysAreTheSameAfterOpening(t *testing.T) {
	s, c := newStore(t)
	again := open(t, c)
	if s.Signing().Public().ID() != again.Signing().Public().ID() || s.Custodian().Public().ID() != again.Custodian().Public().ID() ||
		s.Network().ID() != again.Network().ID() || s.PinTag("d") != again.PinTag("d") || s.DeclarationTag("d") != again.DeclarationTag("d") {
		t.Error("other keys")
	}
	if s.Signing().Public().ID() == s.Custodian().Public().ID() || s.PinTag("d") == s.DeclarationTag("d") {
		t.Error("two keys are one")
	}
	if err := keystore.Create(c, now); !errors.Is(err, keystore.ErrExists) {
		t.Errorf("making keys over keys: got %v, want %v", err, keystore.ErrExists)
	}
}

func TestStoreIsNotOpened(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(dir string) error
		want  error
	}{
		{"when others may read the directory", func(dir string) error { return os.Chmod(dir, 0o750) }, keystore.ErrMode},
		{"when others may read a key", func(dir string) error { return os.Chmod(filepath.Join(dir, "signing"), 0o640) }, keystore.ErrMode},
		{"when a key is a link", func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, "pin"), filepath.Join(dir, "else")), os.Symlink("else", filepath.Join(dir, "pin")))
		}, keystore.ErrMode},
		{"when a key is cut short", func(dir string) error { return os.Truncate(filepath.Join(dir, "custodian"), 31) }, keystore.ErrDamaged},
		{"when a key is missing", func(dir string) error { return os.Remove(filepath.Join(dir, "network")) }, fs.ErrNotExist},
		{"when a key is far too long", func(dir string) error { return os.Truncate(filepath.Join(dir, "backup"), 1<<20) }, keystore.ErrDamaged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := newStore(t)
			if err := tt.spoil(c.Dir); err != nil {
				t.Fatal(err)
			}
			if _, err := keystore.Open(c); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// The modes do not depend on the umask, and no key is anybody else's to read.
func TestModes(t *testing.T) {
	s, c := newStore(t)
	if _, err := s.SessionRoot(now.Add(day)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", d.Name(), info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The root of a day gives that of the next and not the other way round: what was on
// the disk the day before is gone from it.
func TestRootIsRatchetedAndTheOldOneErased(t *testing.T) {
	s, c := newStore(t)
	file := filepath.Join(c.Dir, "root")
	first := read(t, file)
	if _, err := s.SessionRoot(now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, file), first) {
		t.Error("it is another on the same day")
	}
	old, err := os.Open(file) // as a thief holds it open
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := s.SessionRoot(now.Add(3 * day)); err != nil {
		t.Fatal(err)
	}
	third := read(t, file)
	if bytes.Equal(third, first) {
		t.Fatal("it is the same three days later")
	}
	left := make([]byte, len(first))
	if _, err := old.ReadAt(left, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(left, make([]byte, len(first))) {
		t.Error("the old root is still in its file")
	}
	if _, err := s.SessionRoot(now); err != nil || !bytes.Equal(read(t, file), third) {
		t.Errorf("a clock that was set back brings an older root back: %v", err)
	}
	if _, err := s.SessionRoot(now.Add(200 * 365 * day)); !errors.Is(err, keystore.ErrDamaged) {
		t.Errorf("two centuries later: got %v, want %v", err, keystore.ErrDamaged)
	}
}

// Day by day or all at once, the root of a day is the same: a node that was off for a
// week has the secrets that it would have had.
func TestRatchetDoesNotDependOnWhenItIsAsked(t *testing.T) {
	s, c := newStore(t)
	copied := keystore.Config{Dir: filepath.Join(t.TempDir(), "copy")}
	if err := os.CopyFS(copied.Dir, os.DirFS(c.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(copied.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries(t, copied.Dir) {
		if err := os.Chmod(filepath.Join(copied.Dir, e.Name()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, copied)
	for d := range 8 {
		if _, err := s.SessionRoot(now.Add(time.Duration(d) * day)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.SessionRoot(now.Add(7 * day)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, filepath.Join(c.Dir, "root")), read(t, filepath.Join(copied.Dir, "root"))) {
		t.Error("two roots of one day")
	}
}

func TestKEMKeysAreRenewedAndErased(t *testing.T) {
	s, c := newStore(t)
	first := kem(t, s, now)
	if !bytes.Equal(kem(t, s, now.Add(keystore.KEMDeclared-time.Second)).Public, first.Public) {
		t.Error("it is renewed too early")
	}
	second := kem(t, s, now.Add(keystore.KEMDeclared))
	if bytes.Equal(second.Public, first.Public) {
		t.Fatal("it is declared for too long: a query could outlive it")
	}
	if _, err := s.KEMPrivate(first.Public); err != nil {
		t.Errorf("a query for the first key cannot be opened any more: %v", err)
	}
	if got := kem(t, open(t, c), now.Add(keystore.KEMLife-time.Second)); !bytes.Equal(got.Public, second.Public) {
		t.Error("another key after opening")
	}
	kem(t, s, now.Add(keystore.KEMLife))
	if _, err := s.KEMPrivate(first.Public); !errors.Is(err, keystore.ErrErased) {
		t.Errorf("after its life: got %v, want %v", err, keystore.ErrErased)
	}
	if _, err := s.KEMPrivate(second.Public); err != nil {
		t.Errorf("the second was erased too: %v", err)
	}
	if n := len(entries(t, c.Dir)); n != 9 { // seven seeds, the root and one KEM key
		t.Errorf("%d files are left", n)
	}
}

func TestBackupOpensAtThisSiteInItsPlace(t *testing.T) {
	s, _ := newStore(t)
	other, _ := newStore(t)
	sealed, err := s.SealBackup("place", []byte("votes"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.OpenBackup("place", sealed); err != nil || string(plain) != "votes" {
		t.Errorf("%q, %v", plain, err)
	}
	for _, tt := range []struct {
		name  string
		at    *keystore.Store
		place string
		bytes []byte
	}{
		{"at another site", other, "place", sealed},
		{"in another place", s, "else", sealed},
		{"cut short", s, "place", sealed[:len(sealed)-1]},
		{"without a nonce", s, "place", sealed[:5]},
		{"altered", s, "place", append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1)},
	} {
		if _, err := tt.at.OpenBackup(tt.place, tt.bytes); !errors.Is(err, keystore.ErrBackup) {
			t.Errorf("%s: got %v, want %v", tt.name, err, keystore.ErrBackup)
		}
	}
}

// A sealer is asked for every file, under the file's own name.
func TestSealerSealsEveryFile(t *testing.T) {
	c := keystore.Config{Dir: filepath.Join(t.TempDir(), "keys"), Sealer: labelled{}}
	if err := keystore.Create(c, now); err != nil {
		t.Fatal(err)
	}
	s := open(t, c)
	if _, err := s.SessionRoot(now.Add(day)); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries(t, c.Dir) {
		if raw := read(t, filepath.Join(c.Dir, e.Name())); !strings.HasPrefix(string(raw), "sealed as "+e.Name()+":") {
			t.Errorf("%s is not sealed", e.Name())
		}
	}
	if err := os.Rename(filepath.Join(c.Dir, "pin"), filepath.Join(c.Dir, "declaration")); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.Open(c); err == nil {
		t.Error("one key stands for another")
	}
}

// labelled is a sealer that writes down what it was asked to seal.
type labelled struct{}

// Seal puts the label in front.
func (labelled) Seal(label string, secret []byte) ([]byte, error) {
	return append([]byte("sealed as "+label+":"), secret...), nil
}

// Open wants the same label.
func (labelled) Open(label string, sealed []byte) ([]byte, error) {
	secret, ok := bytes.CutPrefix(sealed, []byte("sealed as "+label+":"))
	if !ok {
		return nil, errors.New("sealed under another label")
	}
	return bytes.Clone(secret), nil
}

func TestSecretsAreNotPrinted(t *testing.T) {
	s, c := newStore(t)
	raw, err := json.Marshal(map[string]any{"keys": s})
	if err != nil {
		t.Fatal(err)
	}
	printed := string(raw) + fmt.Sprintf("%v %+v %#v %s %x %d", s, s, s, s, s, s)
	for _, e := range entries(t, c.Dir) {
		seed := read(t, filepath.Join(c.Dir, e.Name()))
		if strings.Contains(printed, string(seed)) || strings.Contains(printed, fmt.Sprintf("%x", seed)) {
			t.Errorf("%s is printed", e.Name())
		}
	}
	if strings.Count(printed, "keystore.Store(…)") != 7 {
		t.Errorf("printed as %s", printed)
	}
}

func TestEntropyThatEndsMakesNoKeys(t *testing.T) {
	c := keystore.Config{Dir: filepath.Join(t.TempDir(), "keys"), Entropy: strings.NewReader("too little")}
	if err := keystore.Create(c, now); err == nil {
		t.Error("keys were made")
	}
}

func kem(t *testing.T, s *keystore.Store, at time.Time) keystore.KEM {
	t.Helper()
	k, err := s.KEM(at)
	if err != nil {
		t.Fatal(err)
	}
	if len(k.Public) != protocol.KEMKeySize || !k.Until.After(at) {
		t.Errorf("a key of %d bytes until %v", len(k.Public), k.Until)
	}
	return k
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func entries(t *testing.T, dir string) []fs.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A key that was rotated in the second in which the first was made is the one that is declared.
func TestRotatedKeysAreTheNewest(t *testing.T) {
	s, c := newStore(t)
	first, root := kem(t, s, now), read(t, filepath.Join(c.Dir, "root"))
	second, err := s.Rotate(now, false)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(read(t, filepath.Join(c.Dir, "root")), root) {
		t.Error("the root is the old one")
	}
	if got := kem(t, open(t, c), now); !bytes.Equal(got.Public, second.Public) || bytes.Equal(got.Public, first.Public) {
		t.Error("the key that is declared is the old one")
	}
	if _, err := s.KEMPrivate(first.Public); err != nil {
		t.Errorf("what was sealed to the first: %v", err)
	}
	third, err := s.Rotate(now, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []keystore.KEM{first, second} {
		if _, err := s.KEMPrivate(k.Public); !errors.Is(err, keystore.ErrErased) {
			t.Errorf("after erasing: got %v, want %v", err, keystore.ErrErased)
		}
	}
	if got := kem(t, s, now); !bytes.Equal(got.Public, third.Public) {
		t.Error("another key is declared")
	}
}

// Who rotates without end is stopped before the store is too full to be read.
func TestRotationLeavesRoomForTime(t *testing.T) {
	s, _ := newStore(t)
	var err error
	for range 100 {
		if _, err = s.Rotate(now, false); err != nil {
			break
		}
	}
	if !errors.Is(err, keystore.ErrMany) {
		t.Fatalf("got %v, want %v", err, keystore.ErrMany)
	}
	kem(t, s, now.Add(keystore.KEMDeclared+time.Hour))
	if _, err := s.Rotate(now.Add(time.Hour), true); err != nil {
		t.Errorf("erasing the old ones: %v", err)
	}
}
