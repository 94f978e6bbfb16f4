package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// LeaveStudy ends this site's part in a study, at once and without anybody's consent: its roster
// ends here, as when a later one is accepted, and with none after it. Nothing is answered or opened
// under it any more, what is being counted is dropped, and the shares and words of its sessions are
// taken away. Grants of exact releases to the study are revoked, questions of it that wait for
// people are over, and it is told no more of a budget.
//
// What was released of people, and what was charged, stays: leaving refills nothing. A site that
// has left comes back by accepting a roster of a later epoch. It returns the epoch that it left.
func (n *Node) LeaveStudy(ctx context.Context, study string) (epoch uint64, err error) {
	var words []protocol.Digest
	err = n.records.update(ctx, func(tx querier) error {
		p, err := n.pinnedRoster(ctx, tx, study)
		if errors.Is(err, protocol.UnknownStudy) {
			return fmt.Errorf("%w: %q", ErrNoStudy, study)
		}
		if err != nil {
			return err
		}
		epoch = p.roster.Message.Epoch
		if words, err = wordsOf(ctx, tx, study); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM shares WHERE session IN (SELECT session FROM sessions WHERE study = ?)",
			"UPDATE sessions SET contribution = NULL WHERE study = ?",
			"UPDATE declarations SET current = 0 WHERE study = ?",
			"DELETE FROM reports WHERE study = ?",
			"UPDATE rosters SET state = '" + rosterEnded + "' WHERE study = ?",
		} {
			if _, err := tx.ExecContext(ctx, statement, study); err != nil {
				return err
			}
		}
		digest := p.digest()
		if _, err := appendLink(ctx, tx, linkLeft, protocol.Hash("locus/link/left/v1", digest[:])); err != nil {
			return err
		}
		return errors.Join(n.revokeGrants(ctx, tx, study), endQuestions(ctx, tx, digest))
	})
	if err != nil {
		return 0, err
	}
	n.cfg.Log.Warn("study left: nothing is answered under it any more", "study", study, "epoch", epoch)
	// What a power loss leaves of the words is nobody's to fetch, and cleaned up later.
	var errs []error
	for _, d := range words {
		errs = append(errs, removeIfThere(n.outbox.path(d)))
	}
	if err := errors.Join(errs...); err != nil {
		return 0, fmt.Errorf("%w: the study is left, and words of it are not all taken away: %w", errDisk, err)
	}
	return epoch, nil
}

// wordsOf are the words that a study's sessions have in the outbox.
func wordsOf(ctx context.Context, q querier, study string) (list []protocol.Digest, err error) {
	rows, err := q.QueryContext(ctx, "SELECT words FROM sessions WHERE study = ? AND contribution IS NOT NULL", study)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d protocol.Digest
		if err := rows.Scan(digestTo(&d)); err != nil {
			return nil, fmt.Errorf("%w: sessions: %w", ErrRecords, err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// revokeGrants ends what the custodian has let a study have beyond the limit.
func (n *Node) revokeGrants(ctx context.Context, tx querier, study string) error {
	all, err := n.grants(ctx, tx)
	if err != nil {
		return err
	}
	for _, g := range all {
		if !g.stands || g.signed.Message.Study != study {
			continue
		}
		if _, err := appendLink(ctx, tx, linkRevoked, g.signed.Digest()); err != nil {
			return err
		}
	}
	return nil
}

// endQuestions ends those that wait for people under a roster.
func endQuestions(ctx context.Context, tx querier, roster protocol.Digest) error {
	all, err := listMotions(ctx, tx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.kind != motionQuestion || m.state != motionOpen {
			continue
		}
		var kept keptQuestion
		if err := json.Unmarshal(m.payload, &kept); err != nil {
			return fmt.Errorf("%w: a question that waits: %w", ErrRecords, err)
		}
		if kept.Roster != roster {
			continue
		}
		if _, err := tx.ExecContext(ctx, "UPDATE motions SET state = ? WHERE id = ?", motionOver, m.id[:]); err != nil {
			return err
		}
	}
	return nil
}

// ended is a study that this site was in and has left. A member of its last roster is told so,
// signed, and does not wait.
func (s *server) ended(ctx context.Context, from wire.PeerID, study string) (about, error) {
	known, err := rostersOf(ctx, s.records.db, study)
	if err != nil {
		return about{}, err
	}
	for _, k := range slices.Backward(known) {
		p, err := s.rosterByDigest(ctx, s.records.db, k.digest)
		if err != nil {
			return about{}, err
		}
		if err := p.admits(from); err != nil {
			return about{}, err
		}
		return about{pinned: p}, fmt.Errorf("%w: this site has left the study", protocol.RosterNotPinned)
	}
	return about{}, wire.CodeNotFound
}

// lasts asks again, in the transaction that writes an answer down, what task has asked: a roster
// may have ended, a key may have been revoked, and everything may have been stopped since.
func (s *server) lasts(ctx context.Context, tx querier, on about, row *stored) error {
	now, err := s.rosterByDigest(ctx, tx, on.pinned.digest())
	if err != nil {
		return err
	}
	return errors.Join(now.inForce(), notFrozen(ctx, tx), s.unrevoked(ctx, tx, on.pinned, row))
}
