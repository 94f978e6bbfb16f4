package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

// commit writes a contribution down: pin, history, link, session, in one transaction.
// What may have changed while genotypes were read is asked again here.
func (s *server) commit(ctx context.Context, tx querier, c *contribution) ([]byte, error) {
	q := c.question
	if err := s.still(ctx, tx, c); err != nil {
		return nil, err
	}
	if err := keepPin(ctx, tx, c.identity, c.pin); err != nil {
		return nil, err
	}
	if err := s.keepTags(ctx, tx, q.data); err != nil {
		return nil, err
	}
	if q.header.Message.Mode == protocol.Exact {
		var err error
		if c.granted, err = s.recordExact(ctx, tx, q); err != nil {
			return nil, err
		}
	}
	// The link does not name the header, which names the link.
	at, err := appendLink(ctx, tx, linkContribution, protocol.Hash("locus/link/contribution/v1", c.identity[:], c.words[:], c.session[:]))
	if err != nil {
		return nil, err
	}
	sent, err := s.sign(ctx, tx, c, at)
	if err != nil {
		return nil, err
	}
	raw, err := sent.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode a contribution: %w", err)
	}
	row := &stored{
		session: c.session, study: q.header.Message.Study, roster: q.pinned.digest(), query: q.header.Digest(),
		attempt: c.offer.Task.Message.Attempt, task: c.offer.Task.Digest(), expires: ends(c.offer), identity: c.identity,
		params: q.vector.Params().Name(), kem: q.declared.Message.KEMKey, asked: q.header.Bytes(), recipient: q.body.RecipientKey,
		header: sent.Header.Digest(), contribution: raw, words: c.words,
	}
	if err := row.insert(ctx, tx); err != nil {
		return nil, err
	}
	if err := s.rememberQuestion(ctx, tx, q); err != nil {
		return nil, err
	}
	// The share that a site deals to itself needs no carrier.
	own := share{point: q.pinned.point, header: row.header, sealed: c.own}
	if err := errors.Join(own.insert(ctx, tx, c.session), c.note(ctx, tx)); err != nil {
		return nil, err
	}
	return raw, s.tell(ctx, tx, notify.Notice{Kind: notify.TaskDone, Study: row.study, About: c.session, Numbers: []uint64{0}})
}

// recordExact writes down which variants of these people were released, and over which sites.
// It tells whether that is more than the limit.
func (s *server) recordExact(ctx context.Context, tx querier, q *question) (granted bool, err error) {
	add, err := s.mayRelease(ctx, tx, q)
	if err != nil {
		return false, err
	}
	if err := add.record(ctx, tx, q); err != nil {
		return false, err
	}
	return add.granted(), linkReleases(ctx, tx)
}

// ends is when nothing of an attempt is opened any more.
func ends(o protocol.Offer) time.Time {
	if q := o.Header.Message.Expires; q.Before(o.Task.Message.Expires) {
		return q
	}
	return o.Task.Message.Expires
}

// still requires that roster and dataset are as they were judged, and that the site's rules
// still allow it.
func (s *server) still(ctx context.Context, tx querier, c *contribution) error {
	q := c.question
	now, err := s.rosterByDigest(ctx, tx, q.pinned.digest())
	if err != nil {
		return err
	}
	signers := s.signedBy(ctx, tx, q.pinned, c.offer.Task.Signer(), q.header.Signer())
	if err := errors.Join(now.inForce(), notFrozen(ctx, tx), signers, s.admits(ctx, tx, q)); err != nil {
		return err
	}
	h, err := s.content(ctx, tx, &q.pinned.roster.Message, q.pinned.point)
	if err != nil {
		return err
	}
	if h.digest != q.declared.Message.Content && !debug.Without(debug.OwnDeclaration) {
		return fmt.Errorf("%w: while it was counted", protocol.DeclarationChanged)
	}
	return nil
}

// keepPin pins the encoded words of a release, or refuses other ones.
func keepPin(ctx context.Context, tx querier, identity, words protocol.Digest) error {
	known, err := readDigest(ctx, tx, "SELECT words FROM pins WHERE identity = ?", identity)
	if err != nil {
		return err
	}
	if !known.IsZero() && known != words && !debug.Without(debug.PinnedPlaintext) {
		return fmt.Errorf("%w: release %s", protocol.DataChanged, identity.Short())
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO pins (identity, words) VALUES (?, ?)", identity[:], words[:])
	return err
}

// sign makes the contribution. It says which set the release is bound to, with the
// cut that bound it, when this site has voted on it before.
func (s *server) sign(ctx context.Context, tx querier, c *contribution, at link) (protocol.Contribution, error) {
	q := c.question
	h := protocol.ContributionHeader{
		Session: c.session, Roster: q.pinned.digest(), Point: q.pinned.point, Declaration: q.declared.Digest(), Params: q.vector.Params().Name(),
		Coefficients: uint64(q.vector.Words()), Words: c.words, Check: c.check, Sequence: at.seq, Head: at.head,
		Shares: protocol.SharesRoot(c.shares), Salt: c.salt, Granted: c.granted,
	}
	sent := protocol.Contribution{Shares: c.shares}
	bound, err := readBallot(ctx, tx, c.identity)
	if err != nil {
		return sent, err
	}
	if bound != nil && !debug.Without(debug.SetAdoption) {
		h.Bound, sent.BoundBy = bound.points, bound.cut
	}
	if sent.Header, err = protocol.Sign(h, s.keys.Signing()); err != nil {
		return sent, fmt.Errorf("sign a contribution: %w", err)
	}
	return sent, nil
}
