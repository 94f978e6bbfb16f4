package cohort

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

const (
	// maxNodes bounds an expression's nodes. A list of as many codes as maxFilter has room
	// for stays below.
	maxNodes = 1024
	// maxDepth bounds how deep brackets stand in brackets, and so the stack of the parser.
	maxDepth = 64
	// maxUsed bounds the columns of an expression: each keeps four bytes a person.
	maxUsed = 32
)

// expression is a filter in CEL, parsed and made ready to be checked against a table.
type expression struct {
	text string
	ast  *cel.Ast
	used []used // its columns
}

// used is a column that an expression speaks of, and the character where it does so first.
type used struct {
	name  string
	at    int
	terms bool // are looked at
}

// The variables that stand for a column in a prepared expression: its cell, whether there is
// something in it, and its terms. No expression can name them.
const (
	cellOf  = "@cell"
	hasOf   = "@has"
	termsOf = "@terms"
)

func variable(of string, column int) string { return fmt.Sprintf("%s%d", of, column) }

// parseExpression reads CEL. What it speaks of is looked at once the table is there.
func parseExpression(text string) (*expression, error) {
	env, err := cel.NewCustomEnv(cel.ParserExpressionSizeLimit(maxFilter), cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(1))
	if err != nil {
		return nil, fmt.Errorf("make room for an expression: %w", err)
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		return nil, syntaxError(text, issues)
	}
	if n := ast.NodeCount(parsed.NativeRep()); n > maxNodes {
		return nil, &FilterError{Text: text, Why: fmt.Sprintf("it has over %d parts; write a column of the table that says the same", maxNodes)}
	}
	p := preparing{text: text, info: parsed.NativeRep().SourceInfo(), next: ast.MaxID(parsed.NativeRep()), make: ast.NewExprFactory()}
	if _, err := p.expr(parsed.NativeRep().Expr()); err != nil {
		return nil, err
	}
	if len(p.used) == 0 {
		return nil, &FilterError{Text: text, Why: "it speaks of no column, and takes everybody or nobody; name a column, without quotes"}
	}
	return &expression{text: text, ast: parsed, used: p.used}, nil
}

// preparing walks over an expression, refuses what is not of this language, and puts before
// each comparison the question whether there is something in the cells that it looks at: so
// a comparison with a missing cell is false, and none is ever computed with.
type preparing struct {
	text string
	info *ast.SourceInfo
	make ast.ExprFactory
	next int64
	used []used
}

// expr prepares an expression and returns the columns whose cells it looks at.
func (p *preparing) expr(e ast.Expr) ([]int, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		switch e.AsLiteral().(type) {
		case types.Int, types.Double, types.String, types.Bool:
			return nil, nil
		case types.Null:
			return nil, p.fault(e, "there is no null; whether a cell is empty is !has(column)")
		}
		return nil, p.fault(e, "values are numbers such as 40 or 1.5, texts in quotes, true and false")
	case ast.ListKind:
		return p.all(e.AsList().Elements())
	case ast.CallKind:
		return p.call(e)
	case ast.IdentKind:
		return p.column(e, cellOf)
	case ast.SelectKind:
		return nil, p.fault(e, "a dot stands before startsWith, endsWith and contains only; a column with a dot in its name is written column(\"…\")")
	}
	return nil, p.fault(e, "there are no maps, messages or loops here")
}

func (p *preparing) all(list []ast.Expr) (cells []int, err error) {
	for _, e := range list {
		of, err := p.expr(e)
		if err != nil {
			return nil, err
		}
		cells = union(cells, of)
	}
	return cells, nil
}

func union(a, b []int) []int {
	for _, n := range b {
		if !slices.Contains(a, n) {
			a = append(a, n)
		}
	}
	return a
}

func (p *preparing) call(e ast.Expr) ([]int, error) {
	c := e.AsCall()
	f, err := p.function(e, c)
	if err != nil {
		return nil, err
	}
	args := c.Args()
	switch c.FunctionName() {
	case "column":
		return p.column(e, cellOf)
	case "has":
		_, err := p.column(args[0], hasOf)
		e.SetKindCase(args[0])
		return nil, err
	case "size":
		return p.column(args[0], termsOf)
	}
	if err := p.sexes(c); err != nil {
		return nil, err
	}
	cells, err := p.operands(c)
	if err != nil || !f.compares {
		return cells, err
	}
	if len(cells) == 0 {
		return nil, p.fault(e, "no column is looked at here; write its name without quotes")
	}
	p.guard(e, cells)
	return cells, nil
}

// operands prepares what a call is made of. What is looked for in a column is looked for in
// its terms, be they one or many: that a table grows does not change what an expression says.
func (p *preparing) operands(c ast.CallExpr) ([]int, error) {
	args, in := c.Args(), c.Target()
	if c.FunctionName() == operators.In {
		if _, ok := columnName(args[1]); ok {
			args, in = args[:1], args[1]
		}
	}
	cells, err := p.all(args)
	if err != nil || in == nil || in.Kind() == ast.UnspecifiedExprKind {
		return cells, err
	}
	of, err := p.column(in, termsOf)
	return union(cells, of), err
}

