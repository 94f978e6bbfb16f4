package node

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/node/policy/ontology"
	"github.com/locus-genomics/locus/protocol"
)

// register is the whole register of consents.
type register struct {
	epoch   uint64 // 0 before the first change
	changed time.Time
	unnamed bool // whether people without a row are counted
	// unconfirmed tells that the records were restored since the last change.
	unconfirmed bool
	rows        map[protocol.Digest]consentRow
	// dirty are the rows that were changed since it was read, and ended those of them whose
	// consent was given before, or was not needed.
	dirty, ended []protocol.Digest
	// extract is of the diseases, empty where there are none; learned tells that it was
	// changed since it was read.
	extract  []byte
	diseases *ontology.Ontology
	learned  bool
}

type consentRow struct {
	given          bool
	codes, studies string // with commas
	epoch          uint64
}

func (n *Node) readRegister(ctx context.Context, q querier) (*register, error) {
	r := &register{unnamed: true, rows: make(map[protocol.Digest]consentRow)}
	if err := r.readEpoch(ctx, q); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, "SELECT person, given, codes, studies, epoch FROM consents")
	if err != nil {
		return nil, fmt.Errorf("read the consents: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var person protocol.Digest
		var row consentRow
		if err := rows.Scan(digestTo(&person), &row.given, &row.codes, &row.studies, &row.epoch); err != nil {
			return nil, fmt.Errorf("%w: the consents: %w", ErrRecords, err)
		}
		r.rows[person] = row
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the consents: %w", err)
	}
	return r, r.readOntology(ctx, q)
}

func (r *register) readOntology(ctx context.Context, q querier) error {
	err := q.QueryRowContext(ctx, "SELECT raw FROM ontology").Scan(&r.extract)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("read the ontology: %w", err)
	}
	if r.diseases, err = ontology.Read(bytes.NewReader(r.extract)); err != nil {
		return fmt.Errorf("%w: %w", ErrRecords, err)
	}
	return nil
}

// readEpoch reads what stands beside the rows.
func (r *register) readEpoch(ctx context.Context, q querier) error {
	var changed int64
	err := q.QueryRowContext(ctx, "SELECT epoch, unnamed, changed FROM consent_epochs ORDER BY epoch DESC LIMIT 1").Scan(&r.epoch, &r.unnamed, &changed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the consents: %w", err)
	}
	r.changed = time.Unix(changed, 0)
	err = q.QueryRowContext(ctx, `SELECT coalesce(max(CASE kind WHEN 'restored' THEN seq END), 0) > coalesce(max(CASE kind WHEN 'consent' THEN seq END), 0)
		FROM chain WHERE kind IN ('restored', 'consent')`).Scan(&r.unconfirmed)
	if err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	return nil
}

// set gives a person a row.
func (r *register) set(person protocol.Digest, row consentRow) {
	was, known := r.rows[person]
	row.epoch = was.epoch
	if known && was == row {
		return
	}
	if !row.given && (was.given || !known) {
		r.ended = append(r.ended, person)
	}
	row.epoch = r.epoch + 1
	r.rows[person] = row
	r.dirty = append(r.dirty, person)
}

func (r *register) write(ctx context.Context, tx querier, now time.Time) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO consent_epochs (epoch, unnamed, changed) VALUES (?, ?, ?)", int64(r.epoch), r.unnamed, now.Unix()); err != nil {
		return err
	}
	for _, person := range r.dirty {
		row := r.rows[person]
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO consents (person, given, codes, studies, epoch) VALUES (?, ?, ?, ?, ?)",
			person[:], row.given, row.codes, row.studies, int64(row.epoch)); err != nil {
			return err
		}
	}
	if !r.learned {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO ontology (only, raw) VALUES (1, ?)", r.extract)
	return err
}

// state names all of it.
func (r *register) state() protocol.Digest {
	b := binary.BigEndian.AppendUint64(nil, r.epoch)
	b = append(b, flag(r.unnamed))
	for _, person := range slices.SortedFunc(maps.Keys(r.rows), protocol.Digest.Compare) {
		row := r.rows[person]
		b = binary.BigEndian.AppendUint64(append(append(b, person[:]...), flag(row.given)), row.epoch)
		for _, list := range []string{row.codes, row.studies} {
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(list))), list...)
		}
	}
	return protocol.Hash("locus/link/consent/v1", b, r.extract)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// verifyConsents requires that the register is what the chain names last.
