package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

// Node is one site's directory, opened.
type Node struct {
	cfg     Config
	keys    *keystore.Store
	records *records
	door    *egress.Door
	outbox  outbox
	panels  panels
	shelf   shelf
	card    protocol.Card

	consents consents
	policies policies

	// ledger is nil, and ledgerErr says why, when it cannot be used.
	ledger    *ledger.Ledger
	ledgerErr error

	// wake tells the process that serves that something is to be told. It has one place.
	wake chan struct{}

	mu       sync.Mutex
	settings settings

	// testOnlyErase may end an erasure after a step of it, as a power loss does.
	testOnlyErase func(step string) error
	// testOnlyCounts may change what was counted, before it is encoded.
	testOnlyCounts func([]int64)
}

// What lies in a node's directory.
const (
	keysName    = "keys"
	recordsName = "records.db"
	outboxName  = "outbox"
	panelsName  = "panels"
	shelfName   = "cohorts"
	lockName    = "lock"
	egressName  = "egress.log"
	witnessName = "witness"
)

// Init makes a node in an empty or new directory: its keys, which never leave it,
// and its records. A directory that holds keys is left alone (ErrExists).
func Init(dir string, c InitConfig) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.PeopleCap == 0 {
		c.PeopleCap = DefaultPeopleCap
	}
	head := Config{Dir: dir, HeadFile: c.HeadFile}.withDefaults().HeadFile
	for _, path := range []string{filepath.Join(dir, settingsName), filepath.Join(dir, keysName), filepath.Join(dir, recordsName), head} {
		switch _, err := os.Lstat(path); {
		case err == nil:
			return fmt.Errorf("%w: there is %s", ErrExists, path)
		case !errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("make the node's directory: %w", err)
		}
	}
	for _, d := range []string{dir, filepath.Join(dir, outboxName), filepath.Join(dir, panelsName)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("make the node's directory: %w", err)
		}
	}
	def := Config{}.withDefaults()
	if err := keystore.Create(keystore.Config{Dir: filepath.Join(dir, keysName), Entropy: def.Entropy}, def.Now()); err != nil {
		return err
	}
	r, err := openRecords(filepath.Join(dir, recordsName))
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("make the records: %w", err)
	}
	// The settings are last: without them there is no node to open.
	return settings{
		Version: settingsVersion, Name: c.Name, Organisation: c.Organisation,
		Country: c.Country, Region: c.Region, PeopleCap: c.PeopleCap,
	}.save(dir)
}

// Open opens a node's directory. Nothing is dialled and nothing answered before
// Run or Serve. The caller MUST Close it.
func Open(c Config) (*Node, error) {
	c = c.withDefaults()
	s, err := loadSettings(c.Dir)
	if err != nil {
		return nil, err
	}
	keys, err := keystore.Open(keystore.Config{Dir: filepath.Join(c.Dir, keysName), Entropy: c.Entropy})
	if err != nil {
		return nil, err
	}
	door, err := egress.Open(filepath.Join(c.Dir, egressName), c.Now)
	if err != nil {
		return nil, err
	}
	r, err := openRecords(filepath.Join(c.Dir, recordsName))
	if err != nil {
		return nil, errors.Join(err, door.Close())
	}
	n := &Node{
		cfg: c, keys: keys, records: r, door: door, settings: s, wake: make(chan struct{}, 1),
		outbox: outbox{filepath.Join(c.Dir, outboxName)}, panels: panels{dir: filepath.Join(c.Dir, panelsName)},
		shelf: shelf{
			dir: filepath.Join(c.Dir, shelfName), keys: keys, entropy: c.Entropy, parsing: newParsing(c),
			free: freeBytes, askRoom: askRoom, gaugeFrom: gaugeFrom, gaugeBytes: gaugeBytes,
		},
	}
	n.card = protocol.Card{
		Name: s.Name, Organisation: s.Organisation, Country: s.Country, Region: s.Region,
		NodeKey: keys.Signing().Public(), CustodianKey: keys.Custodian().Public(),
		Peer: string(keys.Network().ID()), PeopleCap: s.PeopleCap,
	}
	n.openLedger(context.Background())
	return n, nil
}

// Close gives the records back. A Run that is under way MUST have returned.
func (n *Node) Close() error { return errors.Join(n.records.Close(), n.door.Close()) }

// Card is what the site shows of itself when it asks to join.
func (n *Node) Card() protocol.Card { return n.card }

// Dir is the directory that was opened.
func (n *Node) Dir() string { return n.cfg.Dir }

// Coordinator returns where the site's coordinator is, none before it joined.
func (n *Node) Coordinator() []protocol.Endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.settings.Coordinator
}

// Domains of digests under the site's keys.
const (
	tagContent = "locus/content/v1"
	tagWords   = "locus/pin/v1"
)
