package node

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrExists is returned when a directory already holds a node.
	ErrExists = errors.New("node: this directory already holds a node")
	// ErrNoNode is returned when a directory holds no node.
	ErrNoNode = errors.New("node: no node in this directory; make one with init")
	// ErrConfig is returned when a setting cannot be used.
	ErrConfig = errors.New("node: bad setting")
)

// InitConfig is how a site names itself. All of it is written into rosters.
type InitConfig struct {
	// Name and Organisation are of the site and of who runs it.
	Name, Organisation string
	// Country is an ISO 3166-1 code of two letters; Region is free, such as "eu".
	Country, Region string
	// PeopleCap bounds the people that the site ever counts in one answer. It is
	// what the studies reckon with, so leave room; zero means DefaultPeopleCap.
	PeopleCap uint32
	// HeadFile is as in Config.
	HeadFile string
}

// DefaultPeopleCap is the cap of a site that names none.
const DefaultPeopleCap = 100_000

// maxPeopleCap keeps a site's counters far from any overflow.
const maxPeopleCap = 1 << 30

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// Check returns everything that is wrong with the configuration.
func (c InitConfig) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if !plainName(c.Name) {
		bad("a site has a name of at most %d bytes, on one line", maxName)
	}
	if !plainName(c.Organisation) {
		bad("a site belongs to an organisation with a name of at most %d bytes, on one line", maxName)
	}
	if !countryCode.MatchString(c.Country) {
		bad("a country is two capital letters, such as CH")
	}
	if len(c.Region) > maxName {
		bad("a region has at most %d bytes", maxName)
	}
	if c.PeopleCap > maxPeopleCap {
		bad("the cap on people is at most %d", maxPeopleCap)
	}
	return errors.Join(errs...)
}

// maxName bounds names of sites, organisations and cohorts, as rosters do.
const maxName = 128

// Config opens a node. Zero means the documented default.
type Config struct {
	// Dir is the node's directory. Needed.
	Dir string
	// HeadFile says how far the privacy ledger has come, so that records which were set back
	// are known for it. It MUST be outside of Dir and of its backups, at best on another
	// disk. Empty means the directory's name with ".head" behind it.
	HeadFile string
	// Log is told what an operator may want to know: never a count, a genotype, a
	// sample's name, a key or where the site's data are. Nil drops it.
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Entropy is where nonces and new keys come from. Nil means crypto/rand.
	Entropy io.Reader
	// Version is what the node says of its program. Empty means "dev".
	Version string
	// Parser is the program that parses files of genotypes, in a process of its own for
	// each reading: this one with the arguments that make it call worker.Child, which is
	// what locus-node sets. Without one they are parsed in this process, which has keys
	// and a network. That is for simulations and tests, whose files are their own.
	Parser worker.Program
	// ConsentFolder is where tables of consents are moved to, to be taken in while the node
	// serves. Empty means nowhere.
	ConsentFolder string
	// ConsentListen is the loopback address and port where they can be posted to. Empty means
	// nowhere.
	ConsentListen string
	// Workers bounds the tasks that are counted at one time. Zero means 1.
	Workers int
}

func (c Config) withDefaults() Config {
	if c.HeadFile == "" {
		c.HeadFile = filepath.Clean(c.Dir) + ".head"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = slog.New(discreet{c.Log.Handler(), c.Dir})
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Entropy == nil {
		c.Entropy = rand.Reader
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Workers == 0 {
		c.Workers = 1
	}
	return c
}

// settings are what the directory itself remembers: who the site is and, after it
// joined, where its coordinator is.
type settings struct {
	Version      int                 `json:"version"`
	Name         string              `json:"name"`
	Organisation string              `json:"organisation"`
	Country      string              `json:"country"`
	Region       string              `json:"region"`
	PeopleCap    uint32              `json:"peopleCap"`
	Coordinator  []protocol.Endpoint `json:"coordinator,omitempty"`
}

const (
	settingsName    = "node.json"
	settingsVersion = 1
	// maxSettings bounds the file: a few names and at most seven endpoints.
	maxSettings = 1 << 20
)

func loadSettings(dir string) (settings, error) {
	var s settings
	raw, err := readBounded(filepath.Join(dir, settingsName), maxSettings)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%w: %s", ErrNoNode, dir)
	}
	if err != nil {
		return s, fmt.Errorf("read settings: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("%w: %s is not JSON: %w", ErrConfig, settingsName, err)
	}
	if s.Version != settingsVersion {
		return s, fmt.Errorf("%w: %s is of version %d, this program knows %d", ErrConfig, settingsName, s.Version, settingsVersion)
	}
	return s, nil
}

func (s settings) save(dir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return writeDurably(filepath.Join(dir, settingsName), append(raw, '\n'))
}