// guard makes a comparison true only where there is something in the cells.
func (p *preparing) guard(e ast.Expr, cells []int) {
	c := e.AsCall()
	inner := p.make.NewCall(p.id(e), c.FunctionName(), c.Args()...)
	if c.IsMemberFunction() {
		inner = p.make.NewMemberCall(p.id(e), c.FunctionName(), c.Target(), c.Args()...)
	}
	for _, column := range slices.Backward(cells) {
		has := p.make.NewIdent(p.id(e), variable(hasOf, column))
		inner = p.make.NewCall(p.id(e), operators.LogicalAnd, has, inner)
	}
	e.SetKindCase(inner)
}

// id is that of a new node, which stands where another does.
func (p *preparing) id(at ast.Expr) int64 {
	p.next++
	if where, ok := p.info.GetOffsetRange(at.ID()); ok {
		p.info.SetOffsetRange(p.next, where)
	}
	return p.next
}

// column makes a variable of a column's name.
func (p *preparing) column(e ast.Expr, of string) ([]int, error) {
	name, ok := columnName(e)
	if !ok {
		return nil, p.fault(e, `a column is wanted here: its name, or column("its name")`)
	}
	n := slices.IndexFunc(p.used, func(u used) bool { return u.name == name })
	if n < 0 {
		if n = len(p.used); n == maxUsed {
			return nil, p.fault(e, "it speaks of over %d columns", maxUsed)
		}
		p.used = append(p.used, used{name: name, at: p.at(e)})
	}
	p.used[n].terms = p.used[n].terms || of == termsOf
	e.SetKindCase(p.make.NewIdent(e.ID(), variable(of, n)))
	return []int{n}, nil
}

// columnName is that of a column as it is written: age, or column("age at visit").
func columnName(e ast.Expr) (name string, ok bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), true
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == "column" && !c.IsMemberFunction() && len(c.Args()) == 1 {
			return literalText(c.Args()[0])
		}
	}
	return "", false
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// What the column sex has in an expression, however the table writes it.
const (
	woman = "F"
	man   = "M"
)

// sexes refuses to compare sex with what it never is.
func (p *preparing) sexes(c ast.CallExpr) error {
	args := slices.Clone(c.Args())
	if c.IsMemberFunction() {
		args = append(args, c.Target())
	}
	if !slices.ContainsFunc(args, func(e ast.Expr) bool { name, ok := columnName(e); return ok && name == sexColumn }) {
		return nil
	}
	for _, e := range args {
		if e.Kind() == ast.ListKind {
			args = append(args, e.AsList().Elements()...)
		}
	}
	for _, e := range args {
		if s, ok := literalText(e); ok && s != woman && s != man {
			return p.fault(e, `sex is "F" or "M" here, however the table writes it, and nothing where it is unknown: !has(sex)`)
		}
	}
	return nil
}

// at is the character at which a node begins.
func (p *preparing) at(e ast.Expr) int {
	where, ok := p.info.GetOffsetRange(e.ID())
	if !ok {
		return 0
	}
	return int(where.Start) + 1
}

func (p *preparing) fault(e ast.Expr, format string, args ...any) error {
	return &FilterError{Text: p.text, At: p.at(e), Why: fmt.Sprintf(format, args...)}
}

// syntaxError says where CEL cannot be read. What the parser would have liked instead is a
// list that tells nobody anything.
func syntaxError(text string, issues *cel.Issues) error {
	first := issues.Errors()[0]
	e := &FilterError{Text: text, Why: strings.TrimPrefix(first.Message, "Syntax error: ")}
	e.Why, _, _ = strings.Cut(e.Why, " expecting ")
	e.At = position(text, first.Location.Line(), first.Location.Column())
	if e.At == 0 { // there is one limit that has no place
		e.Why = fmt.Sprintf("brackets stand in brackets, or signs behind signs, over %d deep; write it flatter", maxDepth)
		return e
	}
	rest := ""
	if all := []rune(text); e.At <= len(all) {
		rest = strings.ToLower(string(all[e.At-1:]))
	}
	switch word, _, _ := strings.Cut(rest, " "); {
	case rest == "":
		e.Why = "something is missing at its end"
	case rest[0] == '=':
		e.Why = "values are compared with =="
	case word == "and":
		e.Why = "it is written &&"
	case word == "or":
		e.Why = "it is written ||"
	case word == "not":
		e.Why = "it is written !"
	case rest[0] == '"' || rest[0] == '\'':
		e.Why += "; a text ends with the quote that it begins with"
	default:
		e.Why += "; an expression is like sex == \"F\" && age >= 40"
	}
	return e
}

// position is the character of a place that is given by its line, from 1, and what stands
// before it there; 0 for none.
func position(text string, line, before int) int {
	if line < 1 || before < 0 {
		return 0
	}
	at := before + 1
	for l := range strings.SplitSeq(text, "\n") {
		if line--; line == 0 {
			break
		}
		at += len([]rune(l)) + 1
	}
	return at
}
