package protocol_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
)

// published is alice's answer of ten variants over three sites, with what speaks for it.
type published struct {
	*study
	header   protocol.Signed[protocol.QueryHeader]
	cut      protocol.Signed[protocol.Cut]
	says     protocol.Publication
	verdicts []protocol.Signed[protocol.Verdict]
}

func newPublished(t testing.TB) *published {
	t.Helper()
	p := &published{study: newStudy(t, 3)}
	q, body := p.query(t)
	p.header = q.Header
	p.cut = p.cutOf(t, p.r().Points()...)
	p.says = protocol.Publication{
		Study: "demo", Roster: p.roster.Digest(), Query: p.header.Digest(), Attempt: 1, Set: p.cut.Message.Set(), Mode: protocol.Exact,
		Title: "Ten variants", Cohort: "all", Panel: body.Panel, Rows: 10, Content: protocol.Hash("table"), Size: 1000, Issued: now,
	}
	for point := range uint32(3) {
		p.verdicts = append(p.verdicts, p.verdict(t, point+1, nil))
	}
	return p
}

func (p *published) cutOf(t testing.TB, points ...uint32) protocol.Signed[protocol.Cut] {
	t.Helper()
	c := protocol.Cut{Session: protocol.NewSession(p.header.Digest(), 1), Roster: p.roster.Digest()}
	for _, point := range points {
		c.Entries = append(c.Entries, protocol.CutEntry{Point: point, Header: protocol.Hash("header", []byte{byte(point)})})
	}
	return signed[protocol.Cut](t)(protocol.Sign(c, p.member))
}

func (p *published) publication(t testing.TB) protocol.Signed[protocol.Publication] {
	t.Helper()
	return signed[protocol.Publication](t)(protocol.Sign(p.says, p.alice))
}

// verdict is a site's yes, after change.
func (p *published) verdict(t testing.TB, point uint32, change func(*protocol.Verdict)) protocol.Signed[protocol.Verdict] {
	t.Helper()
	v := protocol.Verdict{Study: "demo", Publication: p.publication(t).Digest(), Point: point, Approve: true, Issued: now}
	if change != nil {
		change(&v)
	}
	return signed[protocol.Verdict](t)(protocol.Sign(v, p.custodians[point-1]))
}

func (p *published) record(t testing.TB) *protocol.TableRecord {
	t.Helper()
	return &protocol.TableRecord{Publication: p.publication(t), Header: p.header, Cut: p.cut, Verdicts: p.verdicts}
}

func (p *published) parse(t testing.TB, r *protocol.TableRecord) (*protocol.TableRecord, error) {
	t.Helper()
	return p.r().ParseTableRecord(must[[]byte](t)(r.Bytes()), p.roster.Digest())
}

func TestATableRecordIsReadAsItWasSigned(t *testing.T) {
	p := newPublished(t)
	got, err := p.parse(t, p.record(t))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p.says, got.Publication.Message); d != "" {
		t.Error(d)
	}
	if waiting, against := got.Standing(); len(waiting)+len(against) > 0 {
		t.Errorf("%v are waited for and %v against it, though all have approved", waiting, against)
	}
}

func TestATableRecordWhosePartsDoNotFitIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *published) *protocol.TableRecord
		want   error
	}{
		{"signed by nobody who may ask", func(t *testing.T, p *published) *protocol.TableRecord {
			r := p.record(t)
			r.Publication = signed[protocol.Publication](t)(protocol.Sign(p.says, p.mallory))
			return r
		}, protocol.ErrSigner},
		{"signed by the custodian of a site", func(t *testing.T, p *published) *protocol.TableRecord {
			r := p.record(t)
			r.Publication = signed[protocol.Publication](t)(protocol.Sign(p.says, p.custodians[0]))
			return r
		}, protocol.ErrSigner},
		{"under another roster", says(func(p *protocol.Publication) { p.Roster = protocol.Hash("another") }), protocol.ErrMalformed},
		{"of another study", says(func(p *protocol.Publication) { p.Study = "other" }), protocol.ErrMalformed},
		{"of another query", says(func(p *protocol.Publication) { p.Query = protocol.Hash("another") }), protocol.ErrMalformed},
		{"of another attempt", says(func(p *protocol.Publication) { p.Attempt = 2 }), protocol.ErrMalformed},
		{"of another cut", says(func(p *protocol.Publication) { p.Set = protocol.Hash("another") }), protocol.ErrMalformed},
		{"as private where it was asked exactly", says(func(p *protocol.Publication) { p.Mode = protocol.Private }), protocol.ErrMalformed},
		{"with fewer variants than were asked for", says(func(p *protocol.Publication) { p.Rows = 9 }), protocol.ErrMalformed},
		{"of a panel of another study", says(func(p *protocol.Publication) { p.Panel = protocol.Hash("another") }), protocol.ErrMalformed},
		{"of a cohort that nobody agreed on", says(func(p *protocol.Publication) { p.Cohort = "secret" }), protocol.ErrMalformed},
		{"over fewer sites than were asked", func(t *testing.T, p *published) *protocol.TableRecord {
			p.cut, p.verdicts = p.cutOf(t, 1, 2), nil
			p.says.Set = p.cut.Message.Set()
			return p.record(t)
		}, protocol.ErrMalformed},
		{"with a cut that no member has signed", func(t *testing.T, p *published) *protocol.TableRecord {
			r := p.record(t)
			r.Cut = signed[protocol.Cut](t)(protocol.Sign(p.cut.Message, p.nodes[0]))
			return r
		}, protocol.ErrSigner},
		{"with an approval for another table", func(t *testing.T, p *published) *protocol.TableRecord {
			replayed := p.verdict(t, 1, nil)
			p.says.Content = protocol.Hash("another table")
			r := p.record(t)
			r.Verdicts = []protocol.Signed[protocol.Verdict]{replayed}
			return r
		}, protocol.ErrMalformed},
		{"with an approval by the node in place of the custodian", func(t *testing.T, p *published) *protocol.TableRecord {
			r := p.record(t)
			r.Verdicts = slices.Clone(r.Verdicts)
			r.Verdicts[0] = signed[protocol.Verdict](t)(protocol.Sign(r.Verdicts[0].Message, p.nodes[0]))
			return r
		}, protocol.ErrSigner},
		{"with an approval by another site's custodian", func(t *testing.T, p *published) *protocol.TableRecord {
			r := p.record(t)
			r.Verdicts = slices.Clone(r.Verdicts)
			r.Verdicts[0] = signed[protocol.Verdict](t)(protocol.Sign(r.Verdicts[0].Message, p.custodians[1]))
			return r
		}, protocol.ErrSigner},
		{"with one site's approval twice", func(t *testing.T, p *published) *protocol.TableRecord {
			r := p.record(t)
			r.Verdicts = append(slices.Clone(r.Verdicts), r.Verdicts[2])
			return r
		}, protocol.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPublished(t)
			if _, err := p.parse(t, tt.change(t, p)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// says is a record whose publication says something else, and whose custodians approve it.
func says(change func(*protocol.Publication)) func(*testing.T, *published) *protocol.TableRecord {
	return func(t *testing.T, p *published) *protocol.TableRecord {
		change(&p.says)
		for i := range p.verdicts {
			p.verdicts[i] = p.verdict(t, uint32(i+1), nil)
		}
		return p.record(t)
	}
}

func TestTheLatestVerdictOfASiteCounts(t *testing.T) {
	p := newPublished(t)
	later := func(at time.Duration, approve bool) protocol.Signed[protocol.Verdict] {
		return p.verdict(t, 2, func(v *protocol.Verdict) { v.Issued, v.Approve = now.Add(at), approve })
	}
	r := p.record(t)
	r.Verdicts = nil
	for _, tt := range []struct {
		name             string
		verdict          protocol.Signed[protocol.Verdict]
		changed          bool
		waiting, against []uint32
	}{
		{"the first yes", p.verdicts[1], true, []uint32{1, 3}, nil},
		{"the same yes again", p.verdicts[1], false, []uint32{1, 3}, nil},
		{"another site's yes", p.verdicts[0], true, []uint32{3}, nil},
		{"a no that was signed before the yes", later(-time.Minute, false), false, []uint32{3}, nil},
		{"a no of the same second", later(0, false), false, []uint32{3}, nil},
		{"a later no", later(time.Minute, false), true, []uint32{3}, []uint32{2}},
		{"the first yes, replayed after the no", p.verdicts[1], false, []uint32{3}, []uint32{2}},
		{"a yes after all", later(time.Hour, true), true, []uint32{3}, nil},
		{"the last yes", p.verdicts[2], true, nil, nil},
	} {
		changed, err := r.Judge(tt.verdict)
		if err != nil || changed != tt.changed {
			t.Errorf("%s: changed %v, %v, want %v", tt.name, changed, err, tt.changed)
		}
		waiting, against := r.Standing()
		if !slices.Equal(waiting, tt.waiting) || !slices.Equal(against, tt.against) {
			t.Errorf("%s: waits for %v, against are %v, want %v and %v", tt.name, waiting, against, tt.waiting, tt.against)
		}
	}
	if _, err := p.parse(t, r); err != nil {
		t.Errorf("what was judged is not a record: %v", err)
	}
	elsewhere := p.verdict(t, 2, func(v *protocol.Verdict) { v.Publication = protocol.Hash("another") })
	if _, err := r.Judge(elsewhere); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("a verdict on another publication: got %v", err)
	}
}

func TestASiteThatIsNotInTheCutHasNoVerdict(t *testing.T) {
	p := newPublished(t)
	r := p.record(t)
	r.Cut = p.cutOf(t, 1, 2)
	if _, err := r.Judge(p.verdict(t, 3, nil)); !errors.Is(err, protocol.ErrSigner) {
		t.Errorf("got %v, want %v", err, protocol.ErrSigner)
	}
}

func TestPublicationsAndVerdictsThatSayNothingAreNotSigned(t *testing.T) {
	p := newPublished(t)
	for name, change := range map[string]func(*protocol.Publication){
		"a title on two lines":        func(p *protocol.Publication) { p.Title = "a\nb" },
		"a title that moves a cursor": func(p *protocol.Publication) { p.Title = "a\x1b[2K" },
		"no cohort":                   func(p *protocol.Publication) { p.Cohort = "" },
		"no mode":                     func(p *protocol.Publication) { p.Mode = 0 },
		"attempt zero":                func(p *protocol.Publication) { p.Attempt = 0 },
		"no rows":                     func(p *protocol.Publication) { p.Rows = 0 },
		"a table beyond the bound":    func(p *protocol.Publication) { p.Size = protocol.MaxTable + 1 },
		"no time":                     func(p *protocol.Publication) { p.Issued = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			says := p.says
			change(&says)
			if _, err := protocol.Sign(says, p.alice); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
			}
		})
	}
	for name, change := range map[string]func(*protocol.Verdict){
		"a verdict without a time": func(v *protocol.Verdict) { v.Issued = time.Time{} },
		"a verdict of no site":     func(v *protocol.Verdict) { v.Point = 0 },
		"a verdict of no study":    func(v *protocol.Verdict) { v.Study = "" },
	} {
		t.Run(name, func(t *testing.T) {
			v := p.verdicts[0].Message
			change(&v)
			if _, err := protocol.Sign(v, p.custodians[0]); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
			}
		})
	}
}
