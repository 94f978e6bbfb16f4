package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol"
)

// The domains of what is kept of people.
const (
	domainList   = "locus/released/people/v1"
	domainPerson = "locus/released/person/v1"
)

// tagSize is how much is kept of a person: the first bytes of a tag under the pin key.
// Of a million people, two are taken for one in one of 2^25 cohorts.
const tagSize = 8

// sexesDigest is a plain hash of the sexes of who is in a cohort, in the file's order.
func sexesDigest(who tally.People) protocol.Digest {
	var sexes []byte
	for i, label := range who.Labels {
		if label != 0 {
			sexes = append(sexes, byte(who.Sexes[i]))
		}
	}
	return sha256.Sum256(sexes)
}

// list names the people of a cohort with all that decides what they contribute, under a
// key of the site's: who they are, their sexes and their genotypes.
func (d definition) list(tag func(domain string, parts ...[]byte) protocol.Digest) protocol.Digest {
	parts := [][]byte{d.Persons[:], d.Sexes[:], d.Genotypes[:]}
	if d.Callable != nil {
		parts = append(parts, []byte("callable"), d.Callable[:])
	}
	if d.Reference != nil {
		parts = append(parts, []byte("reference"), d.Reference.SHA256[:])
	}
	return tag(domainList, parts...)
}

// personTag names a person under a key of the site's.
func personTag(person string, tag func(domain string, parts ...[]byte) protocol.Digest) protocol.Digest {
	return tag(domainPerson, []byte(person))
}

// tags are the people of a cohort as the records have them, sorted. No name is in them.
func tags(persons []string, tag func(domain string, parts ...[]byte) protocol.Digest) []byte {
	all := make([][tagSize]byte, len(persons))
	for i, p := range persons {
		t := personTag(p, tag)
		all[i] = [tagSize]byte(t[:])
	}
	slices.SortFunc(all, func(a, b [tagSize]byte) int { return bytes.Compare(a[:], b[:]) })
	out := make([]byte, 0, tagSize*len(all))
	for _, t := range all {
		out = append(out, t[:]...)
	}
	return out
}

// compareTags counts the people that two lists have in common, and those who are in one
// of them only.
func compareTags(a, b []byte) (common, differ int) {
	for len(a) > 0 && len(b) > 0 {
		switch bytes.Compare(a[:tagSize], b[:tagSize]) {
		case -1:
			a, differ = a[tagSize:], differ+1
		case 1:
			b, differ = b[tagSize:], differ+1
		default:
			a, b, common = a[tagSize:], b[tagSize:], common+1
		}
	}
	return common, differ + (len(a)+len(b))/tagSize
}

// keepPeople writes down who a cohort is that was taken in, and forgets people of whom
// nothing was answered and that no cohort has any more.
func (n *Node) keepPeople(ctx context.Context, tx querier, d definition) error {
	if err := n.keepTags(ctx, tx, d); err != nil {
		return err
	}
	have, err := readCohorts(ctx, tx)
	if err != nil {
		return err
	}
	wanted := make(map[protocol.Digest]bool, len(have))
	for _, k := range have {
		wanted[k.list(n.keys.PinTag)] = true
	}
	idle, err := readDigests(ctx, tx, "SELECT list FROM people WHERE variants = 0 AND list NOT IN (SELECT list FROM questions)")
	if err != nil {
		return err
	}
	for _, l := range idle {
		if wanted[l] {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM people WHERE list = ?", l[:]); err != nil {
			return err
		}
	}
	return nil
}

// keepTags writes down who is counted, unless that is whoever the cohort was taken in with.
func (n *Node) keepTags(ctx context.Context, tx querier, d definition) error {
	if d.Who == nil {
		return nil
	}
	list := d.list(n.keys.PinTag)
	_, err := tx.ExecContext(ctx, `INSERT INTO people (list, class, variants, tags) VALUES (?, ?, 0, ?)
		ON CONFLICT (list) DO UPDATE SET tags = excluded.tags`,
		list[:], protocol.SizeClass(d.People), tags(d.Who, n.keys.PinTag))
	return err
}

// readDigests returns the one column of every row.
func readDigests(ctx context.Context, q querier, query string) (list []protocol.Digest, err error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read the records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d protocol.Digest
		if err := rows.Scan(digestTo(&d)); err != nil {
			return nil, fmt.Errorf("read the records: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}
