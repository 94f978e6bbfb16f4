package cohort

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// maxWork bounds what an expression may do for one person, in CEL's units: an operation, ten
// characters compared, or a term looked at. It is a hundred lists of terms as long as they
// may be, and well under ten milliseconds; of what people write some ten are used.
const maxWork = 100_000

// fitted is an expression, fitted to a table's columns.
type fitted struct {
	text    string
	columns []*kept
	kinds   []kind
	odd     []int
	program cel.Program
	cells   [][]ref.Val // a column: its values, as CEL sees them
	terms   [][]ref.Val // the same of those whose terms are looked at
	names   map[string]slot
	line    func(row int) int
	row     int
}

// slot is what a variable stands for.
type slot struct {
	of     string
	column int
}

// fit checks an expression against the columns that it speaks of, in its order.
func (e *expression) fit(columns []*kept, line func(row int) int) (*fitted, error) {
	f := &fitted{text: e.text, columns: columns, names: make(map[string]slot), line: line,
		cells: make([][]ref.Val, len(columns)), terms: make([][]ref.Val, len(columns))}
	options := append(library(), cel.CrossTypeNumericComparisons(true), cel.ExpressionNodeLimit(maxNodes*(maxUsed+1)))
	for i, c := range columns {
		k, odd := c.kind()
		f.kinds, f.odd = append(f.kinds, k), append(f.odd, odd)
		for _, v := range []struct {
			of string
			is *cel.Type
		}{{cellOf, celType(k)}, {hasOf, cel.BoolType}, {termsOf, celType(list)}} {
			f.names[variable(v.of, i)] = slot{v.of, i}
			options = append(options, cel.Variable(variable(v.of, i), v.is))
		}
	}
	env, err := cel.NewCustomEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("make room for an expression: %w", err)
	}
	checked, issues := env.Check(e.ast)
	if issues.Err() != nil {
		return nil, f.typeError(issues)
	}
	if is := checked.OutputType(); !is.IsExactType(cel.BoolType) {
		return nil, f.fault(0, "it gives %s, and has to be true or false; compare it with something%s", inWords(is.String()), f.known())
	}
	if err := f.values(e.used); err != nil {
		return nil, err
	}
	work, err := env.EstimateCost(checked, f)
	if err != nil {
		return nil, fmt.Errorf("tell how much an expression does: %w", err)
	}
	if work.Max > maxWork {
		return nil, f.fault(0, "it may do %d steps for a person, and %d are allowed; look at fewer columns, or at shorter ones", work.Max, maxWork)
	}
	// Costs are counted too, should the estimate be wrong.
	f.program, err = env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostTracking(f), cel.CostLimit(maxWork))
	if err != nil {
		return nil, f.fault(0, "%v", err)
	}
	return f, nil
}

func celType(k kind) *cel.Type {
	switch k {
	case whole:
		return cel.IntType
	case decimal:
		return cel.DoubleType
	case list:
		return cel.ListType(cel.StringType)
	case none:
		return cel.DynType // it may be compared with anything, and is like nothing
	}
	return cel.StringType
}

// values makes each value of a column once what CEL computes with.
func (f *fitted) values(of []used) error {
	for i, c := range f.columns {
		if of[i].terms || f.kinds[i] == list {
			if err := f.split(i); err != nil {
				return err
			}
		}
		f.cells[i] = make([]ref.Val, len(c.values))
		for n, v := range c.values {
			switch f.kinds[i] {
			case whole:
				number, _ := strconv.ParseInt(v, 10, 64)
				f.cells[i][n] = types.Int(number)
			case decimal:
				number, _ := strconv.ParseFloat(v, 64)
				f.cells[i][n] = types.Double(number)
			case list:
				f.cells[i][n] = f.terms[i][n]
			default:
				f.cells[i][n] = types.String(v)
			}
		}
	}
	return nil
}

// split makes the terms of each value of a column.
func (f *fitted) split(column int) error {
	c := f.columns[column]
	f.terms[column] = make([]ref.Val, len(c.values))
	for n, v := range c.values {
		parts := terms(v)
		if len(parts) > maxTerms {
			return &LineError{Line: f.line(c.row(n)), Err: fmt.Errorf("%w: over %d terms in column %q, which the filter looks at", ErrTable, maxTerms, c.name)}
		}
		f.terms[column][n] = types.NewStringList(types.DefaultTypeAdapter, parts)
	}
	return nil
}

