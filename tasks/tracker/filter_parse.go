package tracker

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.einride.tech/aip/filtering"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"

	"asapi/tasks"
)

// What a filter may be: it becomes part of a statement.
const (
	maxFilter      = 4096 // bytes
	maxNesting     = 20   // parentheses inside each other
	maxComparisons = 100
)

// ParseFilter reads a filter in the grammar of AIP-160; the empty text selects
// everything. Fields are resource, state, start_time, end_time and
// progress_percentage. Errors are CodeInvalid of the field "filter".
func ParseFilter(text string) (Filter, error) {
	if strings.TrimSpace(text) == "" {
		return Filter{}, nil
	}
	if err := checkFilter(text); err != nil {
		return Filter{}, err
	}
	var parser filtering.Parser
	parser.Init(quoteValues(text))
	parsed, err := parser.Parse()
	if err != nil {
		return Filter{}, notAFilter(err)
	}
	r := &filterReader{}
	return r.node(parsed.GetExpr())
}

func badFilter(format string, args ...any) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: "filter", Message: fmt.Sprintf(format, args...)}
}

// checkFilter refuses what the parser is not to be troubled with.
func checkFilter(text string) error {
	switch {
	case len(text) > maxFilter:
		return badFilter("The filter is longer than %d bytes.", maxFilter)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return badFilter("The filter holds a NUL byte or is not valid UTF-8.")
	}
	depth, quote := 0, rune(0)
	escaped := false
	for _, c := range text {
		switch {
		case quote != 0:
			if c == quote && !escaped {
				quote = 0
			}
			escaped = c == '\\' && !escaped
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			if depth++; depth > maxNesting {
				return badFilter("The filter nests more than %d parentheses inside each other.", maxNesting)
			}
		case c == ')':
			depth--
		}
	}
	return nil
}

