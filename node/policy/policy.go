package policy

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/protocol"
)

// ErrPolicy is returned for files that are no policy.
var ErrPolicy = errors.New("policy: not valid")

// Bounds on a policy. With them a decision ends in some milliseconds on one core: Cedar
// has no loops, and each node of a policy is visited once. The packs have 10 policies.
const (
	maxFiles    = 64
	maxFileSize = 64 << 10
	maxSetSize  = 256 << 10
	maxPolicies = 500
	maxNodes    = 2_000 // of a policy
	maxNesting  = 64    // of brackets; the parser calls itself for each
	maxReason   = 300
)

// Verdict is what is decided of a request: Deny, Ask or Allow.
type Verdict = duo.Verdict

// The verdicts, the strictest first.
const (
	Deny  = duo.Deny
	Ask   = duo.Ask
	Allow = duo.Allow
)

// File is one file of policies.
type File struct {
	Name string
	Text []byte
}

// Policy is a set of rules that has been checked. It does not change, and may be asked from
// several goroutines.
type Policy struct {
	rules  []*rule // by id, ascending
	digest protocol.Digest
}

// rule is one permit or forbid.
type rule struct {
	id      string
	reason  string
	verdict Verdict // of a permit: Allow or Ask
	// approval is who has to say yes where it asks.
	approval Approval
	cedar    *cedar.Policy
}

func (r *rule) ast() *ast.Policy { return (*ast.Policy)(r.cedar.AST()) }

func (r *rule) forbids() bool { return r.cedar.Effect() == cedar.Forbid }

// place is where it stands: file and line.
func (r *rule) place() string {
	p := r.cedar.Position()
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// All makes a Policy what Cedar iterates over, always in one order.
func (p *Policy) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, r := range p.rules {
			if !yield(cedar.PolicyID(r.id), r.cedar) {
				return
			}
		}
	}
}

// Len is how many rules there are.
func (p *Policy) Len() int { return len(p.rules) }

// Digest names the policy by what it says: rules, annotations and schema, not comments, layout
// or how it is cut into files. Two people sign the same policy if they sign the same digest.
func (p *Policy) Digest() protocol.Digest { return p.digest }

func (p *Policy) rule(id string) *rule {
	i, ok := slices.BinarySearchFunc(p.rules, id, func(r *rule, id string) int { return strings.Compare(r.id, id) })
	if !ok {
		return nil
	}
	return p.rules[i]
}

// Parse reads files and checks every rule against the schema. It returns all faults at once,
// each with its file and line.
func Parse(files []File) (*Policy, error) {
	if err := checkFiles(files); err != nil {
		return nil, err
	}
	p := &Policy{}
	var faults []error
	for _, f := range files {
		list, err := parseFile(f)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		p.rules = append(p.rules, list...)
	}
	slices.SortStableFunc(p.rules, func(a, b *rule) int { return strings.Compare(a.id, b.id) })
	for i := 1; i < len(p.rules); i++ {
		if p.rules[i].id == p.rules[i-1].id {
			faults = append(faults, faultOf(p.rules[i], "%s has the id %q too; give each policy its own", p.rules[i-1].place(), p.rules[i].id))
		}
	}
	if len(p.rules) > maxPolicies {
		faults = append(faults, fmt.Errorf("%w: %d policies, and at most %d are read", ErrPolicy, len(p.rules), maxPolicies))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	p.digest = p.sum()
	return p, nil
}

func checkFiles(files []File) error {
	size := 0
	for _, f := range files {
		if size += len(f.Text); len(f.Text) > maxFileSize {
			return fmt.Errorf("%w: %s: larger than %d bytes; cut it into several files", ErrPolicy, f.Name, maxFileSize)
		}
	}
	switch {
	case len(files) == 0:
		return fmt.Errorf("%w: there is no file; a policy is one or more files that end in .cedar", ErrPolicy)
	case len(files) > maxFiles:
		return fmt.Errorf("%w: %d files, and at most %d are read", ErrPolicy, len(files), maxFiles)
	case size > maxSetSize:
		return fmt.Errorf("%w: all files together are larger than %d bytes", ErrPolicy, maxSetSize)
	}
	return nil
}

func parseFile(f File) ([]*rule, error) {
	if line, deep := nestedAt(f.Text); deep {
		return nil, fmt.Errorf("%w: %s:%d: brackets are nested deeper than %d", ErrPolicy, f.Name, line, maxNesting)
	}
	list, err := cedar.NewPolicyListFromBytes(f.Name, f.Text)
	if err != nil {
		// The parser does not say which file it reads.
		text := strings.Replace(strings.TrimPrefix(err.Error(), "parser error: parse error at "), "<input>", f.Name, 1)
		return nil, fmt.Errorf("%w: %s", ErrPolicy, text)
	}
	var rules []*rule
	var faults []error
	for _, c := range list {
		r := &rule{cedar: c, verdict: Allow}
		if err := errors.Join(r.annotations(), theChecker().check(r)); err != nil {
			faults = append(faults, err)
			continue
		}
		rules = append(rules, r)
	}
	return rules, errors.Join(faults...)
}

// nestedAt finds brackets in too many brackets, outside of strings and comments: the parser
// calls itself for each, and must not be led to the end of its stack.
func nestedAt(text []byte) (line int, deep bool) {
	line, depth, inString := 1, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			line++
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			end := bytes.IndexByte(text[i:], '\n')
			if end < 0 {
				return 0, false
			}
			i += end - 1
		case strings.IndexByte("([{", c) >= 0:
			if depth++; depth > maxNesting {
				return line, true
			}
		case strings.IndexByte(")]}", c) >= 0:
			depth = max(0, depth-1)
		}
	}
	return 0, false
}

// sum digests the rules in their canonical spelling. Parse has seen that this spelling reads
// as the same rule.
func (p *Policy) sum() protocol.Digest {
	parts := [][]byte{[]byte(Schema)}
	for _, r := range p.rules {
		parts = append(parts, canonical(r.ast()))
	}
	return protocol.Hash("locus/policy/v1", parts...)
}

// canonical is a rule in one spelling, its annotations ascending.
func canonical(a *ast.Policy) []byte {
	sorted := *a
	sorted.Annotations = slices.Clone(a.Annotations)
	slices.SortFunc(sorted.Annotations, func(x, y ast.AnnotationType) int { return strings.Compare(string(x.Key), string(y.Key)) })
	return cedar.NewPolicyFromAST((*publicAST)(&sorted)).MarshalCedar()
}
