package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Submit implements tasks.TaskStore; concurrent calls share a commit.
func (s *Store) Submit(ctx context.Context, t tasks.NewTask) (tasks.Submitted, error) {
	return s.submits.do(ctx, t)
}

// pending is one submission on its way through submitAll.
type pending struct {
	new  *tasks.NewTask
	id   tasks.ID
	done tasks.Submitted
	err  error
	skip bool // answered without a new row
}

// submitAll makes a batch of submissions durable. What is wrong with one of
// them never fails another: known faults are told apart before the INSERT, and
// when the database refuses a value the submissions are tried one by one.
func (s *Store) submitAll(ctx context.Context, in []tasks.NewTask) []outcome[tasks.Submitted] {
	batch := make([]pending, len(in))
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		for i := range in {
			batch[i] = pending{new: &in[i], id: s.newID()}
		}
		return s.submitTx(tx, batch)
	})
	if err != nil {
		if len(in) > 1 && tasks.CodeOf(err) == tasks.CodeInvalid {
			return s.submitSingly(ctx, in)
		}
		return failAll[tasks.Submitted](len(in), err)
	}
	s.countSubmitted(batch)
	out := make([]outcome[tasks.Submitted], len(in))
	for i := range batch {
		out[i] = outcome[tasks.Submitted]{batch[i].done, batch[i].err}
	}
	return out
}

func (s *Store) submitSingly(ctx context.Context, in []tasks.NewTask) []outcome[tasks.Submitted] {
	out := make([]outcome[tasks.Submitted], 0, len(in))
	for i := range in {
		out = append(out, s.submitAll(ctx, in[i:i+1])...)
	}
	return out
}

func (s *Store) submitTx(tx *gorm.DB, batch []pending) error {
	if err := s.checkAccounts(tx, batch); err != nil {
		return err
	}
	if err := s.claimKeys(tx, batch); err != nil {
		return err
	}
	if err := s.insertTasks(tx, batch); err != nil {
		return err
	}
	if err := s.insertInputs(tx, batch); err != nil {
		return err
	}
	opened := map[tasks.ClientID]int64{}
	for i := range batch {
		if p := &batch[i]; p.open() {
			opened[p.new.Client]++
		}
	}
	return s.addOpen(tx, opened)
}

// open reports whether the submission still becomes a new row.
func (p *pending) open() bool { return p.err == nil && !p.skip }

type accountRef struct {
	Client  tasks.ClientID `json:"v_client"`
	Service string         `json:"v_service"`
	Account string         `json:"v_account"`
}