func (n *Node) verifyConsents(ctx context.Context) error {
	named, err := lastNamed(ctx, n.records.db, linkConsent)
	if err != nil {
		return err
	}
	r, err := n.readRegister(ctx, n.records.db)
	if err != nil {
		return err
	}
	if named.IsZero() && r.epoch == 0 && len(r.rows) == 0 && len(r.extract) == 0 || r.state() == named {
		return nil
	}
	return fmt.Errorf("%w: the consents are not what the chain names: restore the records from a newer backup", ErrRecords)
}

// touch marks the cohorts that have somebody whose row was changed, and finds what left
// with those whose consent ended.
func (n *Node) touch(ctx context.Context, tx querier, r *register, all bool) (ConsentChange, error) {
	made := ConsentChange{Epoch: r.epoch, Changed: len(r.dirty)}
	kept, err := readCohorts(ctx, tx)
	if err != nil {
		return made, err
	}
	nowhere := slices.Clone(r.ended)
	for _, k := range kept {
		tags, err := readTags(ctx, tx, k.list(n.keys.PinTag))
		if err != nil {
			return made, err
		}
		in := func(person protocol.Digest) bool { return hasTag(tags, person) }
		nowhere = slices.DeleteFunc(nowhere, in)
		// Of people who are not known, anybody may be one.
		if !all && tags != nil && !slices.ContainsFunc(r.dirty, in) {
			continue
		}
		made.Cohorts = append(made.Cohorts, k.Name)
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO consented (cohort, epoch) VALUES (?, ?)", k.Name, int64(r.epoch)); err != nil {
			return made, err
		}
	}
	made.Nowhere = len(nowhere)
	made.Answers, err = answersWith(ctx, tx, r.ended)
	return made, err
}

// consentedIn is the last epoch of the register that touched a cohort, 0 for none.
func consentedIn(ctx context.Context, q querier, cohort string) (epoch uint64, err error) {
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(epoch), 0) FROM consented WHERE cohort = ?", cohort).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("read the consents: %w", err)
	}
	return epoch, nil
}

// hasTag reports whether somebody is in a list of people.
func hasTag(tags []byte, person protocol.Digest) bool {
	n := len(tags) / tagSize
	at := sort.Search(n, func(i int) bool { return bytes.Compare(tags[i*tagSize:][:tagSize], person[:tagSize]) >= 0 })
	return at < n && bytes.Equal(tags[at*tagSize:][:tagSize], person[:tagSize])
}

