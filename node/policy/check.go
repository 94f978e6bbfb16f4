package policy

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/cedar-policy/cedar-go"
	publicast "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// publicAST is ast.Policy under the name by which cedar takes it.
type publicAST = publicast.Policy

// The annotations. Another is refused: a misspelt one would change what a permit says.
const (
	idNote       = "id"
	verdictNote  = "verdict"
	reasonNote   = "reason"
	approvalNote = "approval"
)

var ruleID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

func faultOf(r *rule, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrPolicy, r.place(), fmt.Errorf(format, args...))
}

// annotations reads id, verdict, reason and approval.
func (r *rule) annotations() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, faultOf(r, format, args...)) }
	notes := r.cedar.Annotations()
	keys := make([]string, 0, len(notes))
	for k := range notes {
		keys = append(keys, string(k))
	}
	slices.Sort(keys)
	for _, k := range keys {
		if !slices.Contains([]string{idNote, verdictNote, reasonNote, approvalNote}, k) {
			fault("@%s is no annotation that means something here; @id, @verdict, @reason and @approval are", k)
		}
	}
	r.id, r.reason = string(notes[idNote]), string(notes[reasonNote])
	if !ruleID.MatchString(r.id) {
		fault("a policy needs a name of its own, in small letters, digits and hyphens: write @id(\"members-may-ask\") before it")
	}
	if len(r.reason) > maxReason || strings.ContainsFunc(r.reason, func(c rune) bool { return !unicode.IsPrint(c) }) {
		fault("@reason is one printable line of at most %d bytes", maxReason)
	}
	verdict, given := notes[verdictNote]
	switch {
	case !given:
	case r.forbids():
		fault("@verdict belongs to a permit; a forbid denies")
	case verdict == "ask":
		r.verdict = Ask
	case verdict != "allow":
		fault("@verdict(%q) is neither \"allow\" nor \"ask\"; to deny, write a forbid", string(verdict))
	}
	if who, given := notes[approvalNote]; given {
		var err error
		if r.approval, err = ParseApproval(string(who)); err != nil {
			fault("@%w", err)
		}
		if r.verdict != Ask {
			fault("@approval says who decides, and belongs to a permit with @verdict(\"ask\")")
		}
	}
	return errors.Join(faults...)
}

// check requires that a rule speaks of what the schema has, and is small. Cedar's validator
// knows attributes and types; the walk knows what that one lets pass.
func (c *checker) check(r *rule) error {
	a := r.ast()
	if n := count(a); n > maxNodes {
		return faultOf(r, "%d parts, and a policy has at most %d; cut it into several", n, maxNodes)
	}
	var faults []error
	if err := c.validator.Policy("", a); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			faults = append(faults, faultOf(r, "%s; docs/reference/policy.md lists what a policy may speak of", line))
		}
	}
	for _, s := range []ast.IsScopeNode{a.Principal, a.Action, a.Resource} {
		for _, u := range scopeEntities(s) {
			faults = append(faults, c.entity(r, u))
		}
	}
	for _, cond := range a.Conditions {
		ast.Inspect(ast.NewNode(cond.Body), func(n ast.IsNode) bool {
			faults = append(faults, c.node(r, n))
			return true
		})
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return sameWhenWritten(r)
}

// node checks one node. Every attribute is always there, so "has" asks for something that the
// schema does not have, or for nothing; there are no tags.
func (c *checker) node(r *rule, n ast.IsNode) error {
	switch n := n.(type) {
	case ast.NodeTypeHas:
		return faultOf(r, "\"has %s\": every attribute of the schema is always there, so compare its value instead", n.Value)
	case ast.NodeTypeHasTag, ast.NodeTypeGetTag:
		return faultOf(r, "nothing here has tags")
	case ast.NodeValue:
		if u, is := n.Value.(types.EntityUID); is {
			return c.entity(r, u)
		}
		if s, is := n.Value.(types.Set); is {
			for v := range s.All() {
				if err := c.node(r, ast.NodeValue{Value: v}); err != nil {
					return err
				}
			}
		}
	case ast.NodeTypeIs:
		return c.entity(r, types.NewEntityUID(n.EntityType, ""))
	case ast.NodeTypeIsIn:
		return c.entity(r, types.NewEntityUID(n.EntityType, ""))
	}
	return nil
}

// entity refuses an action, a verdict or a kind of entity that the schema does not have. The
// validator passes over verdicts, and a misspelt one makes a forbid that never holds.
func (c *checker) entity(r *rule, u types.EntityUID) error {
	if u.Type == actionType {
		if _, ok := c.schema.Actions[u]; !ok && u.ID != "" {
			return faultOf(r, "%s is no action; Action::\"exact\", Action::\"dp\" and, for both, Action::\"query\" are", u)
		}
		return nil
	}
	if enum, ok := c.schema.Enums[u.Type]; ok {
		if u.ID != "" && !slices.Contains(enum.Values, u) {
			return faultOf(r, "%s is not one of %s", u, joinUIDs(enum.Values))
		}
		return nil
	}
	if _, ok := c.schema.Entities[u.Type]; !ok {
		return faultOf(r, "%s is no kind of entity of the schema", u.Type)
	}
	return nil
}

func joinUIDs(list []types.EntityUID) string {
	names := make([]string, len(list))
	for i, u := range list {
		names[i] = u.String()
	}
	return strings.Join(names, ", ")
}

func scopeEntities(s ast.IsScopeNode) []types.EntityUID {
	switch s := s.(type) {
	case ast.ScopeTypeEq:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeInSet:
		return s.Entities
	case ast.ScopeTypeIs:
		return []types.EntityUID{types.NewEntityUID(s.Type, "")}
	case ast.ScopeTypeIsIn:
		return []types.EntityUID{types.NewEntityUID(s.Type, ""), s.Entity}
	}
	return nil
}

func count(a *ast.Policy) (nodes int) {
	for _, s := range []ast.IsScopeNode{a.Principal, a.Action, a.Resource} {
		nodes += len(scopeEntities(s))
	}
	for _, cond := range a.Conditions {
		ast.Inspect(ast.NewNode(cond.Body), func(ast.IsNode) bool { nodes++; return nodes <= maxNodes })
	}
	return nodes
}

// sameWhenWritten requires that the canonical spelling, which is what is signed, reads as the
// rule that is evaluated.
func sameWhenWritten(r *rule) error {
	var again cedar.Policy
	if err := again.UnmarshalCedar(canonical(r.ast())); err != nil {
		return faultOf(r, "it cannot be written so that it reads back: %w", err)
	}
	a, b := r.ast(), (*ast.Policy)(again.AST())
	same := a.Effect == b.Effect && len(a.Annotations) == len(b.Annotations) && len(a.Conditions) == len(b.Conditions) &&
		reflect.DeepEqual(a.Principal, b.Principal) && reflect.DeepEqual(a.Action, b.Action) && reflect.DeepEqual(a.Resource, b.Resource)
	notes := again.Annotations()
	for k, v := range r.cedar.Annotations() {
		same = same && notes[k] == v
	}
	for i := range min(len(a.Conditions), len(b.Conditions)) {
		same = same && a.Conditions[i].Condition == b.Conditions[i].Condition &&
			ast.Equal(ast.NewNode(a.Conditions[i].Body), ast.NewNode(b.Conditions[i].Body))
	}
	if !same {
		return faultOf(r, "it reads back as something else once it is written; write it more plainly")
	}
	return nil
}
