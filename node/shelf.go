package node

import (
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// errAdding is returned while another cohort is being added.
var errAdding = errors.New("node: another cohort is being added here; wait until it is")

// storeRecord is a store as the records have it. Its dataset is drawn anew for each, so
// that an older store cannot stand for a newer one.
type storeRecord struct {
	Dataset protocol.Digest `json:"dataset"`
	// Keyed tells that a key of its own seals it; else it is one that comes from the backup key.
	Keyed bool `json:"keyed,omitempty"`
}

func (r storeRecord) name() string { return hex.EncodeToString(r.Dataset[:16]) + storeSuffix }

// regionsName is where a cohort's callable regions are, if it has any. Cohorts that have
// the same share them.
func (d definition) regionsName() string { return hex.EncodeToString(d.Callable[:16]) + regionsSuffix }

const (
	storeSuffix   = ".store"
	regionsSuffix = ".bed"
)

// shelf is where the node keeps its cohorts' genotypes, sealed.
type shelf struct {
	dir     string
	keys    *keystore.Store
	entropy io.Reader
	parsing *parsing
	free    func(dir string) (int64, error) // room there
	askRoom int64                           // how much is written before the room is looked at again

	gaugeFrom, gaugeBytes int64 // from which size on so much is read first
}

// create begins a store; what it will be found by comes with it.
func (s *shelf) create(h store.Header) (*store.Writer, storeRecord, error) {
	var r storeRecord
	if _, err := io.ReadFull(s.entropy, r.Dataset[:]); err != nil {
		return nil, r, fmt.Errorf("name a dataset: %w", err)
	}
	r.Keyed = true
	aead, err := s.keys.NewCohortCipher(r.Dataset)
	if err != nil {
		return nil, r, err
	}
	h.Dataset = r.Dataset
	w, err := store.Create(filepath.Join(s.dir, r.name()), h, aead)
	return w, r, full(err)
}

// open opens the store of a dataset. One that is gone, damaged or another's is as good
// as changed.
func (s *shelf) open(r storeRecord) (*store.Reader, error) {
	aead, err := s.cipher(r)
	switch {
	case errors.Is(err, keystore.ErrErased):
		return nil, s.unsound(r, err)
	case err != nil:
		return nil, err
	}
	in, err := store.Open(filepath.Join(s.dir, r.name()), aead)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", errDatasetChanged, err) // which names it
	case errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrNotStore), errors.Is(err, store.ErrKey):
		return nil, s.unsound(r, err)
	case err != nil:
		return nil, err
	}
	if in.Header().Dataset != r.Dataset {
		return nil, errors.Join(fmt.Errorf("%w: its store is another dataset's", errDatasetChanged), in.Close())
	}
	return in, nil
}

// cipher opens what is sealed in a store.
func (s *shelf) cipher(r storeRecord) (cipher.AEAD, error) {
	if r.Keyed {
		return s.keys.CohortCipher(r.Dataset)
	}
	return s.keys.DerivedCipher(r.Dataset)
}

// unsound says which store is not what it was.
func (s *shelf) unsound(r storeRecord, err error) error {
	return fmt.Errorf("%w: %s: %w", errDatasetChanged, filepath.Join(s.dir, r.name()), err)
}

// lock lets one process at a time add stores and take them away.
func (s *shelf) lock() (io.Closer, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the stores: %w", err)
	}
	f, err := lock(s.dir)
	if errors.Is(err, ErrServing) {
		return nil, errAdding
	}
	return f, err
}

// sweep takes away what no cohort has: what was replaced, and what a kill left, the keys
// first. The caller holds the lock.
func (s *shelf) sweep(have []keptCohort) error {
	var keep []protocol.Digest
	for _, k := range have {
		if k.Store != nil {
			keep = append(keep, k.Store.Dataset)
		}
	}
	if !debug.Without(debug.CohortErased) {
		if err := s.keys.KeepCohortKeys(keep); err != nil {
			return err
		}
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("look through the stores: %w", err)
	}
	for _, f := range files {
		wanted := slices.ContainsFunc(have, func(k keptCohort) bool {
			return k.Store != nil && k.Store.name() == f.Name() || k.Callable != nil && k.regionsName() == f.Name()
		})
		if wanted || f.Name() == lockName {
			continue
		}
		if err := removeIfThere(filepath.Join(s.dir, f.Name())); err != nil {
			return fmt.Errorf("take a store away: %w", err)
		}
	}
	return syncDir(s.dir)
}

// near is the distance up to which two variants are asked for as one region.
const near = 1 << 10

// regionsOf are the stretches of a panel's ranges.
func regionsOf(p *panel.Panel, ranges []panel.Range) []store.Region {
	var regions []store.Region
	for _, r := range ranges {
		for i := r.From; i < r.To; i++ {
			v := p.At(int(i))
			if n := len(regions); n > 0 && regions[n-1].Contig == v.Contig && v.Pos-regions[n-1].To <= near {
				regions[n-1].To = v.Pos
				continue
			}
			regions = append(regions, store.Region{Contig: v.Contig, From: v.Pos, To: v.Pos})
		}
	}
	return regions
}
