package node

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/evidence"
	"github.com/locus-genomics/locus/node/scan"
	"github.com/locus-genomics/locus/protocol"
)

// ErrEvidence is returned when no evidence can be made.
var ErrEvidence = errors.New("node: no evidence was made")

// evidenceWait is how long a serving node is waited for, which writes the log.
const evidenceWait = 2 * cosignEvery

// Evidence writes a bundle of what this site can show of itself since a time, at most
// keepDecisions ago: see package audit/evidence. It holds nothing about a person: researchers
// are there as organisations, and what is found to be personal data is refused. That it was
// made is in the site's audit log.
func (n *Node) Evidence(ctx context.Context, since time.Time, w io.Writer) error {
	now := n.cfg.Now()
	if since.After(now) || since.Before(now.Add(-keepDecisions)) {
		return fmt.Errorf("%w: it goes back 0 to %d days", ErrEvidence, keepDecisions/(24*time.Hour))
	}
	documents, err := n.documents(ctx, since)
	if err != nil {
		return err
	}
	manifest, err := evidence.Describe(evidence.Manifest{
		Site: n.card.Name, Organisation: n.card.Organisation, Origin: n.origin(), From: since, To: now.Add(time.Second),
	}, documents)
	if err != nil {
		return err
	}
	subject := evidence.Subject(manifest)
	var at link
	err = n.records.update(ctx, func(tx querier) (err error) {
		at, err = appendLink(ctx, tx, linkEvidence, subject)
		return err
	})
	if err != nil {
		return err
	}
	if err := n.awaitLogged(ctx, at.seq); err != nil {
		return err
	}
	return evidence.Write(w, manifest, documents, os.DirFS(filepath.Join(n.cfg.Dir, journalName)))
}

func (n *Node) origin() string { return audit.NodeOrigin(n.card.NodeKey.ID()) }

// awaitLogged returns when a link is in the log: a node that serves writes it, and else this
// process does.
func (n *Node) awaitLogged(ctx context.Context, seq uint64) error {
	j, err := n.openJournal(ctx)
	if err == nil {
		return j.Close()
	}
	if !errors.Is(err, audit.ErrLocked) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, evidenceWait)
	defer cancel()
	tick := time.NewTicker(cosignEvery / 40)
	defer tick.Stop()
	var from uint64
	for {
		there := false
		head, err := audit.Read(filepath.Join(n.cfg.Dir, journalName), n.origin(), n.card.NodeKey, from, func(_ uint64, e audit.Entry) error {
			there = there || e.Sequence == seq
			return nil
		})
		if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		if there {
			return nil
		}
		from = head.Size
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: the node that serves has not logged it in %s; see its log", ErrEvidence, evidenceWait)
		}
	}
}

// Names of documents.
const (
	billName   = "sbom.json"
	policyName = "log.policy"
)

// documents are those of a bundle, by name.
func (n *Node) documents(ctx context.Context, since time.Time) (map[string][]byte, error) {
	made := make(map[string][]byte)
	for name, write := range map[string]func(context.Context, time.Time) ([]byte, error){
		"register.json": n.registerOfProcessing, "policies.json": n.policyEpochs, "consents.json": n.consentEpochs,
		evidence.DecisionsName: n.decisionLines, "ledger.json": n.ledgerStatement, billName: billOfMaterials, policyName: n.logPolicy,
	} {
		raw, err := write(ctx, since)
		if err != nil {
			return nil, err
		}
		made[name] = raw
	}
	return made, impersonal(made)
}

// impersonal refuses documents with personal data in them.
func impersonal(documents map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if name == policyName || name == billName {
			continue // keys, and modules that everybody knows: no text of this site's
		}
		var s scan.Scanner
		line := 0
		for text := range bytes.Lines(documents[name]) {
			line++
			s.Header(line, affiliation.ReplaceAll(bytes.TrimSpace(text), []byte("$1 of ")))
		}
		if found := s.Report().Findings; len(found) > 0 {
			return fmt.Errorf("%w: there is personal data in %s (%v): where it comes from a policy, or from the name of a cohort or a study, name it otherwise", ErrEvidence, name, found[0])
		}
	}
	return nil
}

