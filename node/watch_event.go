package node

import (
	"context"
	"errors"
	"io/fs"
	"regexp"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/wire"
)

// The domains of what an event has under a key of the site's.
const (
	domainAskedCohort = "locus/detect/cohort/v1"
	domainAskedPeople = "locus/detect/people/v1"
)

// watched shows a question to the detector, with what it was refused with, and refuses what
// is stopped. A question that passed is shown again before it is committed: somebody may have
// been frozen since.
//
// In mode dp nothing in an event depends on data, but for the outcome, which no rule asks for.
func (s *server) watched(ctx context.Context, q *question, why error, variants *panel.Panel) error {
	v, err := s.watch.observe(ctx, s.eventOf(q, why, variants))
	if err != nil {
		return err
	}
	return stopped(&v)
}

// unsigned shows a message to the detector that is not signed by whom it speaks for.
func (s *server) unsigned(ctx context.Context, from wire.PeerID, study string) error {
	_, err := s.watch.observe(ctx, detect.Event{
		Kind: detect.Unsigned, At: s.cfg.Now(), Study: study, Peer: detect.PeerID(string(from)), Outcome: protocol.BadSignature,
	})
	return err
}

// eventOf is what the detector sees of a question: what is signed and sealed, and in mode
// exact a name of the people, under a key of the site's.
func (s *server) eventOf(q *question, why error, variants *panel.Panel) detect.Event {
	h := &q.header.Message
	e := detect.Event{
		Kind: detect.Asked, At: s.cfg.Now(), Study: h.Study, Researcher: h.Researcher, Peer: detect.PeerID(string(q.from)),
		Query: q.header.Digest(), Mode: h.Mode, Outcome: outcomeOf(why),
	}
	if q.body.Cohort != "" {
		e.Cohort = s.keys.PinTag(domainAskedCohort, []byte(q.body.Cohort))
	}
	if h.Mode == protocol.Exact && !q.data.Persons.IsZero() {
		e.People = s.keys.PinTag(domainAskedPeople, q.data.Persons[:])
	}
	e.Panel = q.body.Panel
	for _, r := range q.body.Ranges {
		if r.To > protocol.MaxVariants {
			e.Ranges = nil // of no panel
			break
		}
		e.Ranges = append(e.Ranges, placed(r, variants))
	}
	return e
}

// placed says where a range lies, if its panel is known and it is on one contig.
func placed(r protocol.Range, variants *panel.Panel) detect.Range {
	out := detect.Range{From: r.From, To: r.To}
	if variants == nil || r.To > uint64(variants.Len()) {
		return out
	}
	first, last := variants.At(int(r.From)), variants.At(int(r.To-1))
	if first.Contig == last.Contig && len(first.Contig) <= detect.MaxContig {
		out.Contig, out.First, out.Last = first.Contig, first.Pos, last.Pos
	}
	return out
}

// panelAsked is the panel that a question is about, where it lies: nil where the question is
// known, so that nobody looks at it, or of no panel of its roster. away tells that it was not
// fetched yet.
func (s *server) panelAsked(q *question) (variants *panel.Panel, away bool) {
	ref, ok := q.pinned.roster.Message.Panel(q.body.Panel)
	if !ok || s.watch.detector.Knows(q.header.Message.Researcher, q.header.Digest(), s.cfg.Now()) {
		return nil, false
	}
	variants, err := s.panels.kept(ref)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.cfg.Log.Warn("a panel cannot be read, and is fetched again", "panel", ref.Digest.Short(), "why", err)
	}
	return variants, err != nil
}

// outcomeOf is the code that a question is refused with, 0 if it is not.
func outcomeOf(why error) protocol.Code {
	if why == nil {
		return 0
	}
	code := protocol.Internal
	errors.As(why, &code)
	return code
}

var notPlain = regexp.MustCompile(`[^0-9A-Za-z.+-]`)

// reporter is this program at this site.
func (n *Node) reporter() detect.Reporter {
	version := notPlain.ReplaceAllString(n.cfg.Version, "-")
	return detect.Reporter{Site: n.card.NodeKey.ID(), Version: version[:min(len(version), 64)]}
}
