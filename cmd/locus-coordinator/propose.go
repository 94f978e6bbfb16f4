package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// studyFile is a proposal as an operator writes it.
type studyFile struct {
	Study string `json:"study"`
	Title string `json:"title"`
	// Sites are names of approved sites; their order gives the share points.
	Sites []string `json:"sites"`
	// Threshold, Packing and Corrupt are the defaults when absent.
	Threshold        int          `json:"threshold,omitempty"`
	Packing          *int         `json:"packing,omitempty"`
	Corrupt          *int         `json:"corrupt,omitempty"`
	MinOrganisations int          `json:"minOrganisations,omitempty"`
	Modes            []string     `json:"modes,omitempty"`
	Cohorts          []cohortFile `json:"cohorts"`
	Panels           []panelFile  `json:"panels"`
	// Researchers are files with the cards that `locus init` prints.
	Researchers []string `json:"researchers"`
	// Days is how long custodians have to sign; 30 when absent.
	Days int `json:"days,omitempty"`
}

type cohortFile struct {
	Name    string   `json:"name"`
	Sites   []string `json:"sites,omitempty"` // all when absent
	Minimum uint32   `json:"minimum"`
}

type panelFile struct {
	Name     string `json:"name"`
	Assembly string `json:"assembly"`
	File     string `json:"file"` // of locus-node panel build; or a list CHROM POS REF ALT, a VCF, a pvar, a bim
}

func (a *app) propose(c *cobra.Command, args []string) error {
	var f studyFile
	if err := readStrict(args[0], &f); err != nil {
		return err
	}
	h, client, err := a.operator()
	if err != nil {
		return err
	}
	defer client.Close()
	r := protocol.Roster{Study: f.Study, Title: f.Title, Deadline: time.Now().AddDate(0, 0, cmp.Or(f.Days, 30))}
	if err := follow(c, client, &r); err != nil {
		return err
	}
	if r.Members, err = h.RosterMembers(); err != nil {
		return err
	}
	if err := a.fillSites(c, &r, f); err != nil {
		return err
	}
	if err := fillRules(&r, f); err != nil {
		return err
	}
	if err := fillResearchers(&r, f, filepath.Dir(args[0])); err != nil {
		return err
	}
	for _, p := range f.Panels {
		raw, ref, err := buildPanel(p, filepath.Dir(args[0]))
		if err != nil {
			return err
		}
		if _, err := client.Bytes(c.Context(), http.MethodPost, "/v1/panels", raw); err != nil {
			return fmt.Errorf("store panel %q: %w", p.Name, err)
		}
		r.Panels = append(r.Panels, ref)
		fmt.Fprintf(a.err, "panel %s: %d variants, %s\n", ref.Name, ref.Size, ref.Digest.Short())
	}
	proposal, err := protocol.NewProposal(r)
	if err != nil {
		return err
	}
	return a.onStudy(c, http.MethodPost, "/v1/studies", proposal.Bytes())
}

// follow numbers a roster: the first of its study, or the next one after the newest that is
// there. One that nobody has signed yet is put right under its own number.
func follow(c *cobra.Command, client *rest.Client, r *protocol.Roster) error {
	raw, err := client.Bytes(c.Context(), http.MethodGet, "/v1/studies/"+url.PathEscape(r.Study), nil)
	var problem *rest.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		r.Epoch = 1
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the study's newest roster: %w", err)
	}
	var s rest.Study
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	newest, err := protocol.ParseProposal(s.Roster)
	if err != nil {
		return fmt.Errorf("the study's newest roster: %w", err)
	}
	r.Epoch, r.Previous = after(newest)
	return nil
}

func after(newest protocol.Signed[protocol.Roster]) (epoch uint64, previous protocol.Digest) {
	m := &newest.Message
	if len(protocol.Unsigned(newest)) == len(m.Sites) {
		return m.Epoch, m.Previous
	}
	return m.Epoch + 1, newest.Digest()
}

func (a *app) fillSites(c *cobra.Command, r *protocol.Roster, f studyFile) error {
	sites, err := a.sites(c)
	if err != nil {
		return err
	}
	for _, name := range f.Sites {
		found := false
		for _, s := range sites {
			if s.Name != name {
				continue
			}
			if s.State != "approved" {
				return fmt.Errorf("site %q is %s: approve it first", name, s.State)
			}
			card, err := protocol.ParseCard(s.Card)
			if err != nil {
				return fmt.Errorf("card of site %q: %w", name, err)
			}
			r.Sites, found = append(r.Sites, card.Site()), true
		}
		if !found {
			return fmt.Errorf("no site %q has joined", name)
		}
	}
	return nil
}

// alone is up to how many sites each share of a key is sealed by itself: together they
// take less than 64 KiB.
const alone = 4

func fillRules(r *protocol.Roster, f studyFile) error {
	n := len(r.Sites)
	r.Threshold, _ = protocol.Thresholds(n)
	if f.Threshold != 0 {
		r.Threshold = f.Threshold
	}
	switch {
	case f.Packing != nil:
		r.Packing = *f.Packing
	case n > alone:
		r.Packing = he.PackingFor(n, r.Threshold)
	}
	r.Corrupt = protocol.MostCorrupt(n, r.Threshold, r.Packing)
	if f.Corrupt != nil {
		r.Corrupt = *f.Corrupt
	}
	r.MinOrganisations = cmp.Or(f.MinOrganisations, min(r.Corrupt+2, len(r.Sites)))
	for _, m := range f.Modes {
		mode, err := protocol.ParseMode(m)
		if err != nil {
			return err
		}
		r.Modes = append(r.Modes, mode)
	}
	if len(f.Modes) == 0 {
		r.Modes = []protocol.Mode{protocol.Exact}
	}
	for _, c := range f.Cohorts {
		cohort := protocol.ExactCohort{Name: c.Name, Minimum: c.Minimum}
		for i, s := range r.Sites {
			if len(c.Sites) == 0 || slices.Contains(c.Sites, s.Name) {
				cohort.Points = append(cohort.Points, uint32(i+1))
			}
		}
		r.Cohorts = append(r.Cohorts, cohort)
	}
	return nil
}

func fillResearchers(r *protocol.Roster, f studyFile, dir string) error {
	for _, file := range f.Researchers {
		var card struct{ Name, Organisation, Key string }
		if err := readStrict(relative(dir, file), &card); err != nil {
			return err
		}
		raw, err := base64.StdEncoding.DecodeString(card.Key)
		if err != nil {
			return fmt.Errorf("card %s: the key is not base64", file)
		}
		key, err := protocol.ParsePublicKey(raw)
		if err != nil {
			return fmt.Errorf("card %s: %w", file, err)
		}
		r.Researchers = append(r.Researchers, protocol.Researcher{Name: card.Name, Organisation: card.Organisation, Key: key})
	}
	return nil
}

func buildPanel(p panelFile, dir string) ([]byte, protocol.PanelRef, error) {
	f, err := os.Open(relative(dir, p.File))
	if err != nil {
		return nil, protocol.PanelRef{}, fmt.Errorf("panel %q: %w", p.Name, err)
	}
	defer f.Close()
	return encodePanel(p, f)
}

func relative(dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}

// readStrict reads JSON and refuses a name that it does not know: a misspelt one
// would be a rule that is not there.
func readStrict(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
