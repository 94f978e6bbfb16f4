package protocol

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol/pb"
)

// Bounds of a query.
const (
	// MaxVariants is the most variants that one query asks for.
	MaxVariants = 1 << 30
	// MaxListed is how many of them may be listed one by one instead of taken from a panel.
	MaxListed = 100_000
	// MaxPassport bounds the passport that a query carries, in bytes.
	MaxPassport = 256 << 10
	// MaxLife is the longest time between a query's issue and its expiry.
	MaxLife = 30 * 24 * time.Hour
	// MaxReleases is how often one question is answered with new noise.
	MaxReleases = 1 << 16
	// MinShare and MaxShare bound the variance of one site's noise: of less, a sum of
	// shares is not as good as one draw.
	MinShare, MaxShare = 2, 1 << 44
	// MaxSkew is how far in the future a query may have been issued.
	MaxSkew = 2 * time.Minute

	maxRanges     = 4096
	maxAllele     = 4096 // the longest that a panel holds
	maxPurpose    = 1024
	maxSealedBody = 8 << 20
)

// QueryHeader is the public half of a question, signed by the researcher. It tells
// how much is asked, of whom and in which mode, and not what.
type QueryHeader struct {
	Study  string
	Roster Digest
	// Analysis is a kernel with its version: "af/1".
	Analysis string
	Mode     Mode
	// Params names he's parameter set.
	Params string
	// Size is the number of variants.
	Size uint64
	// Points are the named sites, ascending; none means any.
	Points []uint32
	// Declarations are the digests of every site's declaration, in roster order.
	Declarations []Digest
	// Release is 0 in mode exact. In mode dp it counts from 1: asking again is the next
	// number, and new noise.
	Release uint32
	// Noise is what each site adds in mode dp, the zero value in mode exact.
	Noise Noise
	// Commitment is Body.Commitment: every site can see that all got the same body.
	Commitment Digest
	// Recipient is the digest of the key that answers are sealed to.
	Recipient Digest
	// Researcher is the signing key; Organisation and Purpose are what is claimed.
	Researcher            KeyID
	Organisation, Purpose string
	// Use is what the answer is for in terms that sites compare consents with.
	Use             Use
	Issued, Expires time.Time
	Nonce           [32]byte
}

// Noise is what each site adds to its answer in mode dp.
type Noise struct {
	// Missing asks for AN of each variant. Without it everybody counts as called.
	Missing bool
	// Share is the variance of a site's share, which is discrete Gaussian.
	Share uint64
}

// Range selects variants [From, To) of a panel.
type Range struct{ From, To uint64 }

// Variant is one allele: 1-based position, upper-case REF and ALT.
type Variant struct {
	Contig   string
	Pos      uint32
	Ref, Alt string
}

// QueryBody is the half of a question that only sites see.
type QueryBody struct {
	Salt   [32]byte
	Cohort string
	// Panel and Ranges select variants, or Variants lists them.
	Panel    Digest
	Ranges   []Range
	Variants []Variant
	Strata   []string
	// CheckKey expands to the rows of the check words.
	CheckKey [32]byte
	// RecipientKey is what openings are sealed to.
	RecipientKey []byte
	// Passport is a GA4GH passport as a broker gave it, at most MaxPassport bytes, or
	// nothing. Only sites see it.
	Passport []byte
}

// Query is a signed header with the body sealed to every site, in roster order.
type Query struct {
	Header Signed[QueryHeader]
	Bodies [][]byte
}

// Type is the domain of a query's signature.
func (*QueryHeader) Type() string { return "locus/query/v1" }

func (h *QueryHeader) encode() ([]byte, error) {
	m := &pb.QueryHeader{
		Study: h.Study, Roster: h.Roster[:], Analysis: h.Analysis, Mode: uint32(h.Mode), Params: h.Params,
		Size: h.Size, Points: h.Points, Release: h.Release, Commitment: h.Commitment[:], Recipient: h.Recipient[:],
		Researcher: h.Researcher[:], Organisation: h.Organisation, Purpose: h.Purpose,
		Issued: unix(h.Issued), Expires: unix(h.Expires), Nonce: h.Nonce[:],
	}
	m.Use = h.Use.pb()
	if h.Noise != (Noise{}) {
		m.Noise = &pb.Noise{Missing: h.Noise.Missing, Share: h.Noise.Share}
	}
	for _, d := range h.Declarations {
		m.Declarations = append(m.Declarations, d[:])
	}
	return marshal(m)
}

