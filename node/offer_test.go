package node_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// An offer is refused before a genotype is read. Each row breaks one rule of a
// question that all sites would answer.
func TestOfferIsRefused(t *testing.T) {
	w := newNetwork(t, 3)
	mallory := newKey(t, "mallory")
	for _, tt := range []struct {
		name string
		// change alters the question before it is signed, spoil what was signed.
		change func(*asking)
		spoil  func(*testing.T, *asking)
		want   protocol.Code
	}{
		{"when nobody of the study asks", func(a *asking) { a.signer = mallory }, nil, protocol.BadSignature},
		{"when one asks in another's name", func(a *asking) { a.header.Organisation = "Hospital 1" }, nil, protocol.BadSignature},
		{"when no member has signed the task", nil, func(t *testing.T, a *asking) {
			a.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(a.task.Message, mallory))
		}, protocol.BadSignature},
		{"when the task is for another query", nil, func(t *testing.T, a *asking) {
			m := a.task.Message
			m.Query = protocol.Hash("another")
			a.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(m, w.member))
		}, protocol.BadSignature},
		{"when a declaration is missing", nil, func(_ *testing.T, a *asking) { a.declarations = a.declarations[:2] }, protocol.BadSignature},
		{"when the query has expired", func(a *asking) {
			a.header.Issued, a.header.Expires = w.clock.Now().Add(-2*time.Hour), w.clock.Now().Add(-time.Hour)
		}, nil, protocol.Expired},
		{"when the query is from the future", func(a *asking) { a.header.Issued = w.clock.Now().Add(protocol.MaxSkew + time.Second) }, nil, protocol.Expired},
		{"when the attempt is over", nil, func(t *testing.T, a *asking) {
			m := a.task.Message
			m.Issued, m.Expires = w.clock.Now().Add(-time.Hour), w.clock.Now()
			a.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(m, w.member))
		}, protocol.Expired},
		{"when the attempt is from the future", nil, func(t *testing.T, a *asking) {
			m := a.task.Message
			m.Issued = w.clock.Now().Add(protocol.MaxSkew + time.Second)
			a.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(m, w.member))
		}, protocol.Expired},
		{"when the analysis is unknown", func(a *asking) { a.header.Analysis = "af/2" }, nil, protocol.UnknownAnalysis},
		{"when the parameters are others than the roster gives", func(a *asking) { a.header.Params = "a50g10" }, nil, protocol.UnknownAnalysis},
		{"when the mode is not allowed", func(a *asking) { a.header.Mode, a.header.Release, a.header.Noise.Share = protocol.Private, 1, 2 }, nil, protocol.ModeNotAllowed},
		{"when the body is not the one that was signed", nil, func(t *testing.T, a *asking) {
			other := a.body
			other.Salt = protocol.Hash("other salt")
			h := a.header
			h.Commitment = must[protocol.Digest](t)(other.Commitment())
			signed := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, w.alice))
			var declared []protocol.Declaration
			for _, d := range a.declarations {
				declared = append(declared, d.Message)
			}
			a.query.Bodies = must[protocol.Query](t)(protocol.SealQuery(signed, other, declared)).Bodies
		}, protocol.BadBody},
		{"when the body was sealed to another site", nil, func(_ *testing.T, a *asking) {
			a.query.Bodies[0], a.query.Bodies[1] = a.query.Bodies[1], a.query.Bodies[0]
		}, protocol.BadBody},
		{"when it asks by strata", func(a *asking) { a.body.Strata = []string{"sex"} }, nil, protocol.UnknownAnalysis},
		{"when the cohort is unknown", func(a *asking) { a.body.Cohort = "nobody" }, nil, protocol.UnknownCohort},
		{"when the panel is not the roster's", func(a *asking) { a.body.Panel = protocol.Hash("another panel") }, nil, protocol.UnknownVariants},
		{"when it lists variants of its own", func(a *asking) {
			a.body.Panel, a.body.Ranges = protocol.Digest{}, nil
			a.body.Variants = []protocol.Variant{{Contig: "22", Pos: 1000, Ref: "A", Alt: "G"}}
			a.header.Size = 1
		}, nil, protocol.UnknownVariants},
		{"when a range goes beyond the panel", func(a *asking) { a.body.Ranges[0].To, a.header.Size = variants+1, variants+1 }, nil, protocol.UnknownVariants},
		{"when it asks for more than was signed", func(a *asking) { a.header.Size = variants - 1 }, nil, protocol.UnknownVariants},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := w.ask(func(a *asking) {
				if tt.change != nil {
					tt.change(a)
				}
			})
			if tt.spoil != nil {
				tt.spoil(t, a)
			}
			if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	a := w.ask()
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); err != nil {
		t.Errorf("the question as it should be: %v", err)
	}
}

