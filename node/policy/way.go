package policy

import (
	"slices"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// way is how a condition is searched for something that it requires.
type way struct {
	mode string
	// holds says whether a comparison requires it, or its opposite where it is negated.
	holds func(n ast.IsNode, negated bool) bool
}

// requires reports whether a condition, or its opposite, can be true only where the thing
// holds. It may say no where the answer is yes, never the other way.
func (w way) requires(n ast.IsNode, negated bool) bool {
	if value, known := w.constant(n); known {
		return value == negated // it is never true, and requires everything
	}
	switch n := n.(type) {
	case ast.NodeTypeNot:
		return w.requires(n.Arg, !negated)
	case ast.NodeTypeAnd:
		if negated {
			return w.requires(n.Left, true) && w.requires(n.Right, true)
		}
		return w.requires(n.Left, false) || w.requires(n.Right, false)
	case ast.NodeTypeOr:
		if negated {
			return w.requires(n.Left, true) || w.requires(n.Right, true)
		}
		return w.requires(n.Left, false) && w.requires(n.Right, false)
	case ast.NodeTypeIfThenElse:
		return (w.requires(n.If, false) || w.requires(n.Then, negated)) && (w.requires(n.If, true) || w.requires(n.Else, negated))
	}
	return w.holds(n, negated)
}

// constant is a value that does not depend on the request, once its mode is given.
func (w way) constant(n ast.IsNode) (value, known bool) {
	switch n := n.(type) {
	case ast.NodeValue:
		b, is := n.Value.(types.Boolean)
		return bool(b), is
	case ast.NodeTypeEquals:
		if named, is := actionOf(n.BinaryNode); is {
			return named == w.mode, true
		}
	case ast.NodeTypeNotEquals:
		if named, is := actionOf(n.BinaryNode); is {
			return named != w.mode, true
		}
	case ast.NodeTypeIn:
		if named, is := actionOf(n.BinaryNode); is {
			return named == w.mode || named == query, true
		}
	}
	return false, false
}

// actionOf is the action that "action" is compared with.
func actionOf(b ast.BinaryNode) (string, bool) {
	for _, sides := range [][2]ast.IsNode{{b.Left, b.Right}, {b.Right, b.Left}} {
		v, isVariable := sides[0].(ast.NodeTypeVariable)
		c, isValue := sides[1].(ast.NodeValue)
		if !isVariable || !isValue || v.Name != "action" {
			continue
		}
		if u, is := c.Value.(types.EntityUID); is && u.Type == actionType {
			return string(u.ID), true
		}
	}
	return "", false
}

// attribute is the name of an attribute of a variable, such as sizeClass of resource.
func attribute(n ast.IsNode, of string) (string, bool) {
	access, is := n.(ast.NodeTypeAccess)
	if !is {
		return "", false
	}
	v, is := access.Arg.(ast.NodeTypeVariable)
	return string(access.Value), is && string(v.Name) == of
}

// comparison is a comparison as "left below right", or "left at most right" where equal.
type comparison struct {
	left, right ast.IsNode
	equal       bool
}

// comparisonOf reads <, <=, > and >=, also negated.
func comparisonOf(n ast.IsNode, negated bool) (comparison, bool) {
	var c comparison
	switch n := n.(type) {
	case ast.NodeTypeLessThan:
		c = comparison{n.Left, n.Right, false}
	case ast.NodeTypeLessThanOrEqual:
		c = comparison{n.Left, n.Right, true}
	case ast.NodeTypeGreaterThan:
		c = comparison{n.Right, n.Left, false}
	case ast.NodeTypeGreaterThanOrEqual:
		c = comparison{n.Right, n.Left, true}
	default:
		return c, false
	}
	if negated {
		c = comparison{c.right, c.left, !c.equal}
	}
	return c, true
}

// bounded wants an attribute compared with a number that is no weaker than the limit: an upper
// bound at most that, or a lower one at least that. Equal to such a number is bounded too.
func bounded(of, name string, upper bool, limit int64) func(ast.IsNode, bool) bool {
	return func(n ast.IsNode, negated bool) bool {
		if e, is := n.(ast.NodeTypeEquals); is && !negated {
			for _, sides := range [][2]ast.IsNode{{e.Left, e.Right}, {e.Right, e.Left}} {
				if a, is := attribute(sides[0], of); is && a == name {
					number, is := long(sides[1])
					return is && (upper && number <= limit || !upper && number >= limit)
				}
			}
			return false
		}
		c, is := comparisonOf(n, negated)
		if !is {
			return false
		}
		what, number := c.left, c.right
		if !upper {
			what, number = c.right, c.left
		}
		a, isOurs := attribute(what, of)
		value, isNumber := long(number)
		if !isOurs || a != name || !isNumber {
			return false
		}
		if upper {
			return value <= limit || !c.equal && value == limit+1
		}
		return value >= limit || !c.equal && value == limit-1
	}
}

func long(n ast.IsNode) (int64, bool) {
	v, is := n.(ast.NodeValue)
	if !is {
		return 0, false
	}
	l, is := v.Value.(types.Long)
	return int64(l), is
}

// expires wants the time to be before a day that is written down.
func expires(n ast.IsNode, negated bool) bool {
	c, is := comparisonOf(n, negated)
	if !is {
		return false
	}
	a, is := attribute(c.left, "context")
	return is && a == "time" && fixed(c.right)
}

// fixed reports whether a value does not depend on the request.
func fixed(n ast.IsNode) bool {
	is := true
	ast.Inspect(ast.NewNode(n), func(n ast.IsNode) bool {
		if _, variable := n.(ast.NodeTypeVariable); variable {
			is = false
		}
		return is
	})
	return is
}

// granted wants context.granted to be true.
func granted(n ast.IsNode, negated bool) bool {
	if e, is := n.(ast.NodeTypeEquals); is {
		for _, sides := range [][2]ast.IsNode{{e.Left, e.Right}, {e.Right, e.Left}} {
			v, isValue := sides[1].(ast.NodeValue)
			if a, is := attribute(sides[0], "context"); is && a == "granted" && isValue {
				return v.Value == types.Boolean(!negated)
			}
		}
		return false
	}
	a, is := attribute(n, "context")
	return is && a == "granted" && !negated
}

// mentions wants a comparison that names values of one of the attributes: equal to one, in a
// set, containing one. That it is not some value requires little, and does not count. The
// name "" stands for the variable itself.
func mentions(of string, names ...string) func(ast.IsNode, bool) bool {
	ours := func(n ast.IsNode) bool {
		if v, is := n.(ast.NodeTypeVariable); is {
			return string(v.Name) == of && slices.Contains(names, "")
		}
		a, is := attribute(n, of)
		return is && slices.Contains(names, a)
	}
	return func(n ast.IsNode, negated bool) bool {
		var b ast.BinaryNode
		switch n := n.(type) {
		case ast.NodeTypeNotEquals:
			b, negated = n.BinaryNode, !negated
		case ast.NodeTypeEquals:
			b = n.BinaryNode
		case ast.NodeTypeIn:
			b = n.BinaryNode
		case ast.NodeTypeContains:
			b = n.BinaryNode
		case ast.NodeTypeContainsAll:
			// The other way round, whoever has nothing would have only what is listed.
			return !negated && ours(n.Left) && fixed(n.Right)
		case ast.NodeTypeContainsAny:
			b = n.BinaryNode
		case ast.NodeTypeIsIn:
			return !negated && ours(n.Left) && fixed(n.Entity)
		default:
			return false
		}
		return !negated && (ours(b.Left) && fixed(b.Right) || ours(b.Right) && fixed(b.Left))
	}
}

// purposeNamed wants all purposes to lie within one that is named, or to be among those that
// are. That one of them is named says nothing of the others. A question without a purpose is
// left to the consents, which deny it.
func purposeNamed(n ast.IsNode, negated bool) bool {
	if all, is := n.(ast.NodeTypeContainsAll); is {
		a, is := attribute(all.Right, "context")
		if is && a == "purposes" {
			return !negated && fixed(all.Left)
		}
	}
	if e, is := n.(ast.NodeTypeEquals); is && mentions("context", "purposes")(e, negated) {
		return true
	}
	return mentions("context", "within")(n, negated)
}