func (h *QueryHeader) decode(payload []byte) error {
	m := new(pb.QueryHeader)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Roster, m.Commitment, m.Recipient, m.Researcher, m.Nonce)
	if err != nil {
		return err
	}
	*h = QueryHeader{
		Study: m.Study, Roster: d[0], Analysis: m.Analysis, Mode: Mode(m.Mode), Params: m.Params,
		Size: m.Size, Points: m.Points, Release: m.Release, Commitment: d[1], Recipient: d[2],
		Researcher: d[3], Organisation: m.Organisation, Purpose: m.Purpose,
		Issued: fromUnix(m.Issued), Expires: fromUnix(m.Expires), Nonce: d[4],
	}
	if m.Noise != nil {
		h.Noise = Noise{Missing: m.Noise.Missing, Share: m.Noise.Share}
	}
	if h.Declarations, err = digestList(m.Declarations, MaxSites); err != nil {
		return err
	}
	if h.Use, err = parseUse(m.Use); err != nil {
		return err
	}
	return h.check()
}

func (h *QueryHeader) check() error {
	life := h.Expires.Sub(h.Issued)
	switch {
	case !studyName.MatchString(h.Study) || len(h.Analysis) > maxNameLength || len(h.Params) > maxNameLength:
		return fmt.Errorf("%w: a query names its study, analysis and parameters", ErrMalformed)
	case h.Mode != Exact && h.Mode != Private:
		return fmt.Errorf("%w: a query without a mode", ErrMalformed)
	case h.Mode == Exact && (h.Release != 0 || h.Noise != Noise{}):
		return fmt.Errorf("%w: release %d of an exact query, which has only 0 and no noise", ErrMalformed, h.Release)
	case h.Mode == Private && (h.Release < 1 || h.Release > MaxReleases):
		return fmt.Errorf("%w: release %d of a private query, want 1 to %d", ErrMalformed, h.Release, MaxReleases)
	case h.Mode == Private && (h.Noise.Share < MinShare || h.Noise.Share > MaxShare):
		return fmt.Errorf("%w: a site's noise of variance %d, want %d to 2^44", ErrMalformed, h.Noise.Share, MinShare)
	case h.Size < 1 || h.Size > MaxVariants:
		return fmt.Errorf("%w: a query for %d variants, want 1 to %d", ErrMalformed, h.Size, MaxVariants)
	case life <= 0 || life > MaxLife:
		return fmt.Errorf("%w: a query lives at most %s", ErrMalformed, MaxLife)
	case len(h.Purpose) > maxPurpose || len(h.Organisation) > maxNameLength || len(h.Points) > MaxSites:
		return fmt.Errorf("%w: a purpose has at most %d bytes", ErrMalformed, maxPurpose)
	case !plainText(h.Purpose) || !plainText(h.Organisation) || !plainText(h.Analysis) || !plainText(h.Params):
		return fmt.Errorf("%w: a query's texts are printable", ErrMalformed)
	}
	return ascending(h.Points)
}

// OpenQuery parses a query's header and requires that a researcher of the roster
// has signed it, for this roster, in a mode that it allows and over sites that may
// be a cut: in mode exact always named ones.
func (r *Roster) OpenQuery(raw []byte, roster Digest) (Signed[QueryHeader], error) {
	s, err := Open[QueryHeader](raw, r.ResearcherKeys())
	if err != nil {
		return Signed[QueryHeader]{}, err
	}
	h := s.Message
	who, _ := r.Researcher(s.signer)
	switch {
	case h.Researcher != s.signer || h.Organisation != who.Organisation:
		return Signed[QueryHeader]{}, fmt.Errorf("%w: a query in another's name", ErrSigner)
	case h.Study != r.Study || h.Roster != roster:
		return Signed[QueryHeader]{}, fmt.Errorf("%w: a query under another roster", ErrMalformed)
	case len(h.Declarations) != len(r.Sites):
		return Signed[QueryHeader]{}, fmt.Errorf("%w: a query lists one declaration a site", ErrMalformed)
	case !slices.Contains(r.Modes, h.Mode) && !debug.Without(debug.ModeSigned):
		return Signed[QueryHeader]{}, fmt.Errorf("%w: %w", ErrMalformed, ModeNotAllowed)
	case (h.Mode == Exact || len(h.Points) > 0) && !r.validSet(h.Points):
		return Signed[QueryHeader]{}, fmt.Errorf("%w: a query over sites that may not be a cut", ErrMalformed)
	}
	return s, nil
}

