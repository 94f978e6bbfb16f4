package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// ErrErase is returned when a cohort cannot be erased.
var ErrErase = errors.New("node: this cohort cannot be erased")

// ErasureProof is what a site signs of a cohort that it has erased, for `locus audit verify`.
type ErasureProof struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Statement is a signed note (audit.Erasure).
	Statement string `json:"statement"`
	// Receipt proves that the site's audit log says so too. It is missing while another process
	// has the log and has not written it down yet.
	Receipt string `json:"receipt,omitempty"`
}

// The steps of an erasure, each of which is durable before the next.
const (
	eraseKey     = "the key is destroyed"
	eraseRecords = "the records say so"
	eraseFiles   = "the files are gone"
)

// EraseCohort erases a cohort's genotypes: it destroys the key that they are sealed with, forgets
// the cohort, takes the sealed files away, and proves it. The key goes first, so that nothing says
// that a cohort was erased which can still be opened; an erasure that ended in the middle is
// finished by asking for it again. Of a cohort that was erased and is not there any more it gives
// the proof again, with the receipt as the log has it now.
//
// It does not reach what the node does not keep: the files that the cohort was added from, the
// sample table, copies of them, and a copy of the key.
func (n *Node) EraseCohort(ctx context.Context, name string) (ErasureProof, error) {
	held, err := n.shelf.lock()
	if err != nil {
		return ErasureProof{}, err
	}
	defer held.Close()
	d, err := readCohort(ctx, n.records.db, name)
	switch {
	case errors.Is(err, protocol.UnknownCohort):
		return n.proofOfErasure(ctx, name)
	case err != nil:
		return ErasureProof{}, err
	case d.Store == nil:
		return ErasureProof{}, fmt.Errorf("%w: this node keeps no genotypes of %q; cohort remove forgets it, and its files are yours to delete", ErrErase, name)
	case !d.Store.Keyed:
		return ErasureProof{}, fmt.Errorf("%w: the store of %q was made before stores had keys of their own, so that there is no key to destroy; add the cohort again first, or use cohort remove", ErrErase, name)
	}
	if !debug.Without(debug.CohortErased) {
		if err := n.keys.EraseCohortKey(d.Store.Dataset); err != nil {
			return ErasureProof{}, err
		}
	}
	if err := n.eraseStep(eraseKey); err != nil {
		return ErasureProof{}, err
	}
	if err := n.recordErasure(ctx, d); err != nil {
		return ErasureProof{}, err
	}
	if err := n.eraseStep(eraseRecords); err != nil {
		return ErasureProof{}, err
	}
	n.cfg.Log.Warn("cohort erased: its key is destroyed", "cohort", name)
	return n.proofOfErasure(ctx, name)
}

func (n *Node) eraseStep(step string) error {
	if n.testOnlyErase == nil {
		return nil
	}
	return n.testOnlyErase(step)
}

// recordErasure forgets a cohort, and signs that it was erased.
func (n *Node) recordErasure(ctx context.Context, d definition) error {
	e := audit.Erasure{
		Node: n.card.NodeKey.ID(), Cohort: d.Name, Dataset: d.Store.Dataset, Content: d.content(n.keys.DeclarationTag), At: n.cfg.Now(),
	}
	subject := e.Subject()
	err := n.records.update(ctx, func(tx querier) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM cohorts WHERE name = ?", d.Name); err != nil {
			return err
		}
		at, err := appendLink(ctx, tx, linkErased, subject)
		if err != nil {
			return err
		}
		e.Sequence, e.Head = at.seq, at.head
		note, err := e.Sign(n.keys.Signing())
		if err != nil {
			return fmt.Errorf("sign an erasure: %w", err)
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO erasures (digest, name, note) VALUES (?, ?, ?)", subject[:], d.Name, note)
		return err
	})
	if err != nil {
		return err
	}
	// What was known of the cohort is overwritten in the records; here also in what SQLite has
	// beside them. A reader that is in the way leaves it to the next time.
	if _, err := n.records.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		n.cfg.Log.Warn("the journal of the records is not emptied yet", "why", err)
	}
	return nil
}

// proofOfErasure takes away what may be left of the files of an erased cohort, and proves the
// last erasure of that name. The caller holds the shelf's lock.
func (n *Node) proofOfErasure(ctx context.Context, name string) (ErasureProof, error) {
	var subject protocol.Digest
	var note []byte
	err := n.records.db.QueryRowContext(ctx, "SELECT digest, note FROM erasures WHERE name = ? ORDER BY rowid DESC LIMIT 1", name).Scan(digestTo(&subject), &note)
	if errors.Is(err, sql.ErrNoRows) {
		return ErasureProof{}, fmt.Errorf("%w: %q", ErrNoCohort, name)
	}
	if err != nil {
		return ErasureProof{}, fmt.Errorf("read the erasures: %w", err)
	}
	have, err := readCohorts(ctx, n.records.db)
	if err != nil {
		return ErasureProof{}, err
	}
	if err := n.shelf.sweep(have); err != nil {
		return ErasureProof{}, err
	}
	if err := n.eraseStep(eraseFiles); err != nil {
		return ErasureProof{}, err
	}
	proof := ErasureProof{APIVersion: rest.APIVersion, Kind: "erasure", Statement: string(note)}
	receipt, err := n.logged(ctx, audit.KindErased, subject)
	if err != nil {
		n.cfg.Log.Warn("the proof has no receipt of the audit log; ask for it again", "cohort", name, "why", err)
	}
	proof.Receipt = string(receipt)
	return proof, nil
}

// logged is the receipt of an entry. Where nobody else has the log, what it lacks is written down
// first; a serving node does that by itself, with its next answer.
func (n *Node) logged(ctx context.Context, kind audit.Kind, subject protocol.Digest) ([]byte, error) {
	switch j, err := n.openJournal(ctx); {
	case errors.Is(err, audit.ErrLocked):
	case err != nil:
		return nil, err
	default:
		if err := j.Close(); err != nil {
			return nil, err
		}
	}
	dir, origin, key := filepath.Join(n.cfg.Dir, journalName), audit.NodeOrigin(n.card.NodeKey.ID()), n.keys.Signing().Public()
	var found []uint64
	_, err := audit.Read(dir, origin, key, 0, func(index uint64, e audit.Entry) error {
		if e.Kind == kind && e.Subject == subject {
			found = append(found, index)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil, len(found) == 0:
		return nil, err
	}
	return audit.ReadReceipt(dir, origin, key, found[len(found)-1])
}