// What a roster says is asked of the query and of the site.
func TestOfferIsRefusedByItsRoster(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sites  int
		roster option
		change func(*asking)
		want   protocol.Code
	}{
		{"when it allows another mode", 2, func(r *protocol.Roster) { r.Modes = []protocol.Mode{protocol.Private} }, nil, protocol.ModeNotAllowed},
		{"when the cohort is below its minimum here", 2, func(r *protocol.Roster) { r.Cohorts[0].Minimum = people + 1 }, nil, protocol.CohortTooSmall},
		{"when the cohort is not at this site", 2, func(r *protocol.Roster) { r.Cohorts[0].Name = "others" },
			func(a *asking) { a.body.Cohort = "others" }, protocol.UnknownCohort},
		{"when the query names other sites than the cohort has", 4, widen, func(a *asking) { a.header.Points = []uint32{1, 2, 3} }, protocol.OtherSet},
		{"when the query does not name this site", 4, widen, func(a *asking) { a.header.Points = []uint32{2, 3, 4} }, protocol.OtherSet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newNetwork(t, tt.sites, tt.roster)
			a := w.ask(func(a *asking) {
				if tt.change != nil {
					tt.change(a)
				}
			})
			if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// widen lets three of four sites be a cut.
func widen(r *protocol.Roster) { r.Threshold, r.Corrupt, r.MinOrganisations = 3, 1, 3 }

func TestOfferThatComesAgainIsAnsweredWithTheSameBytes(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	first := w.must(0, protocol.CallOffer, w.offer(a, 0))
	if !bytes.Equal(w.must(0, protocol.CallOffer, w.offer(a, 0)), first) {
		t.Error("other bytes")
	}
	w.restart(0)
	if !bytes.Equal(w.must(0, protocol.CallOffer, w.offer(a, 0)), first) {
		t.Error("other bytes after a restart, before the node is ready")
	}
}

func TestSessionIsAnsweredOnceUnderOneTask(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	w.must(0, protocol.CallOffer, w.offer(a, 0))
	m := a.task.Message
	m.Expires = m.Expires.Add(time.Hour)
	a.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(m, w.member))
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, protocol.TooManyAttempts) {
		t.Errorf("the same attempt with a later end: got %v, want %v", err, protocol.TooManyAttempts)
	}
}

func TestContributionWithoutItsWordsIsLost(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.contribute(a)
	if err := os.Remove(filepath.Join(w.sites[0].dir, "outbox", c.headers[0].Message.Words.String())); err != nil {
		t.Fatal(err)
	}
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, protocol.Lost) {
		t.Errorf("got %v, want %v", err, protocol.Lost)
	}
	w.try(a, 2)
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); err != nil {
		t.Errorf("the next attempt: %v", err)
	}
}

func TestReleaseHasOnePlaintext(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	w.must(0, protocol.CallOffer, w.offer(a, 0))
	w.sites[0].node.ChangeCounts(func(counts []int64) { counts[0]++ })
	w.try(a, 2)
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, protocol.DataChanged) {
		t.Errorf("got %v, want %v", err, protocol.DataChanged)
	}
	if !strings.Contains(w.log.String(), "ALARM") {
		t.Error("nobody was alarmed")
	}
	w.sites[0].node.ChangeCounts(nil)
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); err != nil {
		t.Errorf("the data as it was: %v", err)
	}
}