// Commitment is what a header says of its body. The salt keeps it from being guessed.
func (b *QueryBody) Commitment() (Digest, error) {
	raw, err := b.encode()
	if err != nil {
		return Digest{}, err
	}
	return commit(raw), nil
}

func commit(body []byte) Digest { return Hash("locus/body/v1", body) }

// RecipientDigest names the key that answers are sealed to.
func RecipientDigest(key []byte) Digest { return Hash("locus/recipient/v1", key) }

// SealQuery seals the body to every declared site, bound to the signed header.
func SealQuery(header Signed[QueryHeader], body QueryBody, sites []Declaration) (Query, error) {
	raw, err := body.encode()
	if err != nil {
		return Query{}, err
	}
	if commit(raw) != header.Message.Commitment {
		return Query{}, fmt.Errorf("%w: the header commits to another body", ErrMalformed)
	}
	q := Query{Header: header}
	for i, d := range sites {
		sealed, err := seal(d.KEMKey, bodyInfo(header.Digest(), uint32(i+1)), raw)
		if err != nil {
			return Query{}, fmt.Errorf("seal query to site %d: %w", i+1, err)
		}
		q.Bodies = append(q.Bodies, sealed)
	}
	return q, nil
}

// OpenBody opens the body that was sealed to one site. It refuses one that was
// sealed under another header, and one that the header does not commit to.
func OpenBody(header Signed[QueryHeader], point uint32, kemPrivate, sealed []byte) (QueryBody, error) {
	raw, err := unseal(kemPrivate, bodyInfo(header.Digest(), point), sealed)
	if err != nil {
		return QueryBody{}, err
	}
	if commit(raw) != header.Message.Commitment && !debug.Without(debug.BodyCommitment) {
		return QueryBody{}, fmt.Errorf("%w: a body that the signed header does not commit to", ErrMalformed)
	}
	var b QueryBody
	if err := b.decode(raw); err != nil {
		return QueryBody{}, err
	}
	if RecipientDigest(b.RecipientKey) != header.Message.Recipient && !debug.Without(debug.RecipientBound) {
		return QueryBody{}, fmt.Errorf("%w: a recipient key that the signed header does not name", ErrMalformed)
	}
	return b, nil
}

func bodyInfo(header Digest, point uint32) []byte {
	if debug.Without(debug.HeaderInBody) {
		header = Digest{}
	}
	info := Hash("locus/body-info/v1", header[:], binary.BigEndian.AppendUint32(nil, point))
	return info[:]
}

func (b *QueryBody) encode() ([]byte, error) {
	m := &pb.QueryBody{
		Salt: b.Salt[:], Cohort: b.Cohort, Panel: optional(b.Panel), Strata: b.Strata,
		CheckKey: b.CheckKey[:], RecipientKey: b.RecipientKey, Passport: b.Passport,
	}
	for _, r := range b.Ranges {
		m.Ranges = append(m.Ranges, &pb.Range{From: r.From, To: r.To})
	}
	for _, v := range b.Variants {
		m.Variants = append(m.Variants, &pb.Variant{Contig: v.Contig, Pos: v.Pos, Ref: v.Ref, Alt: v.Alt})
	}
	return marshal(m)
}

func (b *QueryBody) decode(raw []byte) error {
	m := new(pb.QueryBody)
	if err := unmarshal(raw, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Salt, m.CheckKey)
	if err != nil {
		return err
	}
	*b = QueryBody{Salt: d[0], Cohort: m.Cohort, Strata: m.Strata, CheckKey: d[1], RecipientKey: m.RecipientKey, Passport: m.Passport}
	if len(m.Panel) > 0 {
		if b.Panel, err = ParseDigest(m.Panel); err != nil {
			return err
		}
	}
	if !plainName(b.Cohort) || len(m.Ranges) > maxRanges || len(m.Variants) > MaxListed || len(b.Strata) > maxNames ||
		len(b.RecipientKey) != KEMKeySize || len(b.Passport) > MaxPassport {
		return fmt.Errorf("%w: a query body out of bounds", ErrMalformed)
	}
	if b.Panel.IsZero() == (len(m.Variants) == 0) || b.Panel.IsZero() != (len(m.Ranges) == 0) {
		return fmt.Errorf("%w: a query selects from a panel or lists variants, one of the two", ErrMalformed)
	}
	end := uint64(0)
	for _, r := range m.Ranges {
		if r.From < end || r.From >= r.To {
			return fmt.Errorf("%w: ranges are not empty, ascend and do not overlap", ErrMalformed)
		}
		end = r.To
		b.Ranges = append(b.Ranges, Range{From: r.From, To: r.To})
	}
	for _, v := range m.Variants {
		b.Variants = append(b.Variants, Variant{Contig: v.Contig, Pos: v.Pos, Ref: v.Ref, Alt: v.Alt})
	}
	return b.checkLists()
}

