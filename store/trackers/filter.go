package trackers

import (
	"strings"

	"asapi/store"
	"asapi/tasks/tracker"
)

// condition turns a filter into a condition on trackers called t. Every value is
// a parameter: no text of a filter ever stands in a statement.
// works called w are joined.
type condition struct{ params []any }

// columns are those of the fields.
var columns = map[tracker.FilterField]string{
	tracker.ByResource: "t.resource", tracker.ByState: "t.state", tracker.ByStart: "t.start_time", tracker.ByEnd: "t.end_time", tracker.ByProgress: "(" + progressSQL + ")",
}

func (c *condition) sql(f *tracker.Filter) string {
	switch f.Kind {
	case tracker.AllOf:
		return c.group(f.Parts, " AND ")
	case tracker.AnyOf:
		return c.group(f.Parts, " OR ")
	case tracker.NoneOf:
		return "NOT " + c.sql(&f.Parts[0])
	case tracker.Compares:
		return c.compare(f)
	case tracker.Everything:
	}
	return "(1 = 1)"
}

func (c *condition) group(parts []tracker.Filter, by string) string {
	list := make([]string, len(parts))
	for i := range parts {
		list[i] = c.sql(&parts[i])
	}
	return "(" + strings.Join(list, by) + ")"
}

// compare never gives NULL: what has no value compares as false.
func (c *condition) compare(f *tracker.Filter) string {
	column := columns[f.Field]
	switch f.Field {
	case tracker.ByResource:
		return c.compareResource(column, f)
	case tracker.ByState:
		return "(" + column + c.value(f.Op, int64(f.State), "BIGINT") + ")"
	case tracker.ByStart, tracker.ByEnd:
		if f.Op == tracker.HasValue {
			return "(" + column + " <> 0)"
		}
		return "(" + column + " <> 0 AND " + column + c.value(f.Op, store.Micros(f.Time), "BIGINT") + ")"
	case tracker.ByProgress:
		if f.Op == tracker.HasValue {
			return "(" + column + " IS NOT NULL)"
		}
		return "COALESCE(" + column + c.value(f.Op, f.Number, "DOUBLE PRECISION") + ", FALSE)"
	}
	return "(1 = 0)"
}

func (c *condition) compareResource(column string, f *tracker.Filter) string {
	switch f.Op { //nolint:exhaustive // resources are compared in no other way
	case tracker.HasValue:
		return "(1 = 1)"
	case tracker.Begins:
		c.params = append(c.params, f.Text, f.Text)
		return "(substr(" + column + ", 1, length(CAST(? AS TEXT))) = CAST(? AS TEXT))"
	}
	return "(" + column + c.value(f.Op, f.Text, "TEXT") + ")"
}

// value gives the comparison with a parameter of a type.
func (c *condition) value(op tracker.Comparison, value any, typ string) string {
	c.params = append(c.params, value)
	return " " + operator(op) + " CAST(? AS " + typ + ")"
}

// operator gives the operator of a comparison that has one.
func operator(op tracker.Comparison) string {
	switch op { //nolint:exhaustive // the others have statements of their own
	case tracker.NotEqual:
		return "<>"
	case tracker.Less:
		return "<"
	case tracker.LessEqual:
		return "<="
	case tracker.Greater:
		return ">"
	case tracker.GreaterEqual:
		return ">="
	}
	return "="
}
