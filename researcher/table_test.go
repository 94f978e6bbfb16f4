package researcher_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

// published is a table of alice's under the present roster, which all have approved.
func (s *study) published(alice *researcher.Home) *researcher.TableBundle {
	s.t.Helper()
	now := time.Now().Truncate(time.Second)
	r, digest := &s.roster.Message, s.roster.Digest()
	header := must[protocol.Signed[protocol.QueryHeader]](s.t)(protocol.Sign(protocol.QueryHeader{
		Study: r.Study, Roster: digest, Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Exact, Params: "a50g8", Size: 1, Points: r.Points(),
		Declarations: make([]protocol.Digest, siteCount), Researcher: alice.Key().Public().ID(), Organisation: "Elsewhere", Issued: now, Expires: now.Add(time.Hour),
	}, alice.Key()))
	cut := protocol.Cut{Session: protocol.NewSession(header.Digest(), 1), Roster: digest}
	for _, p := range r.Points() {
		cut.Entries = append(cut.Entries, protocol.CutEntry{Point: p})
	}
	var rows bytes.Buffer
	row := protocol.TableRow{Variant: protocol.Variant(s.panel.At(0)), AC: 1, AN: 2}
	if err := protocol.WriteTable(&rows, protocol.Exact, slices.Values([]protocol.TableRow{row})); err != nil {
		s.t.Fatal(err)
	}
	publication := must[protocol.Signed[protocol.Publication]](s.t)(protocol.Sign(protocol.Publication{
		Study: r.Study, Roster: digest, Query: header.Digest(), Attempt: 1, Set: cut.Set(), Mode: protocol.Exact, Cohort: "all", Panel: s.panel.Digest(),
		Rows: 1, Content: sha256.Sum256(rows.Bytes()), Size: uint64(rows.Len()), Issued: now,
	}, alice.Key()))
	record := protocol.TableRecord{Publication: publication, Header: header, Cut: must[protocol.Signed[protocol.Cut]](s.t)(protocol.Sign(cut, s.member))}
	for i := range siteCount {
		record.Verdicts = append(record.Verdicts, must[protocol.Signed[protocol.Verdict]](s.t)(protocol.Sign(protocol.Verdict{
			Study: r.Study, Publication: publication.Digest(), Point: uint32(i + 1), Approve: true, Issued: now,
		}, newKey(s.t, fmt.Sprint("custodian", i)))))
	}
	return &researcher.TableBundle{Rosters: [][]byte{s.roster.Bytes()}, Record: must[[]byte](s.t)(record.Bytes()), Content: rows.Bytes()}
}

// A table outlives the roster that it was asked under: the rosters since then lead from it
// to the one that is pinned now, and no other does.
func TestATableOfAnEarlierRosterIsVerifiedByTheOnesSince(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	b := s.published(alice)
	first := s.roster
	if _, err := b.Verify(first.Digest()); err != nil {
		t.Fatal(err)
	}
	next := func() protocol.Signed[protocol.Roster] {
		r := s.roster.Message
		r.Epoch, r.Previous, r.Title = r.Epoch+1, s.roster.Digest(), fmt.Sprint("Epoch ", r.Epoch+1)
		s.sign(r)
		return s.roster
	}
	second, third := next(), next()
	whole := [][]byte{first.Bytes(), second.Bytes(), third.Bytes()}
	for _, tt := range []struct {
		name    string
		rosters [][]byte
		pinned  protocol.Digest
		ok      bool
	}{
		{"all of them", whole, third.Digest(), true},
		{"those up to the second", whole[:2], second.Digest(), true},
		{"one is left out", [][]byte{first.Bytes(), third.Bytes()}, third.Digest(), false},
		{"the last one is left out", whole[:2], third.Digest(), false},
		{"in another order", [][]byte{second.Bytes(), first.Bytes(), third.Bytes()}, third.Digest(), false},
		{"without the one of the table", whole[1:], third.Digest(), false},
		{"an earlier one is pinned", whole, second.Digest(), false},
		{"none", nil, third.Digest(), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.Rosters = tt.rosters
			if _, err := b.Verify(tt.pinned); (err == nil) != tt.ok || err != nil && !errors.Is(err, researcher.ErrTable) {
				t.Errorf("got %v, verified should be %v", err, tt.ok)
			}
		})
	}
}

// A coordinator hands out a table that a custodian has not approved, or says no to.
func TestAttackTableThatIsNotApproved(t *testing.T) {
	for name, alter := range map[string]func(*study, *protocol.TableRecord){
		"one says nothing": func(_ *study, r *protocol.TableRecord) { r.Verdicts = r.Verdicts[1:] },
		"one says no": func(s *study, r *protocol.TableRecord) {
			v := r.Verdicts[0].Message
			v.Approve = false
			r.Verdicts[0] = must[protocol.Signed[protocol.Verdict]](t)(protocol.Sign(v, newKey(t, "custodian0")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			alice := newHome(t)
			s := newStudy(t, alice)
			b := s.published(alice)
			record := must[*protocol.TableRecord](t)(s.roster.Message.ParseTableRecord(b.Record, s.roster.Digest()))
			alter(s, record)
			b.Record = must[[]byte](t)(record.Bytes())
			debug.Defended(t, debug.TableApproved, func() error {
				_, err := b.Verify(s.roster.Digest())
				return err
			})
		})
	}
}
