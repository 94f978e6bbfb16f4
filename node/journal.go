package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
)

// errJournal marks errors after which nothing may be answered any more: what happened could
// not be written into the audit log.
var errJournal = errors.New("node: the audit log could not be written")

// journal is the site's audit log while it serves. Whatever changes the records is a link of
// their chain; no answer leaves before all links are in the log, and what is no link - that a
// task came, what was decided, a refusal - is written there before the answer too. Commands
// that change the records beside a serving node write links, which the next answer waits for.
//
// Where the records were restored from an old copy, the log shows it: the places of the links
// go back.
type journal struct {
	log *audit.Log

	mu sync.Mutex
	// logged is the place of the last link that is in the log.
	logged uint64
	// told are tasks and refusals that were written down: a coordinator that asks again and
	// again does not fill the log.
	told map[said]bool

	// cosigned is how long the log was when a majority of the other sites cosigned it; of
	// keepCosigned alone.
	cosigned uint64
}

// said is what is written down once.
type said struct {
	kind    audit.Kind
	session protocol.SessionID
	code    uint16
}

// maxTold bounds what is remembered of what was written down; then it is forgotten.
const maxTold = 1 << 16

// journalName is where the log lies in a node's directory.
const journalName = "audit"

// kindOf are the kinds of entries for those of links.
func kindOf(link string) (audit.Kind, bool) {
	k, ok := map[string]audit.Kind{
		linkRoster: audit.KindRoster, linkCohort: audit.KindCohort, linkDeclaration: audit.KindDeclaration,
		linkContribution: audit.KindContribution, linkReleased: audit.KindReleased, linkVote: audit.KindVote,
		linkRestored: audit.KindRestored, linkGrant: audit.KindGrant, linkReopening: audit.KindReopening,
		linkConsent: audit.KindConsentEpoch, linkRevoked: audit.KindRevoked, linkVerdict: audit.KindVerdict,
		linkBudget: audit.KindBudget, linkDebit: audit.KindDebit, linkPolicy: audit.KindPolicyEpoch,
		linkOfficers: audit.KindOfficers, linkVoice: audit.KindVoice, linkFreeze: audit.KindFreeze,
		linkThaw: audit.KindThaw, linkTerms: audit.KindTerms, linkEvidence: audit.KindEvidence,
		linkKey: audit.KindKey, linkKeyRevoked: audit.KindRevoked,
		linkErased: audit.KindErased, linkLeft: audit.KindLeft,
	}[link]
	return k, ok
}

// openJournal opens the log, and brings it as far as the chain is.
func (n *Node) openJournal(ctx context.Context) (*journal, error) {
	log, err := audit.Open(ctx, audit.Config{
		Dir: filepath.Join(n.cfg.Dir, journalName), Origin: audit.NodeOrigin(n.card.NodeKey.ID()), Key: n.keys.Signing(), Now: n.cfg.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	j := &journal{log: log, told: make(map[said]bool)}
	if j.logged, err = n.inJournal(ctx, log); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if err := j.follow(ctx, n.records.db); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return j, nil
}

// started writes down that the node begins to serve.
func (j *journal) started(ctx context.Context, version string) error {
	return j.append(ctx, audit.Entry{Kind: audit.KindStart, Subject: protocol.Hash("locus/start/v1", []byte(version))})
}

// inJournal is the place of the last link of the chain that is in the log, 0 for none.
func (n *Node) inJournal(ctx context.Context, log *audit.Log) (uint64, error) {
	for i := log.Head().Size; i > 0; i-- {
		e, err := log.Entry(i - 1)
		if err != nil {
			return 0, fmt.Errorf("read the audit log: %w", err)
		}
		if e.Sequence == 0 {
			continue
		}
		known, err := isLink(ctx, n.records.db, e.Sequence, e.Head)
		if err != nil {
			return 0, err
		}
		if known {
			return e.Sequence, nil
		}
	}
	return 0, nil
}

func isLink(ctx context.Context, q querier, seq uint64, head protocol.Digest) (known bool, err error) {
	if seq > maxSequence {
		return false, nil
	}
	err = q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM chain WHERE seq = ? AND head = ?)", int64(seq), head[:]).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("read the chain: %w", err)
	}
	return known, nil
}

