package researcher

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher/answer"
)

const (
	// maxPanel bounds a panel's file in bytes: some 400 million variants.
	maxPanel = 1 << 30
	// DefaultLife is how long a question waits for its sites.
	DefaultLife = 24 * time.Hour
)

// Ask is a question in a person's terms.
type Ask struct {
	Cohort string
	Mode   protocol.Mode
	// Private says how much noise there is in mode dp.
	Private Precision
	// Panel is a name in the roster; empty when it has only one.
	Panel string
	// Region, Genes, RSIDs and VariantFile select from the panel, and what any of them names
	// is asked for. Without any it is all of the panel.
	Region string
	// Genes are names of genes in GeneFile, a BED or a GFF3.
	Genes    []string
	GeneFile string
	// RSIDs, such as rs334, are looked up in NameFile: the file .rsids that was built
	// beside the panel, or a VCF, pvar or bim with an ID column.
	RSIDs    []string
	NameFile string
	// VariantFile is a VCF, pvar, bim or list CHROM POS REF ALT, or has an rsID or a
	// contig:position:REF:ALT on each line.
	VariantFile string
	// Purpose is what the custodians read.
	Purpose string
	// Use is what the answer is for, by which sites choose whose consent covers it.
	Use protocol.Use
	// Passport is a GA4GH passport as a broker gave it, at most protocol.MaxPassport bytes, or
	// nothing. Sites see it, the coordinator does not.
	Passport []byte
	// Life is how long the question waits for its sites; zero means DefaultLife.
	Life time.Duration
}

// Compose turns a question into a signed query, sealed to every site, and keeps it.
func (c *Client) Compose(ctx context.Context, ask Ask, now time.Time) (Asked, error) {
	view, err := c.Study(ctx)
	if err != nil {
		return Asked{}, err
	}
	r := &view.Roster.Message
	cohort, err := CohortOf(r, ask.Cohort)
	if err != nil {
		return Asked{}, err
	}
	if err := allowed(r, ask.Mode); err != nil {
		return Asked{}, err
	}
	selected, ref, err := c.selected(ctx, view, ask)
	if err != nil {
		return Asked{}, err
	}
	header, err := c.header(view, cohort, ask, selected.Size(), now)
	if err != nil {
		return Asked{}, err
	}
	var private *answer.AskedPrivately
	if ask.Mode == protocol.Private {
		q, err := c.Price(ctx, view, ask, selected)
		if err != nil {
			return Asked{}, err
		}
		private = &answer.AskedPrivately{Delta: ask.Private.Delta, Noise: q.Noise, Release: q.Release, Before: q.Before}
		header.Noise, header.Release = q.Noise, q.Release
		if len(cohort.Points) == len(r.Sites) {
			header.Points = nil // any sites that are enough
		}
	}
	if _, err := vector.Of(r, &header); err != nil {
		return Asked{}, fmt.Errorf("%w: %w; ask for fewer variants at a time, or for less noise", ErrPrecision, err)
	}
	secrets, err := c.home.seed.Secrets(header.Nonce)
	if err != nil {
		return Asked{}, err
	}
	asked, err := c.seal(view, header, secrets.Body(ask.Cohort, ref.Digest, selected.Ranges, ask.Passport))
	if err != nil {
		return Asked{}, err
	}
	asked.Region, asked.Purpose, asked.Made, asked.Private, asked.Passport = selected.Of, ask.Purpose, now, private, ask.Passport
	return asked, writeJSON(c.home.path("tasks", asked.Task.String()+".json"), asked)
}

func (c *Client) header(view View, cohort protocol.ExactCohort, ask Ask, variants uint64, now time.Time) (protocol.QueryHeader, error) {
	r := &view.Roster.Message
	params, err := he.ParamsFor(len(r.Sites))
	if err != nil {
		return protocol.QueryHeader{}, err
	}
	life := ask.Life
	if life == 0 {
		life = DefaultLife
	}
	h := protocol.QueryHeader{
		Study: r.Study, Roster: view.Roster.Digest(), Analysis: protocol.AlleleFrequency.ID, Mode: ask.Mode,
		Params: params.Name(), Size: variants, Points: cohort.Points,
		Researcher: c.home.key.Public().ID(), Organisation: c.home.identity.Organisation, Purpose: ask.Purpose, Use: ask.Use,
		Issued: now, Expires: now.Add(life),
	}
	for i, d := range view.Declarations {
		site := r.Sites[i].Name
		if d.IsZero() {
			return protocol.QueryHeader{}, fmt.Errorf("researcher: site %q has not declared its dataset yet; its node runs `locus-node run`", site)
		}
		if !d.Message.KEMUntil.After(now) {
			return protocol.QueryHeader{}, fmt.Errorf("researcher: the key of site %q has expired; its node renews it when it is next connected", site)
		}
		if slices.Contains(cohort.Points, uint32(i+1)) {
			if err := declares(&d.Message, site, ask); err != nil {
				return protocol.QueryHeader{}, err
			}
		}
		h.Declarations = append(h.Declarations, d.Digest())
	}
	if _, err := rand.Read(h.Nonce[:]); err != nil {
		return protocol.QueryHeader{}, fmt.Errorf("make nonce: %w", err)
	}
	return h, nil
}