// What a cohort is counted from is its store, or without one its file, and who is in it
// its sample table: what of these has changed is not answered from.
func TestWhatHasChangedIsNotAnsweredFrom(t *testing.T) {
	flip := func(raw []byte) []byte {
		raw = bytes.Clone(raw)
		raw[len(raw)/2] ^= 1
		return raw
	}
	call := func(raw []byte) []byte { return bytes.Replace(raw, []byte("\t0/0"), []byte("\t0/1"), 1) }
	for _, c := range []struct {
		name    string
		noStore bool
		path    func(dir string, k node.Cohort) string
		change  func([]byte) []byte
		want    error
	}{
		{"the file of genotypes, which is counted", true, func(_ string, k node.Cohort) string { return k.Path }, call, protocol.DeclarationChanged},
		{"the file of genotypes, of which there is a store", false, func(_ string, k node.Cohort) string { return k.Path }, call, nil},
		{"the sample table", false, func(_ string, k node.Cohort) string { return k.Samples }, flip, protocol.DeclarationChanged},
		{"the store", false, func(dir string, _ node.Cohort) string {
			return must[[]string](t)(filepath.Glob(filepath.Join(dir, "cohorts", "*.store")))[0]
		}, flip, protocol.DeclarationChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetwork(t, 2)
			s := w.sites[0]
			k := must[[]node.Cohort](t)(s.node.Cohorts(t.Context()))[0]
			spec := node.CohortSpec{Name: k.Name, Path: k.Path, Samples: k.Samples, Filter: k.Filter, Minimum: k.Minimum, NoStore: c.noStore}
			if _, err := s.node.AddCohort(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			a := w.ask()
			path := c.path(s.dir, k)
			was := must[[]byte](t)(os.ReadFile(path))
			if err := os.WriteFile(path, c.change(was), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err := os.WriteFile(path, was, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); err != nil {
				t.Errorf("as it was: %v", err)
			}
		})
	}
}

// A cohort that is replaced is another dataset: the old queries are refused, and a new
// declaration leaves at the next greeting.
func TestReplacedCohortIsAnotherDataset(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	before := w.state(0).Declaration
	spec, _ := writeCohort(t, t.TempDir(), 99, people)
	if _, err := w.sites[0].node.AddCohort(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, protocol.DeclarationChanged) {
		t.Errorf("got %v, want %v", err, protocol.DeclarationChanged)
	}
	if bytes.Equal(w.state(0).Declaration, before) {
		t.Error("nothing new was declared")
	}
	if _, err := w.answer(0, protocol.CallOffer, w.offer(w.ask(), 0)); err != nil {
		t.Errorf("a query that lists the new declaration: %v", err)
	}
}

func TestOnlyTheRostersMembersAreAnswered(t *testing.T) {
	w := newQuietNetwork(t, 2, func(r *protocol.Roster) { r.Members[0].Peer = "another member" })
	for i := range w.sites {
		w.serve(i)
	}
	st := w.state(0)
	q := must[protocol.Signed[protocol.HeadQuery]](t)(w.r().OpenHeadQuery(st.HeadQuery))
	raw := must[[]byte](t)(protocol.Witness{HeadQueries: []protocol.Signed[protocol.HeadQuery]{q}}.Bytes())
	if _, err := w.raw(1, protocol.CallWitness, raw); !errors.Is(err, wire.CodeRefused) {
		t.Errorf("got %v, want %v", err, wire.CodeRefused)
	}
}

// withFirst has every custodian sign a roster in which the cohort is over the first so many
// sites.
func (w *network) withFirst(stay int) {
	w.t.Helper()
	next := *w.r()
	next.Epoch, next.Previous, next.Deadline = 2, w.roster.Digest(), w.clock.Now().Add(time.Hour)
	next.Cohorts = []protocol.ExactCohort{{Name: cohortName, Points: next.Points()[:stay], Minimum: protocol.MinCohort}}
	w.agree(next)
	w.greet()
}

func overThree(a *asking) { a.header.Points = []uint32{1, 2, 3} }

// A variant of a cohort's people is released over one set of sites, whatever a later
// roster says: two sums over two sets would be subtracted. Others go on.
func TestAVariantIsReleasedOverOneSet(t *testing.T) {
	w := newNetwork(t, 4, widen)
	w.contribute(w.ask(part(0, 5)))
	w.withFirst(3)
	for _, tt := range []struct {
		name     string
		from, to uint64
		want     error
	}{
		{"what was released over four sites", 0, 5, protocol.OtherSet},
		{"some of it and more", 4, 8, protocol.OtherSet},
		{"what was not", 5, 8, nil},
		{"the same over these three again", 5, 8, nil},
		{"what was not, after a restart", 8, 9, nil},
	} {
		if strings.Contains(tt.name, "restart") {
			w.restart(0)
			w.greet()
		}
		a := w.ask(part(tt.from, tt.to), overThree)
		if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

// The disk is set back to before the answer over four sites: the site's own snapshot knows it.
func TestTheSetIsKnownAfterARestoredBackup(t *testing.T) {
	w := newNetwork(t, 4, widen)
	old := copyOf(t, w.sites[0])
	w.carry(w.ask(part(0, 5)))
	w.setBack(0, old)
	w.greet()
	w.withFirst(3)
	if _, err := w.answer(0, protocol.CallOffer, w.offer(w.ask(part(0, 5), overThree), 0)); !errors.Is(err, protocol.OtherSet) {
		t.Errorf("got %v, want %v", err, protocol.OtherSet)
	}
}
