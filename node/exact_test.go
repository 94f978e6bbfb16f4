package node_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// edited is a cohort of site 1 whose sample table and VCF were changed.
type edited func(table, vcf string) (string, string)

func asItIs(table, vcf string) (string, string) { return table, vcf }

// withoutLast leaves one person out of the table.
func withoutLast(table, vcf string) (string, string) {
	return table[:strings.LastIndex(strings.TrimSuffix(table, "\n"), "\n")+1], vcf
}

func otherSex(table, vcf string) (string, string) {
	return strings.Replace(table, "\tfemale", "\tmale", 1), vcf
}

// otherGenotype gives somebody another genotype at the first variant.
func otherGenotype(table, vcf string) (string, string) {
	at := strings.Index(vcf, "\tGT\t") + 3
	if strings.HasPrefix(vcf[at:], "\t0/1") {
		return table, vcf[:at] + "\t1/1" + vcf[at+4:]
	}
	return table, vcf[:at] + "\t0/1" + vcf[at+4:]
}

// replaceCohort has site 1's custodian add a changed cohort in the place of the old one.
func (w *network) replaceCohort(seed uint64, name string, change edited) {
	w.t.Helper()
	spec, _ := writeCohort(w.t, w.t.TempDir(), seed, people)
	table := must[[]byte](w.t)(os.ReadFile(spec.Samples))
	vcf := must[[]byte](w.t)(os.ReadFile(spec.Path))
	newTable, newVCF := change(string(table), string(vcf))
	for path, text := range map[string]string{spec.Samples: newTable, spec.Path: newVCF} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	spec.Name = name
	if _, err := w.sites[0].node.AddCohort(w.t.Context(), spec); err != nil {
		w.t.Fatal(err)
	}
}

// part asks for variants [from, to) of the panel, as a question of its own.
func part(from, to uint64) func(*asking) {
	return func(a *asking) {
		a.body.Ranges, a.header.Size = []protocol.Range{{From: from, To: to}}, to-from
		a.header.Nonce = protocol.Hash("nonce", []byte{byte(from), byte(to)})
	}
}

// Alice asks, the cohort changes by a person, and she asks again: the difference of the
// two answers is that person's genotypes.
func TestAttackDifferenceOfTwoCohorts(t *testing.T) {
	nothing := func(*network) {}
	for _, tt := range []struct {
		name          string
		before, after edited
		between       func(*network)
	}{
		{"a person withdraws", asItIs, withoutLast, nothing},
		{"a person is added", withoutLast, asItIs, nothing},
		{"a genotype is corrected", asItIs, otherGenotype, nothing},
		{"a sex is corrected", asItIs, otherSex, nothing},
		{"a person withdraws and the node starts again", asItIs, withoutLast, func(w *network) { w.restart(0); w.greet() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.ReleasedVariants, func() error {
				w := newNetwork(t, 2)
				w.replaceCohort(0, cohortName, tt.before)
				if err := w.offered(w.ask()); err != nil {
					t.Fatal(err)
				}
				tt.between(w)
				w.replaceCohort(0, cohortName, tt.after)
				return expect(t, w.offered(w.ask()), protocol.AlreadyReleased)
			})
		})
	}
}

// The disk is set back to before the first answer: the site's own snapshot tells it what
// it has given.
func TestAttackDifferenceOverARestoredBackup(t *testing.T) {
	for _, tt := range []struct {
		name   string
		forget string
	}{
		{"of people who are known", "SELECT 1"},
		{"of people who are not", "DELETE FROM people"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.ReleasedVariants, func() error {
				w := newNetwork(t, 2)
				dir := copyOf(t, w.sites[0])
				w.carry(w.ask())
				db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(dir, "records.db")))
				if _, err := db.Exec(tt.forget); err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				w.setBack(0, dir)
				w.greet()
				w.grantAll()
				w.replaceCohort(0, cohortName, withoutLast)
				return expect(t, w.offered(w.ask()), protocol.AlreadyReleased)
			})
		})
	}
}

// Nobody has granted anything, and alice asks for more than a membership test needs.
func TestAttackMoreVariantsThanTheLimit(t *testing.T) {
	debug.Defended(t, debug.LifetimeRelease, func() error {
		w := newNetwork(t, 2)
		w.revokeAll()
		return expect(t, w.offered(w.ask()), protocol.ReleaseLimit)
	})
}