// affiliation is what policies speak of that looks like an address: a role of eduPerson
// (eduPersonScopedAffiliation), at a place.
var affiliation = regexp.MustCompile(`\b(faculty|student|staff|alum|member|affiliate|employee|library-walk-in)@`)

func asJSON(v any) ([]byte, error) {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write evidence: %w", err)
	}
	return append(raw, '\n'), nil
}

// processing is one processing activity of the register, for each study.
type processing struct {
	Study string `json:"study"`
	Title string `json:"title"`
	State string `json:"roster"`
	Epoch uint64 `json:"rosterEpoch"`
	// Purposes are what was asked for in the time, in codes of the Data Use Ontology.
	Purposes   []string `json:"purposes"`
	Cohorts    []string `json:"cohorts"`
	Recipients []string `json:"recipients"`
	Countries  []string `json:"countriesOfRecipients"`
	Modes      []string `json:"modes"`
}

// registerOfProcessing is after Article 30 of Regulation (EU) 2016/679.
func (n *Node) registerOfProcessing(ctx context.Context, since time.Time) ([]byte, error) {
	decided, err := n.Decisions(ctx, since)
	if err != nil {
		return nil, err
	}
	known, err := rostersOf(ctx, n.records.db, "")
	if err != nil {
		return nil, err
	}
	studies := []processing{}
	for _, k := range known {
		p, err := n.rosterByDigest(ctx, n.records.db, k.digest)
		if err != nil {
			return nil, err
		}
		one := processing{
			Study: k.study, Title: p.roster.Message.Title, State: k.state, Epoch: k.epoch,
			Purposes: []string{}, Cohorts: []string{}, Recipients: []string{}, Countries: []string{}, Modes: []string{},
		}
		for _, c := range p.roster.Message.Cohorts {
			if slices.Contains(c.Points, p.point) {
				one.Cohorts = append(one.Cohorts, c.Name)
			}
		}
		for _, m := range p.roster.Message.Modes {
			one.Modes = append(one.Modes, m.String())
		}
		for _, r := range p.roster.Message.Researchers {
			one.Recipients = append(one.Recipients, r.Organisation)
			one.Countries = append(one.Countries, r.Country)
		}
		for _, d := range decided {
			if d.Study == k.study {
				one.Purposes = append(one.Purposes, d.Facts.Purposes...)
			}
		}
		for _, list := range []*[]string{&one.Purposes, &one.Recipients, &one.Countries} {
			slices.Sort(*list)
			*list = slices.Compact(slices.DeleteFunc(*list, func(s string) bool { return s == "" }))
		}
		studies = append(studies, one)
	}
	s := n.settings
	return asJSON(map[string]any{
		"after":                    "Regulation (EU) 2016/679, Article 30(1)",
		"controller":               map[string]string{"organisation": s.Organisation, "site": s.Name, "country": s.Country, "region": s.Region},
		"categoriesOfDataSubjects": "participants of research and patients, whose genotypes are in the cohorts",
		"categoriesOfData":         "genotypes, sex, consent and its terms, and columns of the site's sample tables; none of them leaves the site",
		"whatLeaves":               "sums over people of a cohort, hidden from everybody but the researcher who signed the question, with noise in mode dp",
		"retention":                "genotypes and consents until the custodian removes them; decisions 90 days; the audit log, which names nobody, for good",
		"securityMeasures": []string{
			"cohorts are sealed with AES-256-GCM under a key of the site's", "files are parsed in a process without keys and network",
			"what leaves goes through one door with a log of its own", "every decision is in an audit log that other sites cosign",
			"signatures are Ed25519 and ML-DSA-65, key exchange is X25519 and ML-KEM-768",
		},
		"studies": studies,
	})
}

