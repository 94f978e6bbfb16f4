package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/node/policy/ontology"
	"github.com/locus-genomics/locus/protocol"
)

// The register of consents has one row a person, under the site's pin key. Each change to it
// is an epoch, a link of the chain, and a new declaration of the cohorts that the change
// touches: what was asked of them before is refused, also when it is being counted. Whoever
// is not counted has label 0, so that no file is read anew.
//
// Nothing that leaves the site tells how many were left out: sizes are declared of the
// cohort as it was taken in.

// ErrConsent is returned when a change to the register cannot be made.
var ErrConsent = errors.New("node: the consents are not changed")

// consentSchema keeps the register.
const consentSchema = `
CREATE TABLE consents (
	person  BLOB PRIMARY KEY CHECK (length(person) = 32), -- under the pin key
	given   INTEGER NOT NULL CHECK (given IN (0, 1)),
	codes   TEXT NOT NULL, -- with commas
	studies TEXT NOT NULL,
	epoch   INTEGER NOT NULL CHECK (epoch > 0) -- in which the row changed last
) STRICT;

CREATE TABLE consent_epochs (
	epoch   INTEGER PRIMARY KEY CHECK (epoch > 0),
	unnamed INTEGER NOT NULL CHECK (unnamed IN (0, 1)), -- whether people without a row are counted
	changed INTEGER NOT NULL
) STRICT;

CREATE TABLE ontology ( -- an extract of one of diseases, if it was learned
	only INTEGER PRIMARY KEY CHECK (only = 1),
	raw  BLOB NOT NULL
) STRICT;

CREATE TABLE consented ( -- the last epoch that touched a cohort
	cohort TEXT PRIMARY KEY,
	epoch  INTEGER NOT NULL CHECK (epoch > 0)
) STRICT;
`

// maxWithdrawn bounds a list of people that a person types.
const maxWithdrawn = 1 << 20

// Register is what the custodian is shown of it.
type Register struct {
	// Epoch counts its changes; 0 when there was none.
	Epoch   uint64
	Changed time.Time
	// Given and Withdrawn are how many people have a row.
	Given, Withdrawn int
	// Unnamed tells that people without a row are counted.
	Unnamed bool
	// Diseases is how many terms the ontology of diseases has.
	Diseases int
	// Unconfirmed tells that the records were restored since: changes may be lost, and
	// nothing is answered.
	Unconfirmed bool
}

// ConsentChange is what a change to the register has led to.
type ConsentChange struct {
	Epoch uint64
	// Changed is how many people's rows are other than they were.
	Changed int
	// Cohorts are those that the change touches.
	Cohorts []string
	// Nowhere is how many of the people whose consent ended are in no cohort here.
	Nowhere int
	// Answers are those that left before with a person whose consent ended now.
	Answers []ConsentAnswer
}

// ConsentAnswer is an answer that somebody is in.
type ConsentAnswer struct {
	Study, Cohort string
	Query         protocol.Digest
	Mode          protocol.Mode
	Variants      uint64
	At            time.Time
}

// ImportConsents changes the rows of those who are named and adds those who have none.
// unnamed says whether people without a row are counted; nil leaves it as it is, which the
// first import may not.
func (n *Node) ImportConsents(ctx context.Context, list []roll.Consent, unnamed *bool) (ConsentChange, error) {
	return n.changeConsents(ctx, func(r *register) error {
		if unnamed == nil && r.epoch == 0 {
			return fmt.Errorf("%w: say whether people whom the table does not name are counted", ErrConsent)
		}
		if unnamed != nil {
			r.unnamed = *unnamed
		}
		for _, c := range list {
			r.set(n.consentTag(c.Person), consentRow{given: c.Given, codes: strings.Join(c.Codes, ","), studies: strings.Join(c.Studies, ",")})
		}
		return nil
	})
}

// WithdrawConsent ends the consent of people, whether or not they have a row. From then on
// no contribution has them.
func (n *Node) WithdrawConsent(ctx context.Context, persons []string) (ConsentChange, error) {
	if len(persons) == 0 || len(persons) > maxWithdrawn {
		return ConsentChange{}, fmt.Errorf("%w: name 1 to %d people", ErrConsent, maxWithdrawn)
	}
	return n.changeConsents(ctx, func(r *register) error {
		for _, p := range persons {
			tag := n.consentTag(p)
			row := r.rows[tag]
			row.given = false
			r.set(tag, row)
		}
		return nil
	})
}

