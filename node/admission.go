package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/protocol"
)

// ruling is what the site's rules say of a question.
type ruling struct {
	epoch uint64 // of the policy, 0 without one
	facts policy.Facts
	// use is what the terms of the dataset say, line by line; decision takes it in.
	use      duo.Decision
	decision policy.Decision
}

// checkPassport checks the passport that a query carries, for what the policy asks about. A
// site that has no list of issuers believes none, and looks at none.
func (n *Node) checkPassport(ctx context.Context, q *question) error {
	p, err := n.policyNow(ctx, n.records.db)
	if err != nil || p == nil || p.house == nil || len(q.body.Passport) == 0 {
		return err
	}
	who, ok := q.pinned.roster.Message.Researcher(q.header.Message.Researcher)
	if !ok {
		return fmt.Errorf("%w: not of the roster", protocol.BadSignature)
	}
	asker := passport.AskerOf(who.Key)
	if q.claims == nil {
		claims, err := p.house.Check(ctx, q.body.Passport, q.now, asker)
		if err != nil {
			return fmt.Errorf("%w: %w", protocol.PassportRefused, err)
		}
		q.claims = &claims
		return nil
	}
	claims, err := p.house.Recheck(ctx, q.body.Passport, n.cfg.Now(), asker, *q.claims)
	if err != nil && !debug.Without(debug.PassportRechecked) {
		return fmt.Errorf("%w: %w", protocol.PassportRefused, err)
	}
	q.claims = &claims
	return nil
}

// checkPolicy asks the terms of the dataset, the policy, and the people that it asks.
func (n *Node) checkPolicy(ctx context.Context, q *question) error {
	return n.admits(ctx, n.records.db, q)
}

// admits rules on a question as the site's rules are now.
func (n *Node) admits(ctx context.Context, db querier, q *question) error {
	r, err := n.ruleOn(ctx, db, q)
	if err != nil {
		return err
	}
	q.ruling = r
	if debug.Without(debug.PolicyApplied) {
		return nil
	}
	switch r.decision.Verdict {
	case policy.Allow:
		return nil
	case policy.Ask:
		return n.asked(ctx, db, q)
	}
	if r.use.Verdict == duo.Deny && len(r.use.Lines) > 0 {
		return fmt.Errorf("%w: %s", protocol.UseNotCovered, reasons(r.use))
	}
	return fmt.Errorf("%w: %s", protocol.PolicyDenied, r.decision)
}

// reasons are the lines that speak for a verdict.
func reasons(d duo.Decision) string {
	var b bytes.Buffer
	for _, l := range d.Lines {
		if l.Verdict == d.Verdict {
			if b.Len() > 0 {
				b.WriteString("; ")
			}
			b.WriteString(l.String())
		}
	}
	return b.String()
}

// ruleOn evaluates the terms of the dataset and the policy.
func (n *Node) ruleOn(ctx context.Context, db querier, q *question) (*ruling, error) {
	p, err := n.policyNow(ctx, db)
	if err != nil {
		return nil, err
	}
	register, err := n.registerNow(ctx, db)
	if err != nil {
		return nil, err
	}
	r := &ruling{}
	if r.facts, err = n.factsOf(ctx, db, q); err != nil {
		return nil, err
	}
	request, use, err := r.facts.Request(register.kinds())
	if err != nil {
		return nil, fmt.Errorf("what is known of a question: %w", err)
	}
	r.use = use
	if p == nil {
		// The custodian has signed the roster: it says who may ask.
		r.decision = policy.Decision{Verdict: request.DataUse}
		return r, nil
	}
	r.epoch, r.decision = p.epoch, p.rules.Decide(request)
	return r, nil
}

// policyDelta is the exponent of delta that a policy is told epsilon at.
const policyDelta = 9

// factsOf is what is known of a question: signed, declared, or verified.
func (n *Node) factsOf(ctx context.Context, db querier, q *question) (policy.Facts, error) {
	h := &q.header.Message
	who, _ := q.pinned.roster.Message.Researcher(h.Researcher)
	use := requestOf(h.Use)
	f := policy.Facts{
		Researcher: who.Name, Organisation: h.Organisation, Country: who.Country,
		Study: h.Study, Cohort: q.cohort.Name, Region: n.settings.Region,
		Mode: policy.Exact, Analysis: h.Analysis, Variants: int64(h.Size),
		Purposes: use.Purposes, Time: n.cfg.Now().UTC().Format(time.RFC3339),
	}
	if use.Commercial != duo.Unknown {
		commercial := use.Commercial == duo.Yes
		f.Commercial = &commercial
	}
	var err error
	if f.Duo, err = termsOf(ctx, db, q.cohort.Name); err != nil {
		return f, err
	}
	if len(f.Duo) == 0 {
		f.DataUse = duo.Allow.String() // the dataset has no terms of its own; people's are asked one by one
	}
	if d, ok := q.declared.Message.Cohort(q.cohort.Name); ok {
		f.SizeClass = int64(d.SizeClass)
	}
	if q.claims != nil {
		for _, fact := range q.claims.Of(passport.AffiliationAndRole) {
			f.Roles = append(f.Roles, fact.Value)
		}
		for _, fact := range q.claims.Of(passport.ControlledAccessGrants) {
			f.Visas = append(f.Visas, fact.Value)
		}
	}
	if h.Mode == protocol.Private {
		p, err := priceOf(q)
		if err != nil {
			return f, err
		}
		f.Mode, f.DeltaExponent = policy.Private, policyDelta
		f.MicroEpsilon = int64(math.Ceil(p.cost.Epsilon(math.Pow10(-policyDelta)) * 1e6))
		return f, nil
	}
	f.Granted, err = n.hasGrant(ctx, db, h.Study, q.cohort.Name)
	return f, err
}

