package node

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/wire"
)

// patience is how long an Offer waits for its counting, before the coordinator is told
// to ask again.
const patience = 5 * time.Second

// offer answers with the site's contribution. The order in which things are asked is
// the order in which they stand here and in checks.
func (s *server) offer(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	study, err := protocol.OfferedStudy(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	on, err := s.study(ctx, from, study)
	if err != nil {
		return on, nil, err
	}
	o, err := on.pinned.roster.Message.ParseOffer(request, on.pinned.digest())
	if err != nil {
		return on, nil, s.notParsed(ctx, study, request, err)
	}
	task := &o.Task.Message
	on.session = task.Session()
	if err := s.signedBy(ctx, s.records.db, on.pinned, o.Task.Signer(), o.Header.Signer()); err != nil {
		return on, nil, err
	}
	q := &question{pinned: on.pinned, from: from, now: s.cfg.Now(), header: o.Header, sealed: o.Body, contents: o.Contents()}
	if err := errors.Join(inTime("attempt", task.Issued, task.Expires, q.now), checkLife(ctx, q), notFrozen(ctx, s.records.db)); err != nil {
		return on, nil, err
	}
	if answer, err := s.replay(ctx, on.session, o.Task.Digest()); err != nil || answer != nil {
		return on, answer, err
	}
	on.task = audit.Entry{Kind: audit.KindTask, Subject: o.Task.Digest(), Party: q.header.Message.Researcher}
	if err := s.admitted(ctx, on, q); err != nil {
		return on, nil, err
	}
	if err := s.ready(on.pinned); err != nil {
		return on, nil, err
	}
	answer, err := s.await(ctx, on, o, q)
	return on, answer, err
}

// admitted asks every rule about a question, and then the detector. What the detector stops
// does not wait for people.
func (s *server) admitted(ctx context.Context, on about, q *question) error {
	why := s.judge(ctx, q)
	if fatal(why) || ctx.Err() != nil {
		return errors.Join(why, ctx.Err())
	}
	variants, away := s.panelAsked(q)
	// What would be answered over a panel that is not here is looked at when it is: else
	// nobody knows where the variants lie.
	if !away || why != nil {
		if err := s.watched(ctx, q, why, variants); err != nil {
			return err
		}
	}
	return s.decided(ctx, on, q, why)
}

// notParsed says RosterNotPinned of an offer under a roster that has ended here.
func (s *server) notParsed(ctx context.Context, study string, request []byte, why error) error {
	known, err := rostersOf(ctx, s.records.db, study)
	if err != nil {
		return err
	}
	for _, k := range known {
		if k.state != rosterEnded {
			continue
		}
		p, err := s.rosterByDigest(ctx, s.records.db, k.digest)
		if err != nil {
			return err
		}
		if _, err := p.roster.Message.ParseOffer(request, k.digest); err == nil {
			return fmt.Errorf("%w: the offer is under epoch %d, which has ended", protocol.RosterNotPinned, k.epoch)
		}
	}
	if errors.As(why, new(protocol.Code)) {
		return why // signed by the right key, for what the roster does not allow
	}
	return fmt.Errorf("%w: %w", protocol.BadSignature, why)
}

// replay answers a session that was answered before: with the bytes that left, or
// with a no when it is not the same task. They are lost when the words are.
func (s *server) replay(ctx context.Context, id protocol.SessionID, task protocol.Digest) ([]byte, error) {
	row, err := readSession(ctx, s.records.db, id)
	if err != nil || row == nil {
		return nil, err
	}
	if row.task != task && !debug.Without(debug.Replay) {
		return nil, fmt.Errorf("%w: attempt %d was made under another task", protocol.TooManyAttempts, row.attempt)
	}
	if len(row.contribution) == 0 || !s.outbox.holds(row.words) {
		return nil, fmt.Errorf("%w: the words of attempt %d", protocol.Lost, row.attempt)
	}
	return row.contribution, nil
}

// await counts, or waits for the counting that is under way.
func (s *server) await(ctx context.Context, on about, o protocol.Offer, q *question) ([]byte, error) {
	b, err := s.jobs.start(on.session, func(ctx context.Context) error { return s.contribute(ctx, on.session, o, q) })
	if err != nil {
		return nil, err
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-enough.C:
		return nil, errWorking
	case <-b.done:
	}
	s.jobs.end(on.session, b)
	if b.err != nil {
		return nil, b.err
	}
	return s.replay(ctx, on.session, o.Task.Digest())
}

// contribute counts, encodes, masks and stores. Nothing of it has left when it returns.
func (s *server) contribute(ctx context.Context, id protocol.SessionID, o protocol.Offer, q *question) error {
	if row, err := readSession(ctx, s.records.db, id); err != nil || row != nil {
		return err // an offer that came at the same time has been answered
	}
	variants, err := s.panel(ctx, q)
	if err != nil {
		return err
	}
	if err := s.watched(ctx, q, nil, variants); err != nil {
		return err
	}
	c := &contribution{session: id, offer: o, question: q, identity: s.identity(q, variants)}
	words, err := s.words(ctx, c, variants)
	if err != nil {
		return err
	}
	defer clear(words)
	c.pin = s.keys.PinTag(tagWords, digestWords(words))
	root, err := s.keys.SessionRoot(q.now)
	if err != nil {
		return err
	}
	if err := s.hide(ctx, c, root, words); err != nil {
		return err
	}
	// Facts may have ended while it was counted. Keys are fetched before the records are held.
	if err := errors.Join(s.checkPassport(ctx, q), s.watched(ctx, q, nil, variants)); err != nil {
		return err
	}
	var signed []byte
	err = s.records.update(ctx, func(tx querier) error {
		signed, err = s.commit(ctx, tx, c)
		return err
	})
	if err != nil {
		return errors.Join(err, removeIfThere(s.outbox.path(c.words)))
	}
	s.cfg.Log.Info("contributed", "study", o.Task.Message.Study, "session", id.Short(), "attempt", o.Task.Message.Attempt, "bytes", len(signed))
	return nil
}

// panel returns the list of variants that the query selects from.
func (s *server) panel(ctx context.Context, q *question) (*panel.Panel, error) {
	c := s.door.Coordinator(s.Coordinator(), s.keys.Signing())
	defer c.Close()
	return s.panels.get(ctx, q.panel, c)
}

// digestOf names the variants that were asked for.
func digestOf(p *panel.Panel, ranges []panel.Range) protocol.Digest {
	return protocol.VariantsDigest(func(yield func(protocol.Variant) bool) {
		for _, r := range ranges {
			for i := r.From; i < r.To; i++ {
				if !yield(protocol.Variant(p.At(int(i)))) {
					return
				}
			}
		}
	})
}

// identity names the release that a question asks for, under the site's pin key.
func (s *Node) identity(q *question, variants *panel.Panel) protocol.Digest {
	return s.keys.IdentityTag(protocol.ReleaseIdentity(&q.header.Message, &q.body, digestOf(variants, q.ranges), q.contents))
}

// words counts and turns the counts into words, in mode dp with this site's noise.
func (s *server) words(ctx context.Context, c *contribution, variants *panel.Panel) ([]int64, error) {
	q := c.question
	if q.header.Message.Mode == protocol.Private {
		return s.privateWords(ctx, c, variants)
	}
	if _, err := s.mayRelease(ctx, s.records.db, q); err != nil {
		return nil, err
	}
	counts, err := s.countsOf(ctx, q, variants)
	if err != nil {
		return nil, err
	}
	defer clear(counts)
	words := make([]int64, q.vector.Words())
	if err := q.vector.Pack(words, counts); err != nil {
		return nil, fmt.Errorf("%w: the counts are beyond the caps of the roster", protocol.TooLarge)
	}
	return words, nil
}

// countsOf is AC and AN of each variant in turn.
func (s *server) countsOf(ctx context.Context, q *question, variants *panel.Panel) ([]int64, error) {
	counts, _, err := s.shelf.count(ctx, q.data, variants, q.ranges)
	switch {
	case errors.Is(err, errDatasetChanged):
		return nil, fmt.Errorf("%w: %w", protocol.DeclarationChanged, err)
	case errors.Is(err, errAssembly):
		return nil, fmt.Errorf("%w: %w", protocol.UnknownVariants, err)
	case err != nil:
		return nil, fmt.Errorf("count cohort %q: %w", q.data.Name, err)
	}
	if s.testOnlyCounts != nil {
		s.testOnlyCounts(counts)
	}
	return counts, nil
}

func digestWords(words []int64) []byte {
	h := sha256.New()
	var b [8 << 10]byte
	for chunk := range slices.Chunk(words, len(b)/8) {
		for i, w := range chunk {
			binary.BigEndian.PutUint64(b[8*i:], uint64(w))
		}
		h.Write(b[:8*len(chunk)])
	}
	return h.Sum(nil)
}

// contribution is what a commit needs.
type contribution struct {
	session  protocol.SessionID
	offer    protocol.Offer
	question *question
	// identity and pin are under the site's pin key.
	identity, pin protocol.Digest

	words  protocol.Digest
	check  he.Check
	salt   [protocol.SaltSize]byte
	shares [][]byte
	// own is the share to this site itself, as it is kept.
	own []byte
	// told are the sites that the shares tell the key of a pair.
	told []uint32
	// granted tells of an exact answer that it takes a custodian's grant.
	granted bool
}

// hide masks the words into the outbox and seals the key's shares to every site.
func (s *server) hide(ctx context.Context, c *contribution, root he.SessionRoot, words []int64) error {
	q := c.question
	r := &q.pinned.roster.Message
	key, err := he.NewCheckKey(q.body.CheckKey[:])
	if err != nil {
		return fmt.Errorf("%w: %w", protocol.BadBody, err)
	}
	mask, err := he.NewMask(he.Session{
		Params: q.vector.Params(), ID: he.SessionID(c.session), Points: r.Points(), Words: q.vector.Words(), Threshold: r.Threshold, Packing: r.Packing, CheckKey: key,
	}, root, words)
	if err != nil {
		return fmt.Errorf("mask the words: %w", err)
	}
	defer mask.Wipe()
	if c.words, err = s.outbox.put(mask); err != nil {
		return err
	}
	if c.check, err = mask.Check(); err != nil {
		return fmt.Errorf("mask the words: %w", err)
	}
	if r.Packing > 0 {
		return s.deal(ctx, c, mask)
	}
	return c.seal(mask)
}

// seal seals a share of the mask's secret to every site by itself.
func (c *contribution) seal(mask *he.Mask) error {
	q := c.question
	dealt, err := mask.Shares()
	if err != nil {
		return fmt.Errorf("share the key: %w", err)
	}
	for i, h := range dealt {
		info := protocol.ShareInfo(c.session, q.pinned.point, h.Point())
		sealed, err := h.Seal(c.offer.Declarations[i].Message.KEMKey, info)
		h.Wipe()
		if err != nil {
			return fmt.Errorf("seal the share of site %d: %w", h.Point(), err)
		}
		c.shares = append(c.shares, sealed)
	}
	c.own = c.shares[q.pinned.point-1]
	return nil
}