// ConfirmConsents says that the register is as it should be, after the records were
// restored.
func (n *Node) ConfirmConsents(ctx context.Context) error {
	_, err := n.changeConsents(ctx, func(*register) error { return nil })
	return err
}

// LearnDiseases puts an ontology in the place of the one before: a consent for a disease then
// covers its kinds.
func (n *Node) LearnDiseases(ctx context.Context, o *ontology.Ontology) (ConsentChange, error) {
	var extract bytes.Buffer
	if err := o.Extract(&extract); err != nil {
		return ConsentChange{}, fmt.Errorf("write the ontology: %w", err)
	}
	return n.changeConsents(ctx, func(r *register) error {
		r.learned = !bytes.Equal(r.extract, extract.Bytes())
		r.extract, r.diseases = extract.Bytes(), o
		return nil
	})
}

// Consents shows the register.
func (n *Node) Consents(ctx context.Context) (Register, error) {
	r, err := n.readRegister(ctx, n.records.db)
	if err != nil {
		return Register{}, err
	}
	shown := Register{Epoch: r.epoch, Changed: r.changed, Unnamed: r.unnamed, Unconfirmed: r.unconfirmed}
	if r.diseases != nil {
		shown.Diseases = r.diseases.Stats().Terms
	}
	for _, row := range r.rows {
		if row.given {
			shown.Given++
		} else {
			shown.Withdrawn++
		}
	}
	return shown, nil
}

// ConsentOf is one person's row, and the epoch in which it changed last; 0 for no row.
func (n *Node) ConsentOf(ctx context.Context, person string) (roll.Consent, uint64, error) {
	r, err := n.readRegister(ctx, n.records.db)
	if err != nil {
		return roll.Consent{}, 0, err
	}
	row, ok := r.rows[n.consentTag(person)]
	if !ok {
		return roll.Consent{Person: person}, 0, nil
	}
	return roll.Consent{Person: person, Given: row.given, Codes: words(row.codes), Studies: words(row.studies)}, row.epoch, nil
}

// ConsentCovers says line by line whether a person's terms cover a use; without a line for a
// person without terms.
func (n *Node) ConsentCovers(ctx context.Context, person string, use protocol.Use) (duo.Decision, error) {
	r, err := n.readRegister(ctx, n.records.db)
	if err != nil {
		return duo.Decision{}, err
	}
	row := r.rows[n.consentTag(person)]
	if row.codes == "" {
		return duo.Decision{Verdict: duo.Allow}, nil
	}
	request := requestOf(use)
	request.Time = n.cfg.Now()
	return duo.Match(words(row.codes), request, r.kinds()), nil
}

// words are those of a list with commas.
func words(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' })
}

func (n *Node) consentTag(person string) protocol.Digest {
	return personTag(person, n.keys.PinTag)
}

// changeConsents makes an epoch of the register in one transaction. Where change changes
// nothing, and nothing has to be confirmed, there is none.
func (n *Node) changeConsents(ctx context.Context, change func(*register) error) (made ConsentChange, err error) {
	err = n.records.update(ctx, func(tx querier) error {
		r, err := n.readRegister(ctx, tx)
		if err != nil {
			return err
		}
		before := r.unnamed
		if err := change(r); err != nil {
			return err
		}
		all := before != r.unnamed || r.learned
		if len(r.dirty) == 0 && !all && !r.unconfirmed {
			made = ConsentChange{Epoch: r.epoch}
			return nil
		}
		r.epoch++
		if err := r.write(ctx, tx, n.cfg.Now()); err != nil {
			return err
		}
		if made, err = n.touch(ctx, tx, r, all); err != nil {
			return err
		}
		state := r.state()
		if _, err = appendLink(ctx, tx, linkConsent, state); err != nil || len(r.ended) == 0 {
			return err
		}
		return n.tell(ctx, tx, notify.Notice{Kind: notify.ConsentWithdrawn, About: state, Numbers: []uint64{r.epoch}})
	})
	if err == nil {
		n.cfg.Log.Info("consents", "epoch", made.Epoch)
	}
	return made, err
}
