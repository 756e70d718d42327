package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"asapi/tasks"
)

// Bounds of one page of a listing.
const (
	maxPage = 1000
	// searchSpan is how many of a client's tasks a page with a filter looks at.
	// A filter that matches nothing among ten million tasks is then many cheap
	// pages and not one that reads them all.
	searchSpan = 10_000
	// clockSlack is how far the clock of a process that makes ids may be from
	// the database's, which tells when a task was created.
	clockSlack = 5 * time.Minute
)

// stretch is a part of a client's ids; its ends belong to it.
type stretch struct {
	client      tasks.ClientID
	first, last tasks.ID
}

// spanOf is the part of a filter that the index answers by itself.
func spanOf(client tasks.ClientID, f tasks.TaskFilter) stretch {
	s := stretch{client: client, last: lastID}
	from := func(id tasks.ID) {
		if bytes.Compare(id[:], s.first[:]) > 0 {
			s.first = id
		}
	}
	to := func(id tasks.ID) {
		if !id.IsZero() && bytes.Compare(id[:], s.last[:]) < 0 {
			s.last = id
		}
	}
	from(f.First)
	to(f.Last)
	if !f.After.IsZero() {
		to(before(f.After))
	}
	if !f.Since.IsZero() {
		from(firstIDOf(f.Since.Add(-clockSlack)))
	}
	if !f.Until.IsZero() {
		to(firstIDOf(f.Until.Add(clockSlack)))
	}
	return s
}

var lastID = tasks.ID(bytes.Repeat([]byte{0xff}, len(tasks.ID{})))

// before gives the id that comes right before another, which is not the first.
func before(id tasks.ID) tasks.ID {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]--
		if id[i] != 0xff {
			break
		}
	}
	return id
}

// where compares client and id together: on PostgreSQL only the index over both
// answers that in the order asked for. With the client as a condition of its own
// the planner takes the primary key where it believes that the client has most
// tasks, and reads everybody's.
func (s stretch) where(d dialect) (string, []any) {
	row := "(client_id, id) %s (?, " + d.uuid() + ")"
	return fmt.Sprintf(row+" AND "+row, ">=", "<="), []any{int64(s.client), s.first.String(), int64(s.client), s.last.String()}
}

// newestFirst is the order of a listing, as the index has it.
const newestFirst = " ORDER BY client_id DESC, id DESC"

// ListTasks implements tasks.TaskStore. It walks the index of a client's ids,
// which are in the order of submission.
func (s *Store) ListTasks(ctx context.Context, client tasks.ClientID, f tasks.TaskFilter) (tasks.TaskPage, error) {
	if f.Limit <= 0 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	within, narrowed := spanOf(client, f), narrowedBy(f)
	var end tasks.ID
	if len(narrowed.parts) > 0 {
		var err error
		if end, err = s.searchEnd(ctx, within); err != nil {
			return tasks.TaskPage{}, err
		}
		if !end.IsZero() {
			within.first = end
		}
	}
	where, params := within.where(s.db.dialect)
	where, params = narrowed.after(where, params)
	list, err := queryTasks(s.db.Gorm(ctx), f.Limit, "SELECT "+taskColumns+" FROM tasks WHERE "+where+newestFirst+" LIMIT ?", append(params, f.Limit)...)
	if err != nil {
		return tasks.TaskPage{}, translate(err)
	}
	page := tasks.TaskPage{Tasks: list, Next: end}
	if len(list) == f.Limit {
		page.Next = list[len(list)-1].ID
	}
	return page, nil
}

// searchEnd gives the last id that a page looks at; zero: it looks at all.
func (s *Store) searchEnd(ctx context.Context, within stretch) (tasks.ID, error) {
	where, params := within.where(s.db.dialect)
	var end rowID
	err := s.db.Gorm(ctx).Raw("SELECT id FROM tasks WHERE "+where+newestFirst+" LIMIT 1 OFFSET ?", append(params, searchSpan-1)...).Row().Scan(&end)
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return tasks.ID{}, nil
	}
	return tasks.ID(end), err
}

// condition is a part of a WHERE clause with its parameters.
type condition struct {
	parts  []string
	params []any
}

func (c *condition) add(part string, params ...any) {
	c.parts, c.params = append(c.parts, part), append(c.params, params...)
}

// among is the condition that a column has one of the values; none: any.
func (c *condition) among(column string, values []any) {
	if len(values) > 0 {
		c.add(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	}
}

// after gives the condition behind another one.
func (c *condition) after(where string, params []any) (string, []any) {
	for _, part := range c.parts {
		where += " AND " + part
	}
	return where, append(params, c.params...)
}

// narrowedBy is the part of a filter that only the rows answer.
func narrowedBy(f tasks.TaskFilter) *condition {
	by := &condition{}
	states := make([]any, len(f.States))
	for i, state := range f.States {
		states[i] = int(state)
	}
	by.among("state", states)
	actions := make([]any, len(f.Actions))
	for i, action := range f.Actions {
		actions[i] = action
	}
	by.among("action", actions)
	for _, one := range [...]struct{ column, value string }{{"service", f.Service}, {"account", f.Account}} {
		if one.value != "" {
			by.add(one.column+" = ?", one.value)
		}
	}
	if !f.Since.IsZero() {
		by.add("created_at >= ?", Micros(f.Since))
	}
	if !f.Until.IsZero() {
		by.add("created_at < ?", Micros(f.Until))
	}
	return by
}
