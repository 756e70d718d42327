package store

import (
	"context"
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

// condition is a part of a WHERE clause with its parameters.
type condition struct {
	parts  []string
	params []any
}

func (c *condition) add(part string, params ...any) {
	c.parts, c.params = append(c.parts, part), append(c.params, params...)
}

// and gives the whole with the parameters that follow it.
func (c *condition) and(other *condition, after ...any) (string, []any) {
	parts := append(append([]string{}, c.parts...), other.parts...)
	params := append(append([]any{}, c.params...), other.params...)
	return strings.Join(parts, " AND "), append(params, after...)
}

// ListTasks implements tasks.TaskStore. It walks the index of a client's ids,
// which are in the order of submission.
func (s *Store) ListTasks(ctx context.Context, client tasks.ClientID, f tasks.TaskFilter) (tasks.TaskPage, error) {
	if f.Limit <= 0 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	span, narrowed := s.spanOf(client, f), narrowedBy(f)
	var end tasks.ID
	if len(narrowed.parts) > 0 {
		var err error
		if end, err = s.spanEnd(ctx, span); err != nil {
			return tasks.TaskPage{}, err
		}
		if !end.IsZero() {
			span.add("id >= "+s.db.uuid(), end.String())
		}
	}
	where, params := span.and(narrowed, f.Limit)
	list, err := queryTasks(s.db.Gorm(ctx), f.Limit, "SELECT "+taskColumns+" FROM tasks WHERE "+where+" ORDER BY id DESC LIMIT ?", params...)
	if err != nil {
		return tasks.TaskPage{}, translate(err)
	}
	page := tasks.TaskPage{Tasks: list, Next: end}
	if len(list) == f.Limit {
		page.Next = list[len(list)-1].ID
	}
	return page, nil
}

// spanOf is the part of a filter that the index answers by itself.
func (s *Store) spanOf(client tasks.ClientID, f tasks.TaskFilter) *condition {
	span := &condition{}
	span.add("client_id = ?", client)
	id := func(comparison string, id tasks.ID) {
		if !id.IsZero() {
			span.add("id "+comparison+" "+s.db.uuid(), id.String())
		}
	}
	id("<", f.After)
	id(">=", f.First)
	id("<=", f.Last)
	if !f.Since.IsZero() {
		id(">=", firstIDOf(f.Since.Add(-clockSlack)))
	}
	if !f.Until.IsZero() {
		id("<", firstIDOf(f.Until.Add(clockSlack)))
	}
	return span
}

// narrowedBy is the part of a filter that only the rows answer.
func narrowedBy(f tasks.TaskFilter) *condition {
	by := &condition{}
	if len(f.States) > 0 {
		states := make([]any, len(f.States))
		for i, state := range f.States {
			states[i] = int(state)
		}
		by.add("state IN (?"+strings.Repeat(", ?", len(states)-1)+")", states...)
	}
	for _, one := range [...]struct{ column, value string }{{"service", f.Service}, {"action", f.Action}, {"account", f.Account}} {
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

// spanEnd gives the last id that a page looks at; zero: it looks at all.
func (s *Store) spanEnd(ctx context.Context, span *condition) (tasks.ID, error) {
	where, params := span.and(&condition{}, searchSpan-1)
	var end rowID
	err := s.db.Gorm(ctx).Raw("SELECT id FROM tasks WHERE "+where+" ORDER BY id DESC LIMIT 1 OFFSET ?", params...).Row().Scan(&end)
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return tasks.ID{}, nil
	}
	return tasks.ID(end), err
}