// revokeAll has site 1's custodian take every grant back.
func (w *network) revokeAll() {
	w.t.Helper()
	_, grants, err := w.sites[0].node.Releases(w.t.Context())
	if err != nil || len(grants) == 0 {
		w.t.Fatalf("%d grants, %v", len(grants), err)
	}
	for _, g := range grants {
		if g.State != "revoked" {
			must[node.Revoked](w.t)(w.sites[0].node.RevokeRelease(w.t.Context(), g.ID.Short()))
		}
	}
}

func TestVariantsThatWereNotGivenGoOn(t *testing.T) {
	w := newNetwork(t, 2)
	w.replaceCohort(0, cohortName, asItIs)
	if err := w.offered(w.ask(part(0, 6))); err != nil {
		t.Fatal(err)
	}
	w.replaceCohort(0, cohortName, withoutLast)
	for _, tt := range []struct {
		name     string
		from, to uint64
		want     error
	}{
		{"a variant that was given", 5, 7, protocol.AlreadyReleased},
		{"variants that were not", 6, 12, nil},
		{"all of them, then", 0, 12, protocol.AlreadyReleased},
		{"those of the changed cohort again", 8, 10, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := w.offered(w.ask(part(tt.from, tt.to))); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	// The first cohort is nearly the second, whichever was asked about last.
	w.replaceCohort(0, cohortName, asItIs)
	if err := w.offered(w.ask(part(0, 6), func(a *asking) { a.header.Nonce = protocol.Hash("again") })); err != nil {
		t.Error("the same people and the same variants:", err)
	}
	if err := w.offered(w.ask(part(6, 12))); !errors.Is(err, protocol.AlreadyReleased) {
		t.Errorf("variants of the cohort without one: got %v", err)
	}
	w.replaceCohort(99, cohortName, asItIs)
	if err := w.offered(w.ask()); err != nil {
		t.Error("other people altogether:", err)
	}
}

// The same variants under another panel, whose contig is named otherwise, are the same.
func TestGivenVariantsAreKnownInAnotherPanel(t *testing.T) {
	other := must[*panel.Panel](t)(panel.New("GRCh38", []panel.Variant{
		{Contig: "chr22", Pos: 999, Ref: "A", Alt: "G"}, {Contig: "chr22", Pos: 1000, Ref: "A", Alt: "C"},
		{Contig: "chr22", Pos: 1050, Ref: "A", Alt: "G"}, {Contig: "chr22", Pos: 2000, Ref: "A", Alt: "G"},
	}))
	w := newNetwork(t, 2, func(r *protocol.Roster) {
		r.Panels = append(r.Panels, protocol.PanelRef{Name: "other", Assembly: "GRCh38", Digest: other.Digest(), Size: uint64(other.Len())})
	})
	f := must[*os.File](t)(os.Create(filepath.Join(w.sites[0].dir, "panels", protocol.Digest(other.Digest()).String())))
	if _, err := other.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	w.replaceCohort(0, cohortName, asItIs)
	if err := w.offered(w.ask()); err != nil {
		t.Fatal(err)
	}
	w.replaceCohort(0, cohortName, withoutLast)
	of := func(a *asking) { a.body.Panel = other.Digest() }
	if err := w.offered(w.ask(part(2, 4), of)); !errors.Is(err, protocol.AlreadyReleased) {
		t.Errorf("22:1050 A>G: got %v", err)
	}
	if err := w.offered(w.ask(part(0, 2), of)); err != nil {
		t.Error("variants that the first panel has not:", err)
	}
	// Without the first panel nobody can tell what was given.
	if err := os.Remove(filepath.Join(w.sites[0].dir, "panels", protocol.Digest(w.panel.Digest()).String())); err != nil {
		t.Fatal(err)
	}
	if err := w.offered(w.ask(part(3, 4), of)); !errors.Is(err, protocol.AlreadyReleased) {
		t.Errorf("while the first panel is gone: got %v", err)
	}
}

// Twenty-five people are declared as twenty: two variants are given of them, ever.
func TestLimitAndGrants(t *testing.T) {
	w := newNetwork(t, 2)
	w.revokeAll()
	grant := func(variants uint64) func() {
		return func() {
			must[node.ReleaseGrant](t)(w.sites[0].node.GrantRelease(t.Context(), node.GrantSpec{Study: studyName, Cohort: cohortName, Variants: variants, Life: time.Hour}))
		}
	}
	for _, tt := range []struct {
		name     string
		first    func()
		from, to uint64
		want     error
	}{
		{"three variants are over the limit", nil, 0, 3, protocol.ReleaseLimit},
		{"two are not", nil, 0, 2, nil},
		{"nor are the same two after a restart", func() { w.restart(0); w.greet() }, 0, 2, nil},
		{"a third is", nil, 2, 3, protocol.ReleaseLimit},
		{"five in all are granted, and six asked for", grant(5), 0, 6, protocol.ReleaseLimit},
		{"five in all are granted", nil, 2, 5, nil},
		{"a sixth is not", nil, 5, 6, protocol.ReleaseLimit},
		{"everything is granted", grant(0), 5, 7, nil},
		{"the grant is taken back", w.revokeAll, 7, 8, protocol.ReleaseLimit},
		{"what was given under it may be asked for again", nil, 5, 7, nil},
		{"everything is granted, and an hour is over", func() { grant(0)(); w.clock.Move(time.Hour) }, 7, 8, protocol.ReleaseLimit},
		{"most of them are in the cohort that stands in its place", func() { w.replaceCohort(0, cohortName, withoutLast) }, 10, 11, protocol.ReleaseLimit},
		{"none of them is", func() { w.replaceCohort(99, cohortName, asItIs) }, 10, 12, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.first != nil {
				tt.first()
			}
			if err := w.offered(w.ask(part(tt.from, tt.to))); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A grant from before the backup may have been revoked after it.
func TestGrantEndsWhenTheRecordsAreRestored(t *testing.T) {
	w := newNetwork(t, 2)
	dir := copyOf(t, w.sites[0])
	w.carry(w.ask(part(0, 6)))
	w.setBack(0, dir)
	w.greet()
	if err := w.offered(w.ask(part(6, 12))); !errors.Is(err, protocol.ReleaseLimit) {
		t.Errorf("got %v", err)
	}
	w.grantAll()
	if err := w.offered(w.ask(part(6, 12))); err != nil {
		t.Error("granted anew:", err)
	}
}

func TestGrantIsRefused(t *testing.T) {
	w := newNetwork(t, 2)
	for _, tt := range []struct {
		name string
		spec node.GrantSpec
		want error
	}{
		{"for a study that was not accepted", node.GrantSpec{Study: "other", Cohort: cohortName, Life: time.Hour}, node.ErrNoStudy},
		{"for a cohort that the study has not", node.GrantSpec{Study: studyName, Cohort: "other", Life: time.Hour}, node.ErrGrant},
		{"for no time", node.GrantSpec{Study: studyName, Cohort: cohortName}, node.ErrGrant},
		{"for longer than a year", node.GrantSpec{Study: studyName, Cohort: cohortName, Life: protocol.MaxGrant + 1}, node.ErrGrant},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := w.sites[0].node.GrantRelease(t.Context(), tt.spec); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	for _, id := range []string{"", "zz"} {
		if _, err := w.sites[0].node.RevokeRelease(t.Context(), id); !errors.Is(err, node.ErrGrant) {
			t.Errorf("revoke %q: got %v", id, err)
		}
	}
}

// What a disk holds of the people is not their names.
func TestRecordsHoldNoNames(t *testing.T) {
	w := newNetwork(t, 2)
	w.carry(w.ask())
	files := must[[]string](t)(filepath.Glob(filepath.Join(w.sites[0].dir, "records.db*")))
	all := ""
	for _, f := range files {
		all += string(must[[]byte](t)(os.ReadFile(f)))
	}
	if !strings.Contains(all, cohortName) {
		t.Fatal("these are not the records")
	}
	if strings.Contains(all, "P0-00") || strings.Contains(all, "S0-00") {
		t.Error("the records name a person")
	}
}

// The answer tells whether it took a grant: what the limit allows is not stamped.
func TestAnAnswerSaysThatItTookAGrant(t *testing.T) {
	w := newNetwork(t, 2)
	for _, tt := range []struct {
		from, to uint64
		want     bool
	}{{0, 2, false}, {0, 6, true}, {6, 8, true}} {
		c := w.contribute(w.ask(part(tt.from, tt.to)))
		for i, h := range c.headers {
			if h.Message.Granted != tt.want {
				t.Errorf("variants %d to %d, site %d: granted %v, want %v", tt.from, tt.to, i+1, h.Message.Granted, tt.want)
			}
		}
	}
}