// answersWith are the answers that somebody of a list is in, oldest first.
func answersWith(ctx context.Context, q querier, persons []protocol.Digest) (list []ConsentAnswer, err error) {
	if len(persons) == 0 {
		return nil, nil
	}
	lists, err := readDigests(ctx, q, "SELECT DISTINCT list FROM questions")
	if err != nil {
		return nil, err
	}
	with := make(map[protocol.Digest]bool)
	for _, l := range lists {
		tags, err := readTags(ctx, q, l)
		if err != nil {
			return nil, err
		}
		with[l] = tags == nil || slices.ContainsFunc(persons, func(p protocol.Digest) bool { return hasTag(tags, p) })
	}
	rows, err := q.QueryContext(ctx, "SELECT query, study, cohort, mode, variants, answered, list FROM questions ORDER BY answered, query")
	if err != nil {
		return nil, fmt.Errorf("read what was asked: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a ConsentAnswer
		var of protocol.Digest
		var at int64
		if err := rows.Scan(digestTo(&a.Query), &a.Study, &a.Cohort, &a.Mode, &a.Variants, &at, digestTo(&of)); err != nil {
			return nil, fmt.Errorf("%w: what was asked: %w", ErrRecords, err)
		}
		if a.At = time.Unix(at, 0); with[of] {
			list = append(list, a)
		}
	}
	return list, rows.Err()
}

// consents keeps the last register that was read: it changes rarely.
type consents struct {
	mu   sync.Mutex
	last *register
}

// registerNow is the register as it is now; its rows MUST NOT be changed. After the records
// were restored it fails with NotReady until somebody confirms it.
func (n *Node) registerNow(ctx context.Context, q querier) (*register, error) {
	now := new(register)
	if err := now.readEpoch(ctx, q); err != nil {
		return nil, err
	}
	if now.unconfirmed && !debug.Without(debug.ConsentConfirmed) {
		return nil, fmt.Errorf("%w: the records were restored, and withdrawals since the backup may be lost, as may be a newer policy, changes of officers, a freeze and revoked keys; bring them in again, and say that all is complete with locus-node consent confirm", protocol.NotReady)
	}
	n.consents.mu.Lock()
	last := n.consents.last
	n.consents.mu.Unlock()
	if last != nil && last.epoch == now.epoch {
		return last, nil
	}
	now, err := n.readRegister(ctx, q)
	if err == nil {
		n.consents.mu.Lock()
		n.consents.last = now
		n.consents.mu.Unlock()
	}
	return now, err
}

// consenting is a cohort without the people whose consent does not cover a use; for no use,
// without those who have given none. Who they are is looked up in the sample table: no
// genotype is read.
func (n *Node) consenting(ctx context.Context, q querier, d definition, use *duo.Request) (definition, error) {
	r, err := n.registerNow(ctx, q)
	if err != nil || len(r.rows) == 0 && r.unnamed || debug.Without(debug.ConsentApplied) {
		return d, err
	}
	covers := r.covering(use)
	d.Keep = func(person string) bool {
		row, ok := r.rows[n.consentTag(person)]
		return !ok && r.unnamed || row.given && covers(&row)
	}
	persons, err := d.chosen()
	if err != nil {
		return d, err
	}
	persons = slices.DeleteFunc(persons, func(p string) bool { return !d.Keep(p) })
	d.Who, d.People, d.Persons = persons, len(persons), roll.PersonsDigest(persons)
	return d, nil
}

// covering tells of a consent that was given whether it covers a use. Many people's say the
// same, which is asked once. What a person would have to decide does not count: nobody is
// asked for one person.
func (r *register) covering(use *duo.Request) func(*consentRow) bool {
	if use == nil {
		return func(*consentRow) bool { return true }
	}
	asked := make(map[[2]string]bool)
	return func(row *consentRow) bool {
		key := [2]string{row.codes, row.studies}
		covers, ok := asked[key]
		if !ok {
			covers = row.studies == "" || slices.Contains(words(row.studies), use.Project)
			if row.codes != "" {
				covers = covers && duo.Match(words(row.codes), *use, r.kinds()).Verdict == duo.Allow
			}
			asked[key] = covers
		}
		return covers
	}
}

// kinds are the diseases that are known, nil for none: an interface that holds nil is not.
func (r *register) kinds() duo.Diseases {
	if r.diseases == nil {
		return nil
	}
	return r.diseases
}

// use is what is known of what a question is for. What a site would have to know by itself
// is not known.
func (q *question) use() *duo.Request {
	h := &q.header.Message
	who, _ := q.pinned.roster.Message.Researcher(h.Researcher)
	r := requestOf(h.Use)
	r.Institution, r.Project, r.User, r.Time = h.Organisation, h.Study, who.Name, q.now
	return &r
}

// requestOf is a use in the codes of DUO.
func requestOf(u protocol.Use) duo.Request {
	r := duo.Request{Genetic: duo.Yes}
	switch u.Purpose {
	case "general":
		r.Purposes = []string{"DUO:0000042"}
	case "health":
		r.Purposes = []string{"DUO:0000037"}
	case "disease":
		r.Purposes = u.Diseases
	case "ancestry":
		r.Purposes = []string{"DUO:0000033"}
	case "methods":
		r.Purposes = []string{"DUO:0000031"}
	default:
		return r
	}
	if r.Commercial = duo.No; u.Commercial {
		r.Commercial = duo.Yes
	}
	return r
}

// chosen are the people of a cohort as its sample table names them.
func (d definition) chosen() ([]string, error) {
	table, err := d.table("")
	if err != nil {
		return nil, err
	}
	return table.Persons(), nil
}