// allowed requires that a roster allows a mode.
func allowed(r *protocol.Roster, mode protocol.Mode) error {
	if slices.Contains(r.Modes, mode) {
		return nil
	}
	return fmt.Errorf("researcher: the study does not allow mode %s; it allows %v, and its operator proposes a roster with %s among its modes", mode, r.Modes, mode)
}

// declares requires that a site has the cohort, for the mode.
func declares(d *protocol.Declaration, site string, ask Ask) error {
	declared, ok := d.Cohort(ask.Cohort)
	switch {
	case !ok:
		return fmt.Errorf("researcher: site %q has not loaded cohort %q yet", site, ask.Cohort)
	case !slices.Contains(declared.Modes, ask.Mode):
		return fmt.Errorf("researcher: site %q does not answer in mode %s about cohort %q: its people are more than the roster leaves room for; "+
			"the operator proposes a roster that allows the site more", site, ask.Mode, ask.Cohort)
	}
	return nil
}

// seal commits to the body, signs the header and seals the body to every site.
func (c *Client) seal(view View, header protocol.QueryHeader, body protocol.QueryBody) (Asked, error) {
	var err error
	if header.Commitment, err = body.Commitment(); err != nil {
		return Asked{}, err
	}
	header.Recipient = protocol.RecipientDigest(body.RecipientKey)
	signed, err := protocol.Sign(header, c.home.key)
	if err != nil {
		return Asked{}, err
	}
	sites := make([]protocol.Declaration, len(view.Declarations))
	for i, d := range view.Declarations {
		sites[i] = d.Message
	}
	q, err := protocol.SealQuery(signed, body, sites)
	if err != nil {
		return Asked{}, err
	}
	raw, err := q.Bytes()
	if err != nil {
		return Asked{}, err
	}
	return Asked{
		Task: signed.Digest(), Study: header.Study, Roster: header.Roster, Cohort: body.Cohort,
		Panel: body.Panel, Ranges: body.Ranges, Query: raw,
	}, nil
}

// Submit sends a question. It returns after the coordinator has committed it; sent
// again it is the same task.
func (c *Client) Submit(ctx context.Context, asked Asked) error {
	raw, err := c.rest.Bytes(ctx, http.MethodPost, "/v1/studies/"+asked.Study+"/queries", asked.Query)
	if err != nil {
		return fmt.Errorf("submit query: %w", err)
	}
	var s rest.Submitted
	if err := decodeJSON(raw, &s); err != nil || s.Task != asked.Task {
		return errors.Join(errors.New("researcher: the coordinator acknowledged another query"), err)
	}
	return nil
}

// Asked returns a question that was asked from this home, by the start of its id.
func (h *Home) Asked(id string) (Asked, error) {
	list, err := h.AllAsked()
	if err != nil {
		return Asked{}, err
	}
	var found []Asked
	for _, a := range list {
		if len(id) >= 4 && len(id) <= 64 && a.Task.String()[:len(id)] == id {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return Asked{}, fmt.Errorf("researcher: no task %.64q was asked from here: %w", id, fs.ErrNotExist)
	case 1:
		return found[0], nil
	}
	return Asked{}, fmt.Errorf("researcher: %d tasks start with %q; give more of the id", len(found), id)
}

// AllAsked are all questions asked from this home, newest first.
func (h *Home) AllAsked() ([]Asked, error) {
	files, err := globJSON(h.path("tasks"))
	if err != nil {
		return nil, err
	}
	list := make([]Asked, len(files))
	for i, f := range files {
		if err := readJSON(f, &list[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Asked) int { return b.Made.Compare(a.Made) })
	return list, nil
}

func choosePanel(r *protocol.Roster, name string) (protocol.PanelRef, error) {
	names := make([]string, len(r.Panels))
	for i, p := range r.Panels {
		if p.Name == name || name == "" && len(r.Panels) == 1 {
			return p, nil
		}
		names[i] = p.Name
	}
	return protocol.PanelRef{}, fmt.Errorf("researcher: name one of the study's panels with --panel: %q", names)
}

func parsePanel(raw []byte, ref protocol.PanelRef) (*panel.Panel, error) {
	p, err := panel.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("panel %q: %w", ref.Name, err)
	}
	if protocol.Digest(p.Digest()) != ref.Digest || uint64(p.Len()) != ref.Size {
		return nil, fmt.Errorf("researcher: the panel %q that came is not the one in the roster", ref.Name)
	}
	return p, nil
}

// CohortOf is a cohort of a study, or an error that names those that it has.
func CohortOf(r *protocol.Roster, name string) (protocol.ExactCohort, error) {
	cohort, ok := r.Cohort(name)
	if !ok {
		return cohort, fmt.Errorf("researcher: the study has no cohort %q; it has %s", name, cohortNames(r))
	}
	return cohort, nil
}

func cohortNames(r *protocol.Roster) string {
	names := make([]string, len(r.Cohorts))
	for i, c := range r.Cohorts {
		names[i] = c.Name
	}
	return fmt.Sprintf("%q", names)
}

func readAtMost(r io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fmt.Errorf("over %d bytes", most)
	}
	return raw, err
}
