package researcher

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher/answer"
)

var (
	// ErrNoHome is returned when there is no key yet.
	ErrNoHome = errors.New("researcher: no key here; make one with `locus init`")
	// ErrExists is returned when a key would be overwritten.
	ErrExists = errors.New("researcher: there is a key already; it is not overwritten")
	// ErrNotJoined is returned for a study that was not pinned.
	ErrNotJoined = errors.New("researcher: not joined to this study; use `locus study join TOKEN`")
	// ErrRoster is returned when a study has another roster than the pinned one.
	ErrRoster = errors.New("researcher: this is another roster than the one you pinned")
)

const (
	seedFile     = "seed"
	identityFile = "identity.json"
	maxHomeFile  = 64 << 20
)

// Identity is who asks.
type Identity struct {
	Name         string `json:"name"`
	Organisation string `json:"organisation"`
}

// Home is a researcher's directory: the seed, the studies pinned, the questions asked.
type Home struct {
	dir      string
	identity Identity
	seed     answer.Seed
	key      *protocol.SigningKey
}

// Format keeps the seed out of every print.
func (h *Home) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "researcher.Home(%s)", h.dir) }

// Init makes a home with a new seed. It refuses a directory that has one.
func Init(dir string, who Identity) (*Home, error) {
	var seed answer.Seed
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("make seed: %w", err)
	}
	return initWith(dir, who, seed)
}

// Restore makes a home from the 24 words of a seed.
func Restore(dir string, who Identity, words string) (*Home, error) {
	seed, err := answer.SeedOf(words)
	if err != nil {
		return nil, err
	}
	return initWith(dir, who, seed)
}

func initWith(dir string, who Identity, seed answer.Seed) (*Home, error) {
	if strings.TrimSpace(who.Name) == "" || strings.TrimSpace(who.Organisation) == "" {
		return nil, errors.New("researcher: a name and an organisation are needed")
	}
	if _, err := os.Stat(filepath.Join(dir, seedFile)); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make home: %w", err)
	}
	if err := writeJSON(filepath.Join(dir, identityFile), who); err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(dir, seedFile), []byte(base64.StdEncoding.EncodeToString(seed[:])+"\n")); err != nil {
		return nil, err
	}
	return Load(dir)
}

// Load opens a home.
func Load(dir string) (*Home, error) {
	raw, err := os.ReadFile(filepath.Join(dir, seedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (looked in %s)", ErrNoHome, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(seed) != answer.SeedSize {
		return nil, fmt.Errorf("researcher: %s is damaged; restore it from its 24 words", filepath.Join(dir, seedFile))
	}
	h := &Home{dir: dir, seed: answer.Seed(seed)}
	if err := readJSON(filepath.Join(dir, identityFile), &h.identity); err != nil {
		return nil, err
	}
	h.key, err = h.seed.SigningKey()
	return h, err
}

// Dir is where the home is.
func (h *Home) Dir() string { return h.dir }

// Identity is who asks.
func (h *Home) Identity() Identity { return h.identity }

// Key signs what is asked.
func (h *Home) Key() *protocol.SigningKey { return h.key }

// Words are the seed as 24 words of BIP-39, for paper.
func (h *Home) Words() (string, error) { return h.seed.Words() }

// Card is what an operator needs to put a researcher into a roster.
type Card struct {
	Name         string `json:"name"`
	Organisation string `json:"organisation"`
	Key          []byte `json:"key"`
}

// Card is the public half of the home.
func (h *Home) Card() Card {
	return Card{Name: h.identity.Name, Organisation: h.identity.Organisation, Key: h.key.Public().Bytes()}
}

// Pinned is a study as it was joined.
type Pinned struct {
	Study     string              `json:"study"`
	Roster    protocol.Digest     `json:"roster"`
	Endpoints []protocol.Endpoint `json:"endpoints"`
}

// Join pins a study by its token. Joining the same again is harmless; another
// roster under the same name is refused unless replace is set, after its words
// were compared.
func (h *Home) Join(token string, replace bool) (Pinned, error) {
	t, err := protocol.ParseToken(token, protocol.StudyToken)
	if err != nil {
		return Pinned{}, err
	}
	if err := checkName(t.Study); err != nil || t.Roster.IsZero() {
		return Pinned{}, errors.New("researcher: the token names no study")
	}
	p := Pinned{Study: t.Study, Roster: t.Roster, Endpoints: t.Endpoints}
	if old, err := h.Study(t.Study); err == nil && old.Roster != p.Roster && !replace {
		return Pinned{}, fmt.Errorf("%w: study %q, whose words you have as %q; if its custodians told you of the change, use --replace",
			ErrRoster, t.Study, protocol.Words(old.Roster))
	}
	return p, writeJSON(h.path("studies", t.Study+".json"), p)
}

// Study returns what was pinned.
func (h *Home) Study(name string) (Pinned, error) {
	if err := checkName(name); err != nil {
		return Pinned{}, err
	}
	var p Pinned
	err := readJSON(h.path("studies", name+".json"), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return Pinned{}, fmt.Errorf("%w: %q", ErrNotJoined, name)
	}
	return p, err
}

// Studies are all that were pinned, by name.
func (h *Home) Studies() ([]Pinned, error) {
	files, err := globJSON(h.path("studies"))
	if err != nil {
		return nil, err
	}
	list := make([]Pinned, len(files))
	for i, f := range files {
		if err := readJSON(f, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (h *Home) path(parts ...string) string {
	return filepath.Join(append([]string{h.dir}, parts...)...)
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// checkName keeps a name that becomes a file's from being a path.
func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("researcher: %.64q is not a study's name: small letters, digits and hyphens", name)
	}
	return nil
}

func writeJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, append(raw, '\n'))
}

// writeFile replaces a file as a whole or not at all, readable by its owner only.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func readJSON(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() > maxHomeFile {
		return fmt.Errorf("read %s: over %d bytes", path, maxHomeFile)
	}
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func globJSON(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return files, nil
}

func decodeJSON(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}