// policyEpochs are all policies that were in force.
func (n *Node) policyEpochs(ctx context.Context, _ time.Time) ([]byte, error) {
	type epoch struct {
		Epoch   uint64            `json:"epoch"`
		Applied time.Time         `json:"applied"`
		Digest  protocol.Digest   `json:"digest"`
		Rules   map[string]string `json:"rules"`
		// Issuers are those of passports that it believes.
		Issuers []string `json:"issuers"`
	}
	rows, err := n.records.db.QueryContext(ctx, "SELECT epoch, digest, files, applied FROM policies ORDER BY epoch")
	if err != nil {
		return nil, fmt.Errorf("read the policies: %w", err)
	}
	defer rows.Close()
	list := []epoch{}
	for rows.Next() {
		e := epoch{Rules: make(map[string]string), Issuers: []string{}}
		var raw []byte
		var applied int64
		if err := rows.Scan(&e.Epoch, digestTo(&e.Digest), &raw, &applied); err != nil {
			return nil, fmt.Errorf("%w: the policies: %w", ErrRecords, err)
		}
		p, err := parseKept(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: the policies: %w", ErrRecords, err)
		}
		for _, f := range p.files.Rules {
			e.Rules[f.Name] = string(f.Text)
		}
		if p.trust != nil {
			for _, i := range p.trust.Issuers {
				e.Issuers = append(e.Issuers, i.Issuer)
			}
		}
		e.Applied = time.Unix(applied, 0).UTC()
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the policies: %w", err)
	}
	return asJSON(list)
}

