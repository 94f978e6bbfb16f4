package cohort

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// function is an operator or a function of the language, and which of CEL's overloads. What
// is not here is not in it: nothing loops, nothing makes a text or a list longer, and nothing
// knows the time.
type function struct {
	name      string // as CEL calls it
	shown     string // as it is written
	args      int
	overloads []string
	compares  bool // and is false where a cell is missing
	member    bool // x.f(y)
	ours      bool // is not CEL's
}

// language is all of them.
var language = []function{
	{name: operators.LogicalAnd, shown: "&&", args: 2, overloads: []string{overloads.LogicalAnd}},
	{name: operators.LogicalOr, shown: "||", args: 2, overloads: []string{overloads.LogicalOr}},
	{name: operators.LogicalNot, shown: "!", args: 1, overloads: []string{overloads.LogicalNot}},
	{name: operators.Conditional, shown: "? :", args: 3, overloads: []string{overloads.Conditional}},
	{name: operators.Equals, shown: "==", args: 2, overloads: []string{overloads.Equals}, compares: true},
	{name: operators.NotEquals, shown: "!=", args: 2, overloads: []string{overloads.NotEquals}, compares: true},
	{name: operators.Less, shown: "<", args: 2, compares: true, overloads: []string{overloads.LessInt64, overloads.LessInt64Double, overloads.LessDouble,
		overloads.LessDoubleInt64, overloads.LessString}},
	{name: operators.LessEquals, shown: "<=", args: 2, compares: true, overloads: []string{overloads.LessEqualsInt64, overloads.LessEqualsInt64Double,
		overloads.LessEqualsDouble, overloads.LessEqualsDoubleInt64, overloads.LessEqualsString}},
	{name: operators.Greater, shown: ">", args: 2, compares: true, overloads: []string{overloads.GreaterInt64, overloads.GreaterInt64Double,
		overloads.GreaterDouble, overloads.GreaterDoubleInt64, overloads.GreaterString}},
	{name: operators.GreaterEquals, shown: ">=", args: 2, compares: true, overloads: []string{overloads.GreaterEqualsInt64,
		overloads.GreaterEqualsInt64Double, overloads.GreaterEqualsDouble, overloads.GreaterEqualsDoubleInt64, overloads.GreaterEqualsString}},
	{name: operators.In, shown: "in", args: 2, overloads: []string{overloads.InList}, compares: true},
	{name: overloads.StartsWith, shown: "startsWith", args: 1, compares: true, member: true, ours: true},
	{name: overloads.EndsWith, shown: "endsWith", args: 1, compares: true, member: true, ours: true},
	{name: overloads.Contains, shown: "contains", args: 1, compares: true, member: true, ours: true},
	{name: operators.Add, shown: "+", args: 2, overloads: []string{overloads.AddInt64, overloads.AddDouble}},
	{name: operators.Subtract, shown: "-", args: 2, overloads: []string{overloads.SubtractInt64, overloads.SubtractDouble}},
	{name: operators.Multiply, shown: "*", args: 2, overloads: []string{overloads.MultiplyInt64, overloads.MultiplyDouble}},
	{name: operators.Divide, shown: "/", args: 2, overloads: []string{overloads.DivideInt64, overloads.DivideDouble}},
	{name: operators.Modulo, shown: "%", args: 2, overloads: []string{overloads.ModuloInt64}},
	{name: operators.Negate, shown: "-", args: 1, overloads: []string{overloads.NegateInt64, overloads.NegateDouble}},
	{name: overloads.TypeConvertDouble, shown: "double", args: 1, overloads: []string{overloads.IntToDouble, overloads.DoubleToDouble}},
	{name: overloads.Size, shown: "size", args: 1, overloads: []string{overloads.SizeList}},
	{name: "has", shown: "has", args: 1, ours: true},
	{name: "column", shown: "column", args: 1, ours: true},
}

// function is which one is called.
func (p *preparing) function(e ast.Expr, c ast.CallExpr) (function, error) {
	i := slices.IndexFunc(language, func(f function) bool { return f.name == c.FunctionName() })
	if i < 0 {
		return function{}, p.called(e, c, "there is no %s; there are %s", shown(c.FunctionName()), strings.Join(names(), ", "))
	}
	f := language[i]
	switch {
	case f.member && !c.IsMemberFunction():
		return f, p.called(e, c, "%s stands behind a column and a dot, as in icd.%[1]s(\"I21\")", f.shown)
	case !f.member && c.IsMemberFunction():
		return f, p.called(e, c, "%s stands before its brackets, as in %[1]s(age)", f.shown)
	case len(c.Args()) != f.args:
		return f, p.called(e, c, "%s takes %d in its brackets", f.shown, f.args)
	}
	return f, nil
}

// called is a fault of a call. CEL says where its bracket is; shown is where its name is.
func (p *preparing) called(e ast.Expr, c ast.CallExpr, format string, args ...any) error {
	at := p.at(e)
	name := []rune(c.FunctionName())
	if from := at - 1 - len(name); from >= 0 && slices.Equal([]rune(p.text)[from:at-1], name) {
		at = from + 1
	}
	return &FilterError{Text: p.text, At: at, Why: fmt.Sprintf(format, args...)}
}

// names are those of functions that are written by name.
func names() (all []string) {
	for _, f := range language {
		if isName(f.shown) && f.name != operators.In {
			all = append(all, f.shown)
		}
	}
	return all
}

// shown is how a function is written.
func shown(name string) string {
	for _, f := range language {
		if f.name == name {
			return f.shown
		}
	}
	if sign, ok := operators.FindReverse(name); ok && sign != "" {
		return sign
	}
	if name == operators.Index {
		return "[…]"
	}
	return name
}

// library is what there is of CEL's own, and the tests of a column's terms.
func library() []cel.EnvOption {
	subset := env.NewLibrarySubset().SetDisableMacros(true)
	for _, f := range language {
		if f.ours {
			continue
		}
		g := env.NewFunction(f.name)
		for _, id := range f.overloads {
			g.Overloads = append(g.Overloads, &env.Overload{ID: id})
		}
		subset.AddIncludedFunctions(g)
	}
	return []cel.EnvOption{cel.StdLib(cel.StdLibSubset(subset)), anyTerm(overloads.StartsWith, strings.HasPrefix),
		anyTerm(overloads.EndsWith, strings.HasSuffix), anyTerm(overloads.Contains, strings.Contains)}
}

// anyTerm is a function that is true where a test is of one of the terms.
func anyTerm(name string, test func(term, of string) bool) cel.EnvOption {
	return cel.Function(name, cel.MemberOverload("any_"+name, []*cel.Type{cel.ListType(cel.StringType), cel.StringType}, cel.BoolType,
		cel.BinaryBinding(func(all, of ref.Val) ref.Val {
			terms, isList := all.Value().([]string)
			part, isText := of.(types.String)
			if !isList || !isText {
				return types.MaybeNoSuchOverloadErr(all)
			}
			return types.Bool(slices.ContainsFunc(terms, func(term string) bool { return test(term, string(part)) }))
		})))
}