// asked reports whether the people who were asked have agreed.
func (n *Node) asked(ctx context.Context, db querier, q *question) error {
	id := questionMotion(q.header.Digest())
	o, err := n.officersNow(ctx, db)
	if err != nil {
		return err
	}
	voices, err := n.voicesOn(ctx, db, id, o)
	if err != nil {
		return err
	}
	switch needs := q.ruling.needs(); verdictOf(needs, voices) {
	case motionCarried:
		return nil
	case motionRefused:
		return fmt.Errorf("%w: motion %s", protocol.ApprovalRefused, id.Short())
	default:
		return fmt.Errorf("%w: motion %s needs %v", protocol.AwaitingApproval, id.Short(), needs)
	}
}

// needs are the approvals that a ruling asks for.
func (r *ruling) needs() []policy.Approval {
	if all := r.decision.Approvals(); len(all) > 0 {
		return all
	}
	return []policy.Approval{{}}
}

func questionMotion(query protocol.Digest) protocol.Digest {
	return motionID(motionQuestion, 0, query[:])
}

// keptQuestion is what people are shown of a question that waits.
type keptQuestion struct {
	Header []byte          `json:"header"`
	Sealed []byte          `json:"sealed"`
	Roster protocol.Digest `json:"roster"`
	Needs  []string        `json:"needs"`
}

// decided writes down what was decided of a question, and that it waits for people if it does.
// It returns why, as it was, or why it could not be written. The audit log is told first, and
// again when it becomes another: what waits is asked of again and again.
func (s *server) decided(ctx context.Context, on about, q *question, why error) error {
	if q.ruling == nil {
		return why // it did not come as far
	}
	id, code := q.header.Digest(), codeOf(why)
	known, err := s.sameDecision(ctx, id, q.ruling, code)
	if err != nil {
		return err
	}
	if known {
		return why
	}
	if err := s.record(ctx, on, audit.Entry{
		Kind: audit.KindDecision, Subject: id, Party: q.header.Message.Researcher, Epoch: q.ruling.epoch, Code: code,
	}); err != nil {
		return err
	}
	if err := s.records.update(ctx, func(tx querier) error { return s.keepDecision(ctx, tx, q, code, why) }); err != nil {
		return err
	}
	return why
}

// sameDecision reports whether the last decision on a question was this one.
func (s *server) sameDecision(ctx context.Context, query protocol.Digest, r *ruling, code uint16) (same bool, err error) {
	err = s.records.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM decisions WHERE query = ? AND epoch = ? AND verdict = ? AND code = ?)",
		query[:], int64(r.epoch), r.decision.Verdict.String(), code).Scan(&same)
	if err != nil {
		return false, fmt.Errorf("read the decisions: %w", err)
	}
	return same, nil
}

func (s *server) keepDecision(ctx context.Context, tx querier, q *question, code uint16, why error) error {
	facts, err := json.Marshal(q.ruling.facts)
	if err != nil {
		return fmt.Errorf("write what is known of a question: %w", err)
	}
	text := q.ruling.decision.String()
	if why != nil {
		text = why.Error()
	}
	id := q.header.Digest()
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO decisions (query, study, at, epoch, verdict, code, why, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		id[:], q.header.Message.Study, s.cfg.Now().Unix(), int64(q.ruling.epoch), q.ruling.decision.Verdict.String(), code, text, facts)
	if err != nil || !errors.Is(why, protocol.AwaitingApproval) {
		return err
	}
	kept := keptQuestion{Header: q.header.Bytes(), Sealed: q.sealed, Roster: q.pinned.digest()}
	for _, a := range q.ruling.needs() {
		kept.Needs = append(kept.Needs, a.String())
	}
	payload, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("write what waits: %w", err)
	}
	fresh, err := insertMotion(ctx, tx, motion{
		id: questionMotion(id), kind: motionQuestion, payload: payload, made: s.cfg.Now(), ends: q.header.Message.Expires,
	})
	if err != nil || !fresh {
		return err
	}
	return s.tellMotion(ctx, tx, q.header.Message.Study, id)
}

// codeOf is the code of a refusal, 0 without one.
func codeOf(why error) uint16 {
	if why == nil {
		return 0
	}
	code := protocol.Internal
	errors.As(why, &code)
	return uint16(code)
}

// Would is what a policy would decide of what is known of a question, with the diseases that
// this site has learned.
func (n *Node) Would(ctx context.Context, p *policy.Policy, f policy.Facts) (policy.Decision, error) {
	register, err := n.readRegister(ctx, n.records.db)
	if err != nil {
		return policy.Decision{}, err
	}
	request, _, err := f.Request(register.kinds())
	if err != nil {
		return policy.Decision{}, fmt.Errorf("what is known of a question: %w", err)
	}
	return p.Decide(request), nil
}