// consentEpochs are the changes of the register of consents, with how long each took to be in
// the audit log, after which no answer leaves that does not know of it.
func (n *Node) consentEpochs(ctx context.Context, since time.Time) ([]byte, error) {
	type epoch struct {
		Epoch   uint64    `json:"epoch"`
		Changed time.Time `json:"changed"`
		// Logged is when the audit log took it in, and Seconds how long that took at most.
		Logged  *time.Time `json:"logged,omitempty"`
		Seconds float64    `json:"secondsAtMost,omitempty"`
	}
	logged := []time.Time{}
	_, err := audit.Read(filepath.Join(n.cfg.Dir, journalName), n.origin(), n.card.NodeKey, 0, func(_ uint64, e audit.Entry) error {
		if e.Kind == audit.KindConsentEpoch {
			logged = append(logged, e.Time)
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	rows, err := n.records.db.QueryContext(ctx, "SELECT epoch, changed FROM consent_epochs ORDER BY epoch")
	if err != nil {
		return nil, fmt.Errorf("read the consents: %w", err)
	}
	defer rows.Close()
	list := []epoch{}
	for i := 0; rows.Next(); i++ {
		var e epoch
		var changed int64
		if err := rows.Scan(&e.Epoch, &changed); err != nil {
			return nil, fmt.Errorf("%w: the consents: %w", ErrRecords, err)
		}
		if e.Changed = time.Unix(changed, 0).UTC(); e.Changed.Before(since) {
			continue
		}
		if i < len(logged) {
			e.Logged, e.Seconds = &logged[i], max(0, logged[i].Sub(e.Changed).Seconds())
		}
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the consents: %w", err)
	}
	return asJSON(list)
}

// decisionLines are the decisions, a line each, without who asked.
func (n *Node) decisionLines(ctx context.Context, since time.Time) ([]byte, error) {
	decided, err := n.Decisions(ctx, since)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, d := range decided {
		says := "answered"
		if d.Code != 0 {
			says = protocol.Code(d.Code).String()
		}
		f := d.Facts
		err := e.Encode(struct {
			evidence.Decision
			Verdict      string   `json:"verdict"`
			Says         string   `json:"says"`
			Study        string   `json:"study"`
			Cohort       string   `json:"cohort"`
			Organisation string   `json:"organisation"`
			Country      string   `json:"country,omitempty"`
			Mode         string   `json:"mode"`
			Analysis     string   `json:"analysis"`
			Variants     int64    `json:"variants"`
			MicroEpsilon int64    `json:"microEpsilon,omitempty"`
			Purposes     []string `json:"purposes,omitempty"`
			DatasetTerms []string `json:"datasetTerms,omitempty"`
			Reasons      string   `json:"reasons"`
		}{
			evidence.Decision{Query: d.Query, At: d.At.UTC(), Epoch: d.Epoch, Code: d.Code}, d.Verdict, says, d.Study, f.Cohort,
			f.Organisation, f.Country, f.Mode, f.Analysis, f.Variants, f.MicroEpsilon, f.Purposes, f.Duo, d.Why,
		})
		if err != nil {
			return nil, fmt.Errorf("write evidence: %w", err)
		}
	}
	return b.Bytes(), nil
}

// ledgerStatement is what the privacy ledger stands at, without who asked.
func (n *Node) ledgerStatement(ctx context.Context, _ time.Time) ([]byte, error) {
	b, err := n.Budget(ctx)
	if err != nil {
		return nil, err
	}
	type account struct {
		Level string `json:"level"`
		Name  string `json:"name,omitempty"`
		Cap   string `json:"allowed"`
		Spent string `json:"spent"`
		Left  string `json:"left"`
	}
	list := []account{}
	for _, a := range b.Accounts {
		one := account{a.Level, a.Name, a.Cap.String(), a.Spent.String(), a.Left.String()}
		if a.Level == "researcher" {
			one.Name = ""
		}
		list = append(list, one)
	}
	return asJSON(map[string]any{"entries": b.Entries, "head": b.Head.String(), "lost": b.Lost.String(), "accounts": list})
}

// billOfMaterials is of this program, as CycloneDX 1.6 has it.
func billOfMaterials(context.Context, time.Time) ([]byte, error) {
	type component struct {
		Type    string `json:"type"`
		Name    string `json:"name"`
		Version string `json:"version"`
		Purl    string `json:"purl"`
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil, fmt.Errorf("%w: this program does not know what it was built from", ErrEvidence)
	}
	list := []component{{"platform", "go", info.GoVersion, "pkg:generic/go@" + strings.TrimPrefix(info.GoVersion, "go")}}
	for _, d := range info.Deps {
		d = cmp.Or(d.Replace, d)
		list = append(list, component{"library", d.Path, d.Version, "pkg:golang/" + d.Path + "@" + d.Version})
	}
	return asJSON(map[string]any{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": list})
}

// logPolicy is what the log can be verified with, by who believes this site's word on the
// others' keys. An auditor brings a policy of his own.
func (n *Node) logPolicy(ctx context.Context, _ time.Time) ([]byte, error) {
	return n.LogPolicy(ctx)
}

// LogPolicy is a policy file for locus audit verify: this site's key, the other sites of its
// rosters in force as witnesses, and a majority of them as the quorum.
func (n *Node) LogPolicy(ctx context.Context) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "log %s\n", n.card.NodeKey.VerifierKey(n.origin()))
	listed := make(map[protocol.KeyID]bool)
	err := n.eachInForce(ctx, func(p *pinned) {
		for _, s := range p.roster.Message.Sites {
			id := s.NodeKey.ID()
			if id != n.card.NodeKey.ID() && !listed[id] && len(listed) < maxRemotes {
				listed[id] = true
				fmt.Fprintf(&b, "witness %s %s\n", id.Short(), s.NodeKey.VerifierKey(audit.NodeOrigin(id)))
			}
		}
	})
	quorum := 0
	if len(listed) > 0 {
		quorum = len(listed)/2 + 1
	}
	fmt.Fprintf(&b, "quorum %d\n", quorum)
	return b.Bytes(), err
}
