package node

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
)

// ErrNoPolicy is returned where a site has applied none.
var ErrNoPolicy = errors.New("node: this site has no policy of its own: the signed roster and the consents decide; see locus-node policy apply")

// keepDecisions is how long it is kept what was decided, so that another policy can be tried
// on it.
const keepDecisions = 90 * 24 * time.Hour

// TrustName is the list of passport issuers beside a policy's files.
const TrustName = "trust.json"

// PolicyFiles are a policy as it is applied: its rules, and whom the site believes passports
// from, if it does.
type PolicyFiles struct {
	Rules []policy.File `json:"rules"`
	Trust []byte        `json:"trust,omitempty"`
}

// keptPolicy is one that was checked.
type keptPolicy struct {
	epoch   uint64
	applied time.Time
	files   PolicyFiles
	rules   *policy.Policy
	trust   *passport.Trust // nil without a list

	house *passport.Clearinghouse // nil without a list
}

// parse checks all of it.
func (f PolicyFiles) parse() (*keptPolicy, error) {
	p := &keptPolicy{files: f}
	var err error
	if p.rules, err = policy.Parse(f.Rules); err != nil {
		return nil, err
	}
	if len(f.Trust) > 0 {
		if p.trust, err = passport.ParseTrust(f.Trust); err != nil {
			return nil, fmt.Errorf("%s: %w", TrustName, err)
		}
	}
	return p, nil
}

func parseKept(raw []byte) (*keptPolicy, error) {
	var f PolicyFiles
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read a policy: %w", err)
	}
	return f.parse()
}

// digest names a policy in an epoch.
func (p *keptPolicy) digest(epoch uint64) protocol.Digest {
	rules := p.rules.Digest()
	return protocol.Hash("locus/link/policy/v1", binary.BigEndian.AppendUint64(nil, epoch), rules[:], p.files.Trust)
}

// ApplyPolicy puts a policy in the place of the one before, when those have agreed who have
// to. Nothing is asked of it before that.
func (n *Node) ApplyPolicy(ctx context.Context, files PolicyFiles) (Motion, error) {
	if _, err := files.parse(); err != nil {
		return Motion{}, err
	}
	raw, err := json.Marshal(files)
	if err != nil {
		return Motion{}, fmt.Errorf("write a policy: %w", err)
	}
	if now, err := n.policyNow(ctx, n.records.db); err != nil {
		return Motion{}, err
	} else if now != nil {
		if was, err := json.Marshal(now.files); err != nil || bytes.Equal(was, raw) {
			return Motion{}, errors.Join(err, fmt.Errorf("%w: this policy is in force already, since epoch %d", ErrMotion, now.epoch))
		}
	}
	return n.change(ctx, motionPolicy, raw)
}

// AppliedPolicy is the policy in force.
type AppliedPolicy struct {
	Epoch   uint64
	Applied time.Time
	Files   PolicyFiles
	Rules   *policy.Policy
}

// Policy returns the policy in force, ErrNoPolicy without one.
func (n *Node) Policy(ctx context.Context) (AppliedPolicy, error) {
	p, err := n.policyNow(ctx, n.records.db)
	if err != nil {
		return AppliedPolicy{}, err
	}
	if p == nil {
		return AppliedPolicy{}, ErrNoPolicy
	}
	return AppliedPolicy{p.epoch, p.applied, p.files, p.rules}, nil
}

// policies keep the one that was read last: it changes rarely.
type policies struct {
	mu   sync.Mutex
	last *keptPolicy
}

// policyNow is the policy in force, nil without one.
func (n *Node) policyNow(ctx context.Context, q querier) (*keptPolicy, error) {
	var epoch uint64
	var digest protocol.Digest
	var applied int64
	err := q.QueryRowContext(ctx, "SELECT epoch, digest, applied FROM policies ORDER BY epoch DESC LIMIT 1").Scan(&epoch, digestTo(&digest), &applied)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	n.policies.mu.Lock()
	last := n.policies.last
	n.policies.mu.Unlock()
	if last != nil && last.epoch == epoch {
		return last, nil
	}
	var raw []byte
	if err := q.QueryRowContext(ctx, "SELECT files FROM policies WHERE epoch = ?", int64(epoch)).Scan(&raw); err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	p, err := parseKept(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: the policy of epoch %d: %w", ErrRecords, epoch, err)
	}
	if p.digest(epoch) != digest {
		return nil, fmt.Errorf("%w: the policy of epoch %d is not the one that was applied", ErrRecords, epoch)
	}
	p.epoch, p.applied = epoch, time.Unix(applied, 0)
	if p.trust != nil {
		p.house, err = passport.New(passport.Config{Trust: p.trust, Keys: passport.NewFetcher(n.door.KeySets()), Report: func(jku string, err error) {
			n.cfg.Log.Warn("a key set does not come", "jku", jku, "why", err)
		}})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecords, err)
		}
	}
	n.policies.mu.Lock()
	n.policies.last = p
	n.policies.mu.Unlock()
	return p, nil
}

// verifyPolicy requires that policy and officers are what the chain names last.
func (n *Node) verifyPolicy(ctx context.Context) error {
	for _, of := range []struct{ kind, last string }{
		{linkPolicy, "SELECT epoch, files FROM policies ORDER BY epoch DESC LIMIT 1"},
		{linkOfficers, "SELECT epoch, raw FROM officers ORDER BY epoch DESC LIMIT 1"},
	} {
		named, err := lastNamed(ctx, n.records.db, of.kind)
		if err != nil {
			return err
		}
		var epoch uint64
		var raw []byte
		err = n.records.db.QueryRowContext(ctx, of.last).Scan(&epoch, &raw)
		var here protocol.Digest
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return fmt.Errorf("read the %s: %w", of.kind, err)
		case of.kind == linkOfficers:
			here = protocol.Hash("locus/link/officers/v1", binary.BigEndian.AppendUint64(nil, epoch), raw)
		default:
			p, err := parseKept(raw)
			if err != nil {
				return fmt.Errorf("%w: the policy: %w", ErrRecords, err)
			}
			here = p.digest(epoch)
		}
		if here != named {
			return fmt.Errorf("%w: the %s of this site is not what the chain names: restore the records from a newer backup", ErrRecords, of.kind)
		}
	}
	return nil
}
