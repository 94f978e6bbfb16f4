package protocol

import (
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// Publication is a researcher's signed word that a table is what a query was answered
// with, and that everybody of the study may read it once its sites have approved.
type Publication struct {
	Study  string
	Roster Digest
	// Query is the digest of the signed header, Attempt the one that was answered, and Set
	// the Cut.Set of what was added up.
	Query   Digest
	Attempt uint32
	Set     Digest
	Mode    Mode
	// Title is the researcher's, one line that may be empty.
	Title  string
	Cohort string
	Panel  Digest
	// Rows is how many variants the table has, Content its SHA-256 and Size its bytes.
	Rows    uint64
	Content Digest
	Size    uint64
	Issued  time.Time
}

// Type is the domain of a publication's signature.
func (*Publication) Type() string { return "locus/publication/v1" }

func (p *Publication) encode() ([]byte, error) {
	return marshal(&pb.Publication{
		Study: p.Study, Roster: p.Roster[:], Query: p.Query[:], Attempt: p.Attempt, Set: p.Set[:], Mode: uint32(p.Mode),
		Title: p.Title, Cohort: p.Cohort, Panel: p.Panel[:], Rows: p.Rows, Content: p.Content[:], Size: p.Size, Issued: unix(p.Issued),
	})
}

func (p *Publication) decode(payload []byte) error {
	m := new(pb.Publication)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Roster, m.Query, m.Set, m.Panel, m.Content)
	if err != nil {
		return err
	}
	*p = Publication{
		Study: m.Study, Roster: d[0], Query: d[1], Attempt: m.Attempt, Set: d[2], Mode: Mode(m.Mode), Title: m.Title,
		Cohort: m.Cohort, Panel: d[3], Rows: m.Rows, Content: d[4], Size: m.Size, Issued: fromUnix(m.Issued),
	}
	switch {
	case !studyName.MatchString(p.Study) || !plainName(p.Cohort) || p.Title != "" && !plainName(p.Title):
		return fmt.Errorf("%w: a publication names a study and a cohort, and has a title of one line", ErrMalformed)
	case p.Mode != Exact && p.Mode != Private:
		return fmt.Errorf("%w: a publication without a mode", ErrMalformed)
	case p.Attempt < 1 || p.Attempt > MaxAttempts:
		return fmt.Errorf("%w: a publication is of attempt 1 to %d", ErrMalformed, MaxAttempts)
	case p.Rows < 1 || p.Rows > MaxVariants || p.Size < 1 || p.Size > MaxTable:
		return fmt.Errorf("%w: a table has rows, and at most %d bytes", ErrMalformed, MaxTable)
	case p.Issued.IsZero():
		return fmt.Errorf("%w: a publication has a time", ErrMalformed)
	}
	return nil
}

// OpenPublication parses a publication under this roster and requires that a researcher
// of it has signed.
func (r *Roster) OpenPublication(raw []byte, roster Digest) (Signed[Publication], error) {
	s, err := Open[Publication](raw, r.ResearcherKeys())
	if err != nil {
		return Signed[Publication]{}, err
	}
	p := &s.Message
	if p.Study != r.Study || p.Roster != roster {
		return Signed[Publication]{}, fmt.Errorf("%w: a publication under another roster", ErrMalformed)
	}
	if _, ok := r.Panel(p.Panel); !ok {
		return Signed[Publication]{}, fmt.Errorf("%w: a publication of a panel that the roster does not name", ErrMalformed)
	}
	if _, ok := r.Cohort(p.Cohort); !ok {
		return Signed[Publication]{}, fmt.Errorf("%w: a publication of a cohort that the roster does not name", ErrMalformed)
	}
	return s, nil
}

// PublishedQuery reads which query is published, before anything is verified.
func PublishedQuery(raw []byte) (Digest, error) {
	e, err := parseEnvelope(raw)
	if err != nil {
		return Digest{}, err
	}
	m := new(pb.Publication)
	if err := unmarshal(e.Payload, m); err != nil {
		return Digest{}, err
	}
	return ParseDigest(m.Query)
}

// Verdict is a custodian's signed yes or no to a publication. The latest one of a site
// counts.
type Verdict struct {
	Study string
	// Publication is the digest of the signed publication, and so names the table.
	Publication Digest
	Point       uint32
	Approve     bool
	Issued      time.Time
}

// Type is the domain of a verdict's signature.
func (*Verdict) Type() string { return "locus/verdict/v1" }

func (v *Verdict) encode() ([]byte, error) {
	return marshal(&pb.Verdict{Study: v.Study, Publication: v.Publication[:], Point: v.Point, Approve: v.Approve, Issued: unix(v.Issued)})
}

func (v *Verdict) decode(payload []byte) error {
	m := new(pb.Verdict)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := ParseDigest(m.Publication)
	if err != nil {
		return err
	}
	*v = Verdict{Study: m.Study, Publication: d, Point: m.Point, Approve: m.Approve, Issued: fromUnix(m.Issued)}
	if !studyName.MatchString(v.Study) || v.Point < 1 || v.Point > MaxSites || v.Issued.IsZero() {
		return fmt.Errorf("%w: a verdict names a study and a site, and has a time", ErrMalformed)
	}
	return nil
}

// OpenVerdict parses a verdict and requires that the custodian of the site that it
// speaks for has signed it.
func (r *Roster) OpenVerdict(raw []byte) (Signed[Verdict], error) {
	s, err := Open[Verdict](raw, r.CustodianKeys())
	if err != nil {
		return Signed[Verdict]{}, err
	}
	site, ok := r.Site(s.Message.Point)
	if !ok || site.CustodianKey.ID() != s.signer {
		return Signed[Verdict]{}, fmt.Errorf("%w: the custodian of site %d", ErrSigner, s.Message.Point)
	}
	if s.Message.Study != r.Study {
		return Signed[Verdict]{}, fmt.Errorf("%w: a verdict of another study", ErrMalformed)
	}
	return s, nil
}