// checkLists requires that strata and listed variants are names and alleles, and
// that none is there twice: an identity names a set.
func (b *QueryBody) checkLists() error {
	for i, s := range b.Strata {
		if !plainName(s) || i > 0 && b.Strata[i-1] >= s {
			return fmt.Errorf("%w: strata are names that ascend", ErrMalformed)
		}
	}
	ended := make(map[string]bool)
	var last Variant
	for _, v := range b.Variants {
		if !plainName(v.Contig) || v.Pos < 1 || !isAllele(v.Ref) || !isAllele(v.Alt) || v.Ref == v.Alt {
			return fmt.Errorf("%w: a listed variant has a contig, a position and two alleles", ErrMalformed)
		}
		if v.Contig != last.Contig {
			ended[last.Contig] = true
		} else if v.compare(last) <= 0 {
			return fmt.Errorf("%w: listed variants ascend within a contig", ErrMalformed)
		}
		if ended[v.Contig] {
			return fmt.Errorf("%w: a contig's variants stand together", ErrMalformed)
		}
		last = v
	}
	return nil
}

var bases = regexp.MustCompile(`^[ACGTN]+$`)

func isAllele(s string) bool { return len(s) <= maxAllele && bases.MatchString(s) }

func (v Variant) compare(w Variant) int {
	return cmp.Or(cmp.Compare(v.Pos, w.Pos), strings.Compare(v.Ref, w.Ref), strings.Compare(v.Alt, w.Alt))
}

// Bytes is the query as it travels to the coordinator.
func (q Query) Bytes() ([]byte, error) {
	m := &pb.Query{Header: q.Header.pb()}
	for i, b := range q.Bodies {
		m.Bodies = append(m.Bodies, &pb.SealedBody{Point: uint32(i + 1), Sealed: b})
	}
	return marshal(m)
}

// ParseQuery reads a query and verifies its header against the roster.
func (r *Roster) ParseQuery(raw []byte, roster Digest) (Query, error) {
	m := new(pb.Query)
	if err := unmarshal(raw, m); err != nil {
		return Query{}, err
	}
	header, err := marshal(m.Header)
	if err != nil {
		return Query{}, fmt.Errorf("%w: no header", ErrMalformed)
	}
	q := Query{}
	if q.Header, err = r.OpenQuery(header, roster); err != nil {
		return Query{}, err
	}
	if len(m.Bodies) != len(r.Sites) {
		return Query{}, fmt.Errorf("%w: %d sealed bodies for %d sites", ErrMalformed, len(m.Bodies), len(r.Sites))
	}
	for i, b := range m.Bodies {
		if b.Point != uint32(i+1) || len(b.Sealed) > maxSealedBody {
			return Query{}, fmt.Errorf("%w: sealed bodies stand in roster order", ErrMalformed)
		}
		q.Bodies = append(q.Bodies, b.Sealed)
	}
	return q, nil
}

func ascending(points []uint32) error {
	for i, p := range points {
		if p < 1 || p > MaxSites || i > 0 && points[i-1] >= p {
			return fmt.Errorf("%w: share points ascend from 1", ErrMalformed)
		}
	}
	return nil
}

func parseDigests(list ...[]byte) ([]Digest, error) { return digestList(list, len(list)) }

func digestList(list [][]byte, most int) ([]Digest, error) {
	if len(list) > most {
		return nil, fmt.Errorf("%w: a list of %d digests, at most %d", ErrMalformed, len(list), most)
	}
	out := make([]Digest, len(list))
	for i, b := range list {
		var err error
		if out[i], err = ParseDigest(b); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func digestsOut(list []Digest) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i][:]
	}
	return out
}