// bareValue finds quoted texts, to pass over them, and resources and times without
// quotes. The grammar ends a word at '-', '.' and ':', which they may hold.
var bareValue = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b(?:animes|graphicNovels|lightNovels|visualNovels)/[A-Za-z0-9_.~/*-]*` +
	`|\b\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2}))?\b`)

func quoteValues(text string) string {
	return bareValue.ReplaceAllStringFunc(text, func(found string) string {
		if found[0] == '"' || found[0] == '\'' {
			return found
		}
		return `"` + found + `"`
	})
}

// notAFilter says where the grammar was left.
func notAFilter(err error) error {
	type positioned interface{ Position() filtering.Position }
	column := 0
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if p, ok := cause.(positioned); ok {
			column = max(column, int(p.Position().Column))
		}
	}
	e := &tasks.Error{Code: tasks.CodeInvalid, Field: "filter", Err: err}
	e.Message = fmt.Sprintf(`The filter cannot be read near character %d; it reads like: state = IN_PROGRESS AND start_time >= "2026-01-01". Put values with special characters in quotes.`, column)
	return e
}

// filterReader turns the parsed expression into a Filter.
type filterReader struct{ comparisons int }

func (r *filterReader) node(e *expr.Expr) (Filter, error) {
	call := e.GetCallExpr()
	if call == nil {
		return Filter{}, badFilter("The filter has a word without a comparison; write a field, a comparison and a value, such as state = COMPLETED.")
	}
	switch name := call.GetFunction(); name {
	case filtering.FunctionAnd, filtering.FunctionFuzzyAnd:
		return r.group(AllOf, call.GetArgs())
	case filtering.FunctionOr:
		return r.group(AnyOf, call.GetArgs())
	case filtering.FunctionNot:
		return r.group(NoneOf, call.GetArgs())
	case "=", "!=", "<", "<=", ">", ">=", ":":
		if r.comparisons++; r.comparisons > maxComparisons {
			return Filter{}, badFilter("The filter has more than %d comparisons.", maxComparisons)
		}
		return comparison(name, call.GetArgs())
	default:
		return Filter{}, badFilter("The filter uses the function %s, which is not known here.", tasks.Clip(name, 40))
	}
}

func (r *filterReader) group(kind FilterKind, args []*expr.Expr) (Filter, error) {
	f := Filter{Kind: kind}
	for _, arg := range args {
		part, err := r.node(arg)
		if err != nil {
			return f, err
		}
		if kind != NoneOf && part.Kind == kind {
			f.Parts = append(f.Parts, part.Parts...) // flat, so that nothing grows deep
			continue
		}
		f.Parts = append(f.Parts, part)
	}
	return f, nil
}

func comparison(op string, args []*expr.Expr) (Filter, error) {
	field := args[0].GetIdentExpr().GetName()
	f := Filter{Kind: Compares, Field: FilterField(field), Op: Comparison(op)}
	v, err := valueOf(field, args[1])
	if err != nil {
		return f, err
	}
	if op == ":" {
		if f.Op = Equal; v.text == "*" {
			f.Op = HasValue
		}
	}
	switch f.Field {
	case ByResource:
		return f.withResource(v)
	case ByState:
		return f.withState(v)
	case ByStart, ByEnd:
		return f.withTime(v)
	case ByProgress:
		return f.withNumber(v)
	}
	return f, badFilter("The filter names %q; it may compare resource, state, start_time, end_time and progress_percentage.", tasks.Clip(field, 40))
}

// filterValue is the right side of a comparison.
type filterValue struct {
	text     string
	number   float64
	isNumber bool
}

func valueOf(field string, e *expr.Expr) (filterValue, error) {
	if call := e.GetCallExpr(); call.GetFunction() == filtering.FunctionTimestamp && len(call.GetArgs()) == 1 {
		e = call.GetArgs()[0]
	}
	if name := e.GetIdentExpr().GetName(); name != "" {
		return filterValue{text: name}, nil
	}
	switch c := e.GetConstExpr().GetConstantKind().(type) {
	case *expr.Constant_StringValue:
		return filterValue{text: c.StringValue}, nil
	case *expr.Constant_Int64Value:
		return filterValue{number: float64(c.Int64Value), isNumber: true}, nil
	case *expr.Constant_DoubleValue:
		return filterValue{number: c.DoubleValue, isNumber: true}, nil
	}
	return filterValue{}, badFilter("The filter compares %s with something that is no single value; put the value in quotes.", tasks.Clip(field, 40))
}

func (f Filter) withResource(v filterValue) (Filter, error) {
	if v.isNumber || (f.Op != Equal && f.Op != NotEqual && f.Op != HasValue) {
		return f, badFilter("The filter may compare resource with =, != or : and a name, such as resource:animes/7, or the beginning of one, such as resource:animes/*.")
	}
	if f.Text = v.text; f.Op == HasValue {
		return f, nil
	}
	if prefix, wild := strings.CutSuffix(v.text, "*"); wild {
		if f.Text = prefix; f.Op == NotEqual {
			return Filter{Kind: NoneOf, Parts: []Filter{{Kind: Compares, Field: ByResource, Op: Begins, Text: prefix}}}, nil
		}
		f.Op = Begins
	}
	if strings.ContainsRune(f.Text, 0) || len(f.Text) > maxResource || !utf8.ValidString(f.Text) {
		return f, badFilter("The filter compares resource with what can be no resource.")
	}
	return f, nil
}

func (f Filter) withState(v filterValue) (Filter, error) {
	if f.Op == HasValue {
		return f, badFilter("Every tracker has a state; name one, such as state = COMPLETED.")
	}
	state, ok := ParseState(v.text)
	if v.isNumber {
		if state, ok = State(v.number), v.number >= 0 && v.number < float64(len(stateNames)) && v.number == math.Trunc(v.number); !ok {
			state = Unspecified
		}
	}
	if !ok || (f.Op != Equal && f.Op != NotEqual) {
		return f, badFilter("The filter may compare state with =, != or : and one of %s.", strings.Join(stateNames[:], ", "))
	}
	f.State = state
	return f, nil
}

func (f Filter) withTime(v filterValue) (Filter, error) {
	if f.Op == HasValue {
		return f, nil
	}
	at, err := tasks.ParseDate(v.text)
	if err != nil || v.isNumber || !plausible(at) {
		return f, badFilter(`The filter may compare %s with a date or a date-time in quotes, such as "2026-11-22" or "2026-11-22T10:00:00Z".`, f.Field)
	}
	f.Time = at.Truncate(time.Microsecond)
	return f, nil
}

func (f Filter) withNumber(v filterValue) (Filter, error) {
	if f.Op == HasValue {
		return f, nil
	}
	if !v.isNumber || math.IsInf(v.number, 0) || math.IsNaN(v.number) {
		return f, badFilter("The filter may compare progress_percentage with a number, such as progress_percentage >= 50.")
	}
	f.Number = v.number
	return f, nil
}