// CustodianKeys are the keys that rosters and verdicts are signed with.
func (r *Roster) CustodianKeys() Keyring {
	ring := make(Keyring, len(r.Sites))
	for _, s := range r.Sites {
		ring[s.CustodianKey.ID()] = s.CustodianKey
	}
	return ring
}

// TableRecord is a publication with the signatures that it rests on: the query that was
// asked, the sites whose answers were added up, and what their custodians say.
type TableRecord struct {
	Publication Signed[Publication]
	Header      Signed[QueryHeader]
	Cut         Signed[Cut]
	// Verdicts stand by ascending point, at most one of each site of the cut.
	Verdicts []Signed[Verdict]
}

// NewTableRecord is the record of a publication on which nobody has a verdict yet. Its
// parts are signed, and MUST be of this roster.
func (r *Roster) NewTableRecord(p Signed[Publication], h Signed[QueryHeader], c Signed[Cut]) (*TableRecord, error) {
	t := &TableRecord{Publication: p, Header: h, Cut: c}
	return t, t.check(r)
}

// Bytes is the record as it travels.
func (t *TableRecord) Bytes() ([]byte, error) {
	return marshal(&pb.TableRecord{Publication: t.Publication.pb(), Header: t.Header.pb(), Cut: t.Cut.pb(), Verdicts: envelopes(t.Verdicts)})
}

// ParseTableRecord reads a record and requires that everything in it is signed and of
// one table. It may still wait for its sites: see Standing.
func (r *Roster) ParseTableRecord(raw []byte, roster Digest) (*TableRecord, error) {
	m := new(pb.TableRecord)
	if err := unmarshal(raw, m); err != nil {
		return nil, err
	}
	t := new(TableRecord)
	var err error
	if t.Publication, err = reopen(m.Publication, func(b []byte) (Signed[Publication], error) { return r.OpenPublication(b, roster) }); err != nil {
		return nil, err
	}
	if t.Header, err = reopen(m.Header, func(b []byte) (Signed[QueryHeader], error) { return r.OpenQuery(b, roster) }); err != nil {
		return nil, err
	}
	if t.Cut, err = reopen(m.Cut, func(b []byte) (Signed[Cut], error) { return r.OpenCut(b, roster) }); err != nil {
		return nil, err
	}
	if t.Verdicts, err = reopenAll(m.Verdicts, r.OpenVerdict); err != nil {
		return nil, err
	}
	return t, t.check(r)
}

// check requires that the parts fit together.
func (t *TableRecord) check(r *Roster) error {
	p, h, c := &t.Publication.Message, &t.Header.Message, &t.Cut.Message
	switch {
	case p.Query != t.Header.Digest():
		return fmt.Errorf("%w: a publication of another query", ErrMalformed)
	case t.Publication.Signer() != t.Header.Signer():
		return fmt.Errorf("%w: a publication by another researcher than the one who asked", ErrSigner)
	case p.Mode != h.Mode || p.Rows != h.Size:
		return fmt.Errorf("%w: a publication in another mode, or of other variants, than were asked for", ErrMalformed)
	case c.Session != NewSession(p.Query, p.Attempt) || c.Set() != p.Set:
		return fmt.Errorf("%w: a publication of another cut", ErrMalformed)
	case !r.validSet(c.Points()) || len(h.Points) > 0 && !slices.Equal(h.Points, c.Points()):
		return fmt.Errorf("%w: a publication over sites that may not be a cut", ErrMalformed)
	}
	last := uint32(0)
	for _, v := range t.Verdicts {
		m := &v.Message
		if m.Publication != t.Publication.Digest() {
			return fmt.Errorf("%w: a verdict on another publication", ErrMalformed)
		}
		if _, in := c.Entry(m.Point); !in || m.Point <= last {
			return fmt.Errorf("%w: verdicts are of sites in the cut, by ascending point", ErrMalformed)
		}
		last = m.Point
	}
	return nil
}

// Judge takes a site's verdict, in place of an earlier one. It reports whether anything
// has changed: an older verdict, or the same again, changes nothing.
func (t *TableRecord) Judge(v Signed[Verdict]) (changed bool, err error) {
	m := &v.Message
	if m.Publication != t.Publication.Digest() {
		return false, fmt.Errorf("%w: a verdict on another publication", ErrMalformed)
	}
	if _, in := t.Cut.Message.Entry(m.Point); !in {
		return false, fmt.Errorf("%w: site %d has no part in this table", ErrSigner, m.Point)
	}
	i, found := slices.BinarySearchFunc(t.Verdicts, m.Point, func(v Signed[Verdict], p uint32) int { return int(v.Message.Point) - int(p) })
	switch {
	case !found:
		t.Verdicts = slices.Insert(slices.Clip(t.Verdicts), i, v)
	case !m.Issued.After(t.Verdicts[i].Message.Issued):
		return false, nil
	default:
		t.Verdicts = slices.Clone(t.Verdicts) // a copy may be in use
		t.Verdicts[i] = v
	}
	return true, nil
}

// Standing is who has said what: the sites of the cut whose verdict is awaited, and
// those whose latest one is a no. A table is released when there are neither.
func (t *TableRecord) Standing() (waiting, against []uint32) {
	said := make(map[uint32]bool, len(t.Verdicts))
	for _, v := range t.Verdicts {
		said[v.Message.Point] = true
		if !v.Message.Approve {
			against = append(against, v.Message.Point)
		}
	}
	for _, p := range t.Cut.Message.Points() {
		if !said[p] {
			waiting = append(waiting, p)
		}
	}
	return waiting, against
}
