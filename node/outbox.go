package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// outbox holds the masked words of contributions, each under its digest.
type outbox struct{ dir string }

func (o outbox) path(d protocol.Digest) string { return filepath.Join(o.dir, d.String()) }

// put makes a mask's words durable.
func (o outbox) put(m *he.Mask) (digest protocol.Digest, err error) {
	err = createDurably(o.dir, func(w io.Writer) (string, error) {
		h := sha256.New()
		_, err := m.WriteTo(io.MultiWriter(w, h))
		digest = protocol.Digest(h.Sum(nil))
		return digest.String(), err
	})
	return digest, err
}

// holds reports whether words are there.
func (o outbox) holds(d protocol.Digest) bool {
	info, err := os.Lstat(o.path(d))
	return err == nil && info.Mode().IsRegular()
}

// open starts reading words at an offset.
func (o outbox) open(d protocol.Digest, offset int64) (wire.Bulk, error) {
	f, err := os.Open(o.path(d))
	if err != nil {
		return wire.Bulk{}, wire.CodeNotFound
	}
	info, err := f.Stat()
	if err == nil && (offset < 0 || offset > info.Size()) {
		err = wire.CodeInvalid
	}
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return wire.Bulk{}, errors.Join(err, f.Close())
	}
	return wire.Bulk{Size: info.Size(), Digest: d, Body: f}, nil
}

// keepOnly takes away all words but those named, and what was left half written.
// Nothing younger than an hour is touched: its records may be about to be written.
func (o outbox) keepOnly(keep map[protocol.Digest]bool) error {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return fmt.Errorf("clean the outbox: %w", err)
	}
	var errs []error
	for _, e := range entries {
		d, err := protocol.ParseHexDigest(e.Name())
		info, statErr := e.Info()
		switch {
		case err != nil && !strings.HasSuffix(e.Name(), temporary):
			continue // not ours
		case err == nil && keep[d], statErr != nil, time.Since(info.ModTime()) < time.Hour:
			continue
		}
		errs = append(errs, removeIfThere(filepath.Join(o.dir, e.Name())))
	}
	return errors.Join(errs...)
}

// clean forgets what expired sessions held, and words of those that a study had which was
// left: shares, words and the bytes of their contribution. What says that they were is kept.
func (n *Node) clean(ctx context.Context, now time.Time) error {
	keep := make(map[protocol.Digest]bool)
	err := n.records.update(ctx, func(tx querier) error {
		for _, statement := range []string{
			"DELETE FROM shares WHERE session IN (SELECT session FROM sessions WHERE expires <= ?)",
			"UPDATE sessions SET contribution = NULL WHERE expires <= ? AND contribution IS NOT NULL",
		} {
			if _, err := tx.ExecContext(ctx, statement, now.Unix()); err != nil {
				return err
			}
		}
		if err := cleanMotions(ctx, tx, now); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT words FROM sessions WHERE expires > ? AND contribution IS NOT NULL", now.Unix())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d protocol.Digest
			if err := rows.Scan(digestTo(&d)); err != nil {
				return err
			}
			keep[d] = true
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("clean the records: %w", err)
	}
	return n.outbox.keepOnly(keep)
}