// checkAccounts refuses what is for no registered account, and what would go over
// a client's limit of open tasks.
func (s *Store) checkAccounts(tx *gorm.DB, batch []pending) error {
	open := map[tasks.ClientID]int64{}
	registered := map[accountRef]bool{}
	var asked []accountRef
	for i := range batch {
		if e := batch[i].new.Refused; e != nil {
			batch[i].err = e
			continue
		}
		ref := accountRef{batch[i].new.Client, batch[i].new.Service, batch[i].new.Account}
		if _, ok := registered[ref]; !ok {
			registered[ref] = false
			asked = append(asked, ref)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	param, err := batchParam(asked)
	if err != nil {
		return err
	}
	err = query(tx, func(rows *sql.Rows) error {
		var ref accountRef
		var n int64
		if err := rows.Scan(&ref.Client, &ref.Service, &ref.Account, &n); err != nil {
			return err
		}
		registered[ref], open[ref.Client] = true, n
		return nil
	}, s.sql.submitAccounts, param)
	if err != nil {
		return err
	}
	for i := range batch {
		p := &batch[i]
		switch c := p.new.Client; {
		case p.err != nil:
		case !registered[accountRef{c, p.new.Service, p.new.Account}]:
			p.err = errNoAccount("account")
		case open[c] >= p.new.OpenTasks && p.new.OpenTasks > 0:
			p.err = &tasks.Error{
				Code: tasks.CodeLimit, Field: tasks.AllFields,
				Message: fmt.Sprintf("Too many open tasks, limit is %d; wait until some have ended.", p.new.OpenTasks),
			}
		default:
			open[c]++
		}
	}
	return nil
}

type keyRow struct {
	N      int            `json:"v_n"`
	Client tasks.ClientID `json:"v_client"`
	Kind   string         `json:"v_kind"`
	Key    string         `json:"v_key"`
	Body   string         `json:"v_body"`
	Task   tasks.ID       `json:"v_task"`
	Keeps  int64          `json:"v_keeps"`
}

// claimKeys makes each key the first submission's; the others become answers
// that name that one's task, or conflicts. What is refused claims nothing, but is
// answered all the same where its key names a task: the client that lost the
// first answer must get it, also when by now no more tasks may be open.
func (s *Store) claimKeys(tx *gorm.DB, batch []pending) error {
	type key struct {
		client    tasks.ClientID
		kind, key string
	}
	first := map[key]bool{}
	var asked, insert []keyRow
	for i := range batch {
		p := &batch[i]
		if p.new.Key == nil {
			continue
		}
		k := p.new.Key
		row := keyRow{i, p.new.Client, k.Kind, k.Key, hexText(k.Body), p.id, k.Keeps.Microseconds()}
		asked = append(asked, row)
		if id := (key{p.new.Client, k.Kind, k.Key}); p.open() && !first[id] {
			first[id] = true
			insert = append(insert, row)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	won, err := s.insertKeys(tx, insert)
	if err != nil {
		return err
	}
	return s.answerKeys(tx, batch, asked, won)
}

// insertKeys gives the tasks whose keys nobody else holds.
func (s *Store) insertKeys(tx *gorm.DB, insert []keyRow) (won map[tasks.ID]bool, err error) {
	won = map[tasks.ID]bool{}
	if len(insert) == 0 {
		return won, nil
	}
	sortKeys(insert) // one order in all commits: no deadlock
	param, err := batchParam(insert)
	if err != nil {
		return nil, err
	}
	err = query(tx, func(rows *sql.Rows) error {
		var id rowID
		err := rows.Scan(&id)
		won[tasks.ID(id)] = true
		return err
	}, s.sql.submitKeys, param)
	return won, err
}

// answerKeys reads what stands under the keys that others hold.
func (s *Store) answerKeys(tx *gorm.DB, batch []pending, asked []keyRow, won map[tasks.ID]bool) error {
	lost := asked[:0]
	for _, row := range asked {
		if !won[row.Task] {
			lost = append(lost, row)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	param, err := batchParam(lost)
	if err != nil {
		return err
	}
	var earlier []tasks.ID
	err = query(tx, func(rows *sql.Rows) error {
		var n int
		var body string
		var id rowID
		var forgotten bool
		if err := rows.Scan(&n, &body, &id, &forgotten); err != nil {
			return err
		}
		p := &batch[n]
		if forgotten && !p.open() {
			return nil // a claim that was lost just now is answered at any time
		}
		if body != hexText(p.new.Key.Body) {
			p.err = &tasks.Error{Code: tasks.CodeIdempotency, Field: "Idempotency-Key", Message: "This Idempotency-Key was used before with another body."}
			return nil
		}
		p.err, p.skip, p.done.Replayed, p.done.Task.ID = nil, true, true, tasks.ID(id)
		earlier = append(earlier, p.done.Task.ID)
		return nil
	}, s.sql.submitKeysRead, param)
	if err != nil || len(earlier) == 0 {
		return err
	}
	found, err := queryTasks(tx, len(earlier), "SELECT "+taskColumns+" FROM tasks WHERE "+s.db.idIn("id"), s.db.idList(earlier))
	if err != nil {
		return err
	}
	byID := map[tasks.ID]tasks.Task{}
	for _, t := range found {
		byID[t.ID] = t
	}
	for i := range batch {
		p := &batch[i]
		if !p.skip {
			continue
		}
		if t, ok := byID[p.done.Task.ID]; ok {
			p.done.Task = t
		} else { // the first one stands in this same batch
			p.done.Task = newTask(p.done.Task.ID, p.new)
		}
	}
	return nil
}

// newTask is a submission as the task it becomes.
func newTask(id tasks.ID, n *tasks.NewTask) tasks.Task {
	return tasks.Task{
		ID: id, Client: n.Client, Service: n.Service, Action: n.Action, Account: n.Account,
		Protocol: n.Protocol, Stream: n.Stream, Priority: n.Priority, Deadline: n.Deadline, Subscription: n.Subscription,
	}
}

type newTaskRow struct {
	ID          tasks.ID       `json:"id"`
	Client      tasks.ClientID `json:"client_id"`
	Service     string         `json:"service"`
	Action      string         `json:"action"`
	Account     string         `json:"account"`
	Protocol    string         `json:"protocol"`
	Stream      string         `json:"stream"`
	Phase       int            `json:"phase"`
	Priority    tasks.Priority `json:"priority"`
	MaxAttempts int            `json:"max_attempts"`
	HasInputs   bool           `json:"has_inputs"`
	RunAt       int64          `json:"run_at"`
	Deadline    int64          `json:"deadline"`
	Params      string         `json:"params"`
	Sealed      string         `json:"sealed"`
	Webhook     string         `json:"webhook"`
	KeepItems   bool           `json:"keep_items"`
	Subscribed  string         `json:"subscription"`
	Number      int64          `json:"number,omitempty"` // where the database does not give it
}

func (s *Store) insertTasks(tx *gorm.DB, batch []pending) error {
	at := make(map[tasks.ID]int, len(batch))
	rows := make([]newTaskRow, 0, len(batch))
	for i := range batch {
		p := &batch[i]
		if !p.open() {
			continue
		}
		n := p.new
		params, err := json.Marshal(n.Values)
		if err != nil {
			return err
		}
		row := newTaskRow{
			ID: p.id, Client: n.Client, Service: n.Service, Action: n.Action, Account: n.Account,
			Protocol: string(n.Protocol), Stream: n.Stream, Priority: n.Priority, MaxAttempts: n.MaxAttempts,
			HasInputs: len(n.Inputs) > 0, RunAt: Micros(n.RunAt), Deadline: Micros(n.Deadline),
			Params: string(params), Sealed: base64.StdEncoding.EncodeToString(n.Sealed), Webhook: n.Webhook, KeepItems: n.KeepItems,
			Subscribed: textOf(n.Subscription),
		}
		if n.Dispatched {
			row.Phase = 1
		}
		p.done.Task = newTask(p.id, n)
		at[p.id] = i
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.giveNumbers(tx, rows); err != nil {
		return err
	}
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	inserted := 0
	err = query(tx, func(rows *sql.Rows) error {
		var id rowID
		var created, runAt, number int64
		if err := rows.Scan(&id, &created, &runAt, &number); err != nil {
			return err
		}
		t := &batch[at[tasks.ID(id)]].done.Task
		t.CreatedAt, t.RunAt, t.Number = TimeOf(created), TimeOf(runAt), number
		inserted++
		return nil
	}, s.sql.submitTasks, param)
	if err == nil && inserted != len(rows) {
		err = errors.New("the database did not insert every task")
	}
	return err
}

type inputRow struct {
	Task        tasks.ID `json:"task_id"`
	Parameter   string   `json:"parameter"`
	Filename    string   `json:"filename"`
	ContentType string   `json:"content_type"`
	Size        int64    `json:"size"`
	Inline      *string  `json:"inline"`
	Blob        string   `json:"blob"`
}

func (s *Store) insertInputs(tx *gorm.DB, batch []pending) error {
	var rows []inputRow
	for i := range batch {
		p := &batch[i]
		if !p.open() {
			continue
		}
		for _, in := range p.new.Inputs {
			row := inputRow{p.id, in.Parameter, clean(in.Filename, 1000), clean(in.ContentType, 1000), in.Size, nil, in.Blob}
			if in.Blob == "" {
				text := hexText(in.Inline)
				row.Inline = &text
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	_, err = execute(tx, s.sql.submitInputs, param)
	return err
}