// follow writes down the links that are not in the log yet.
func (j *journal) follow(ctx context.Context, q querier) error {
	if debug.Without(debug.Recorded) {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	links, err := linksAfter(ctx, q, j.logged)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		return nil
	}
	if err := j.append(ctx, links...); err != nil {
		return err
	}
	j.logged = links[len(links)-1].Sequence
	return nil
}

// linksAfter are the links of the chain after a place, as entries.
func linksAfter(ctx context.Context, q querier, seq uint64) (list []audit.Entry, err error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, kind, digest, head FROM chain WHERE seq > ? ORDER BY seq", int64(seq))
	if err != nil {
		return nil, fmt.Errorf("read the chain: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e audit.Entry
		var kind string
		if err := rows.Scan(&e.Sequence, &kind, digestTo(&e.Subject), digestTo(&e.Head)); err != nil {
			return nil, fmt.Errorf("%w: the chain: %w", ErrRecords, err)
		}
		var ok bool
		if e.Kind, ok = kindOf(kind); !ok {
			return nil, fmt.Errorf("%w: a link of kind %q", ErrRecords, kind)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// append writes entries down.
func (j *journal) append(ctx context.Context, entries ...audit.Entry) error {
	_, err := j.log.AppendAll(ctx, entries)
	return journalError(ctx, err)
}

// receipted writes an entry down, and returns the proof of it.
func (j *journal) receipted(ctx context.Context, e audit.Entry) ([]byte, error) {
	at, err := j.log.Append(ctx, e)
	if err != nil {
		return nil, journalError(ctx, err)
	}
	raw, err := j.log.Receipt(at)
	return raw, journalError(ctx, err)
}

// cosign has the other sites cosign what the log has grown by since they did.
func (j *journal) cosign(ctx context.Context, n *Node, c *egress.Coordinator) error {
	witnesses, err := n.witnesses(ctx, c)
	if err != nil {
		return err
	}
	size := j.log.Head().Size
	if size == j.cosigned || len(witnesses) == 0 {
		return nil
	}
	if err := j.log.SetWitnesses(witnesses, len(witnesses)/2+1); err != nil {
		return err
	}
	if err := j.log.Cosign(ctx, size); err != nil {
		return err
	}
	j.cosigned = size
	return nil
}

// journalError is fatal, but for what passes.
func journalError(ctx context.Context, err error) error {
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, audit.ErrBusy):
		return err
	}
	return fmt.Errorf("%w: %w", errJournal, err)
}

// once writes entries down together, but for those that were written down of late. A decision
// is written whenever it is another.
func (j *journal) once(ctx context.Context, entries ...audit.Entry) error {
	if debug.Without(debug.Recorded) {
		return nil
	}
	j.mu.Lock()
	entries = slices.DeleteFunc(entries, func(e audit.Entry) bool { return e.Kind != audit.KindDecision && j.told[saidOf(e)] })
	j.mu.Unlock()
	if len(entries) == 0 {
		return nil
	}
	if err := j.append(ctx, entries...); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.told) >= maxTold {
		clear(j.told)
	}
	for _, e := range entries {
		j.told[saidOf(e)] = true
	}
	return nil
}

func saidOf(e audit.Entry) said { return said{e.Kind, e.Session, e.Code} }

// record writes down what is no link of the chain, behind the task that it is about.
func (s *server) record(ctx context.Context, on about, entries ...audit.Entry) error {
	if !on.task.Subject.IsZero() {
		entries = append([]audit.Entry{on.task}, entries...)
	}
	for i := range entries {
		entries[i].Session = on.session
		if on.pinned != nil {
			entries[i].Study = audit.StudyDigest(on.pinned.roster.Message.Study)
		}
	}
	return s.journal.once(ctx, entries...)
}

// recorded writes down what an answer says, before it leaves.
func (s *server) recorded(ctx context.Context, call protocol.Call, on about, answer []byte) error {
	var entries []audit.Entry
	if call == protocol.CallDeliver {
		entries = append(entries, audit.Entry{Kind: audit.KindReceived, Subject: protocol.Hash("locus/audit/received/v1", answer)})
	}
	return errors.Join(s.record(ctx, on, entries...), s.journal.follow(ctx, s.records.db))
}

// Close gives the log back.
func (j *journal) Close() error { return j.log.Close() }