// holds reports whether the expression is true of a row.
func (f *fitted) holds(row int) (bool, error) {
	f.row = row
	is, _, err := f.program.Eval(f)
	if err != nil {
		return false, &LineError{Line: f.line(row), Err: f.fault(0, "it cannot be computed: %v; leave such people out before, as in height > 0.0 && …", err)}
	}
	return is == types.True, nil
}

// ResolveName is a variable of the row.
func (f *fitted) ResolveName(name string) (any, bool) {
	s, ok := f.names[name]
	if !ok {
		return nil, false
	}
	value := f.columns[s.column].cells[f.row]
	switch s.of {
	case hasOf:
		return types.Bool(value != 0), true
	case termsOf:
		return f.terms[s.column][value], true
	}
	return f.cells[s.column][value], true
}

// Parent is none.
func (f *fitted) Parent() cel.Activation { return nil }

// EstimateSize is how long the values of a variable are at most.
func (f *fitted) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	path := node.Path()
	if len(path) == 0 {
		return nil
	}
	s, ok := f.names[path[0]]
	if !ok {
		return nil
	}
	var most cost.SizeEstimate
	for n, v := range f.columns[s.column].values {
		size := len(v) // that of a term is not over it
		if node.Type().Kind() == types.ListKind {
			size = len(f.termsOf(s.column, n))
		}
		most.Max = max(most.Max, uint64(size))
	}
	return &most
}

func (f *fitted) termsOf(column, value int) []string {
	return f.terms[column][value].Value().([]string)
}

// EstimateCallCost is what a test of terms does at most; other calls are CEL's to tell.
func (f *fitted) EstimateCallCost(_, _ string, of *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if of == nil {
		return nil
	}
	s := f.names[(*of).Path()[0]]
	var most uint64
	for n := range f.columns[s.column].values {
		most = max(most, workOf(f.termsOf(s.column, n)))
	}
	return cost.NewCallEstimate(cost.RangedCostEstimate(0, most), nil)
}

// CallCost is the same of one row.
func (f *fitted) CallCost(_, id string, args []ref.Val, _ ref.Val) *uint64 {
	if !strings.HasPrefix(id, "any_") {
		return nil
	}
	terms, _ := args[0].Value().([]string)
	work := workOf(terms)
	return &work
}

// workOf is what to look at terms takes.
func workOf(terms []string) (work uint64) {
	for _, t := range terms {
		work += 1 + uint64(len(t))/10
	}
	return work + 1
}

func (f *fitted) fault(at int, format string, args ...any) error {
	return &FilterError{Text: f.text, At: at, Why: fmt.Sprintf(format, args...)}
}

// typeError says which types do not go together, and how they could.
func (f *fitted) typeError(issues *cel.Issues) error {
	first := issues.Errors()[0]
	why := first.Message
	noOverload := regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.*)'$`)
	if m := noOverload.FindStringSubmatch(why); m != nil {
		of := regexp.MustCompile(`list\(\w+\)|int|double|string|bool|dyn`).FindAllString(m[2], -1)
		why = shown(m[1]) + " does not take " + inWords(of...) + mend(of)
	}
	return f.fault(position(f.text, first.Location.Line(), first.Location.Column()), "%s%s", why, f.known())
}

// inWords says what CEL's types are.
func inWords(celTypes ...string) string {
	var all []string
	for _, t := range celTypes {
		of, isList := strings.CutPrefix(t, "list(")
		is := map[string]string{"int": whole.String(), "double": decimal.String(), "string": text.String(), "bool": "true or false (bool)"}[strings.TrimSuffix(of, ")")]
		switch {
		case is == "":
			is = "something unknown"
		case isList:
			is = "a list of " + strings.TrimPrefix(is, "a ")
		}
		all = append(all, is)
	}
	return strings.Join(all, " and ")
}

// mend says how values of two types are compared.
func mend(types []string) string {
	has := func(t string) bool { return slices.Contains(types, t) }
	switch {
	case has("list(string)") && has("string"):
		return `; a list is looked through with in, as in "I21.4" in icd`
	case has("string") && (has("int") || has("double")):
		return `; a text is written in quotes and a number without`
	case has("int") && has("double"):
		return "; write both with decimals, as in 30.0, or double(age)"
	}
	return ""
}

// known lists the columns that the expression speaks of, and what they are.
func (f *fitted) known() string {
	var all []string
	for i, c := range f.columns {
		is := written(c.name) + " is " + f.kinds[i].String()
		if f.odd[i] > 0 {
			is += fmt.Sprintf(", for line %d has no number", f.line(c.row(f.odd[i])))
		}
		all = append(all, is)
	}
	return "; " + strings.Join(all, ", ")
}
