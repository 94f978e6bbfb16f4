package node

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
)

// ErrOfficer is returned when officers cannot be as it was said.
var ErrOfficer = errors.New("node: the officers are not changed")

// custodianName is what the custodian is called among the officers.
const custodianName = "custodian"

// maxOfficers bounds those of one site.
const maxOfficers = 64

// Officer is somebody who decides at a site.
type Officer struct {
	Name string `json:"name"`
	// Role is one of policy.Roles.
	Role string             `json:"role"`
	Key  protocol.PublicKey `json:"-"`
	// Raw is the key as it is kept.
	Raw []byte `json:"key"`
}

// officers are those of an epoch, and who has to agree to a change.
type officers struct {
	Rule     string          `json:"changes"`
	Officers []Officer       `json:"officers"`
	Changes  policy.Approval `json:"-"`
}

// ring are the keys of all, the custodian's with them.
func (o *officers) ring() protocol.Keyring {
	ring := make(protocol.Keyring)
	for _, one := range o.Officers {
		ring[one.Key.ID()] = one.Key
	}
	return ring
}

// by is the officer whose key it is.
func (o *officers) by(id protocol.KeyID) Officer {
	for _, one := range o.Officers {
		if one.Key.ID() == id {
			return one
		}
	}
	return Officer{}
}

// officersNow are the officers; the first is the custodian.
func (n *Node) officersNow(ctx context.Context, q querier) (*officers, error) {
	o := &officers{Rule: policy.Approval{}.String()}
	var raw []byte
	switch err := q.QueryRowContext(ctx, "SELECT raw FROM officers ORDER BY epoch DESC LIMIT 1").Scan(&raw); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, fmt.Errorf("read the officers: %w", err)
	default:
		if err := json.Unmarshal(raw, o); err != nil {
			return nil, fmt.Errorf("%w: the officers: %w", ErrRecords, err)
		}
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecords, err)
	}
	custodian := Officer{Name: custodianName, Role: policy.Roles()[0], Key: n.card.CustodianKey}
	o.Officers = append([]Officer{custodian}, o.Officers...)
	return o, nil
}

// check parses the keys and the rule.
func (o *officers) check() (err error) {
	if o.Changes, err = policy.ParseApproval(o.Rule); err != nil {
		return fmt.Errorf("%w: %w", ErrOfficer, err)
	}
	if len(o.Officers) > maxOfficers {
		return fmt.Errorf("%w: at most %d", ErrOfficer, maxOfficers)
	}
	for i := range o.Officers {
		one := &o.Officers[i]
		if one.Key, err = protocol.ParsePublicKey(one.Raw); err != nil {
			return fmt.Errorf("%w: the key of %q: %w", ErrOfficer, one.Name, err)
		}
		if !plainName(one.Name) || one.Name == custodianName || !slices.Contains(policy.Roles(), one.Role) {
			return fmt.Errorf("%w: %q, %q: an officer has a name of at most %d bytes, on one line, and a role: %v", ErrOfficer, one.Name, one.Role, maxName, policy.Roles())
		}
		for _, other := range o.Officers[:i] {
			if other.Name == one.Name || other.Key.Equal(one.Key) {
				return fmt.Errorf("%w: %q is there twice, or its key is", ErrOfficer, one.Name)
			}
		}
	}
	return nil
}

// Officers are those who decide, the custodian first, and who has to agree to a change.
func (n *Node) Officers(ctx context.Context) ([]Officer, policy.Approval, error) {
	o, err := n.officersNow(ctx, n.records.db)
	if err != nil {
		return nil, policy.Approval{}, err
	}
	return o.Officers, o.Changes, nil
}

// AddOfficer gives somebody a role. Like every change, it is made when those have agreed who
// have to.
func (n *Node) AddOfficer(ctx context.Context, one Officer) (Motion, error) {
	one.Raw = one.Key.Bytes()
	return n.changeOfficers(ctx, func(o *officers) error {
		o.Officers = append(o.Officers, one)
		return nil
	})
}

// RemoveOfficer takes the role away. What the officer has said of what still waits counts no
// more.
func (n *Node) RemoveOfficer(ctx context.Context, name string) (Motion, error) {
	return n.changeOfficers(ctx, func(o *officers) error {
		before := len(o.Officers)
		o.Officers = slices.DeleteFunc(o.Officers, func(one Officer) bool { return one.Name == name })
		if len(o.Officers) == before {
			return fmt.Errorf("%w: there is no %q", ErrOfficer, name)
		}
		return nil
	})
}

// RuleChanges says who has to agree to changes from now on, of policy, officers and this rule,
// and to a thaw.
func (n *Node) RuleChanges(ctx context.Context, rule policy.Approval) (Motion, error) {
	return n.changeOfficers(ctx, func(o *officers) error {
		o.Rule = rule.String()
		return nil
	})
}

func (n *Node) changeOfficers(ctx context.Context, change func(*officers) error) (Motion, error) {
	o, err := n.officersNow(ctx, n.records.db)
	if err != nil {
		return Motion{}, err
	}
	o.Officers = o.Officers[1:] // without the custodian
	if err := change(o); err != nil {
		return Motion{}, err
	}
	if err := o.check(); err != nil {
		return Motion{}, err
	}
	if err := o.reachable(); err != nil {
		return Motion{}, err
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return Motion{}, fmt.Errorf("write the officers: %w", err)
	}
	return n.change(ctx, motionOfficers, raw)
}

// reachable refuses a rule that nobody could ever meet.
func (o *officers) reachable() error {
	roles := []string{policy.Roles()[0]}
	for _, one := range o.Officers {
		roles = append(roles, one.Role)
	}
	if !o.Changes.Given(roles) {
		return fmt.Errorf("%w: changes need %s, and there are not that many: add officers first, or change the rule", ErrOfficer, o.Changes)
	}
	return nil
}
