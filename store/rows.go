package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"asapi/tasks"
)

// epoch is how the tables keep the first moment of 1970, since 0 is no time: as the
// microsecond after it, which is not told from it.
const epoch = 1

// Micros is a time as the tables keep it: Unix microseconds, 0 for none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if us := t.UnixMicro(); us != 0 {
		return us
	}
	return epoch
}

// TimeOf reads what Micros wrote, in UTC.
func TimeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	if us == epoch {
		us = 0
	}
	return time.UnixMicro(us).UTC()
}

// newID makes a UUID version 7 (RFC 9562), by the store's clock.
func (s *Store) newID() tasks.ID {
	id := tasks.ID(uuid.Must(uuid.NewV7()))
	if s.clock != nil {
		first := firstIDOf(s.clock())
		copy(id[:6], first[:6])
	}
	return id
}

// now is the time by which ids and partitions are made.
func (s *Store) now() time.Time {
	if s.clock != nil {
		return s.clock()
	}
	return time.Now()
}

// rowID reads an id as either driver gives it.
type rowID tasks.ID

// Scan implements sql.Scanner.
func (r *rowID) Scan(src any) error {
	var err error
	var id tasks.ID
	switch v := src.(type) {
	case string:
		id, err = tasks.ParseID(v)
	case []byte:
		if len(v) == len(id) {
			copy(id[:], v)
		} else {
			id, err = tasks.ParseID(string(v))
		}
	case [16]byte:
		id = v
	default:
		err = fmt.Errorf("a task id cannot be read from %T", src)
	}
	*r = rowID(id)
	return err
}

// idList is the parameter that idIn reads; on PostgreSQL the lowest id stands
// first and the highest last.
func (d dialect) idList(ids []tasks.ID) string {
	b := make([]byte, 0, 2+39*len(ids))
	open, quote, end := byte('['), `"`, byte(']')
	if d.postgres {
		ids = outermost(ids)
		open, quote, end = '{', "", '}'
	}
	b = append(b, open)
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, quote...)
		b = id.Append(b)
		b = append(b, quote...)
	}
	return string(append(b, end))
}

// outermost gives the ids with the lowest first and the highest last.
func outermost(ids []tasks.ID) []tasks.ID {
	if len(ids) < 2 {
		return ids
	}
	ids = slices.Clone(ids)
	last := len(ids) - 1
	for i := range ids {
		if bytes.Compare(ids[i][:], ids[0][:]) < 0 {
			ids[0], ids[i] = ids[i], ids[0]
		}
	}
	for i := range ids {
		if bytes.Compare(ids[i][:], ids[last][:]) > 0 {
			ids[last], ids[i] = ids[i], ids[last]
		}
	}
	return ids
}

// reach gives the lowest and the highest id of some rows, as idIs wants them.
func reach[Row any](rows []Row, id func(*Row) tasks.ID) (lowest, highest string) {
	var lo, hi tasks.ID
	for i := range rows {
		n := id(&rows[i])
		if i == 0 || bytes.Compare(n[:], lo[:]) < 0 {
			lo = n
		}
		if i == 0 || bytes.Compare(n[:], hi[:]) > 0 {
			hi = n
		}
	}
	return lo.String(), hi.String()
}

// batchParam makes the parameter of a Batch from a slice of structs whose json
// members are the columns.
func batchParam(rows any) (string, error) {
	b, err := json.Marshal(rows)
	return string(b), err
}

// clean makes text storable: no NUL, valid UTF-8, and no longer than most bytes.
func clean(s string, most int) string {
	return strings.ReplaceAll(strings.ToValidUTF8(tasks.Clip(s, most), "?"), "\x00", "")
}

// taskColumns are the columns that scanTask reads, in its order.
const taskColumns = "id, client_id, service, action, account, protocol, stream, state, priority, progress, attempt, tries," +
	" cancel_asked, retrieved, expired, created_at, run_at, started_at, ended_at, deadline, error_code, error_detail, items, number, subscription"

// taskRow is a task as taskColumns give it.
type taskRow struct {
	id                                             rowID
	client                                         int64
	service, action, account, protocol, stream     string
	state, priority                                uint8
	progress, attempt, tries                       int
	cancelAsked, retrieved, expired                bool
	createdAt, runAt, startedAt, endedAt, deadline int64
	errorCode, errorDetail, items                  string
	number                                         int64
	subscription                                   string
}

func (r *taskRow) targets() []any {
	return []any{
		&r.id, &r.client, &r.service, &r.action, &r.account, &r.protocol, &r.stream, &r.state, &r.priority, &r.progress, &r.attempt, &r.tries,
		&r.cancelAsked, &r.retrieved, &r.expired, &r.createdAt, &r.runAt, &r.startedAt, &r.endedAt, &r.deadline, &r.errorCode, &r.errorDetail, &r.items, &r.number,
		&r.subscription,
	}
}

func (r *taskRow) task() tasks.Task {
	return tasks.Task{
		ID: tasks.ID(r.id), Number: r.number, Client: tasks.ClientID(r.client), Service: r.service, Action: r.action, Account: r.account,
		Protocol: tasks.Protocol(r.protocol), Stream: r.stream,
		State: tasks.State(r.state), Priority: tasks.Priority(r.priority), Progress: r.progress, Items: tallyOf(r.items),
		Attempt: r.attempt, Tries: r.tries, CancelAsked: r.cancelAsked,
		CreatedAt: TimeOf(r.createdAt), RunAt: TimeOf(r.runAt), StartedAt: TimeOf(r.startedAt), EndedAt: TimeOf(r.endedAt), Deadline: TimeOf(r.deadline),
		ErrorCode: tasks.Code(r.errorCode), ErrorDetail: r.errorDetail, Retrieved: r.retrieved, Expired: r.expired,
		Subscription: subscriptionOf(r.subscription),
	}
}

// subscriptionOf reads which subscription a task is of; nearly all are of none.
func subscriptionOf(text string) tasks.ID {
	if text == "" {
		return tasks.ID{}
	}
	id, err := tasks.ParseID(text)
	if err != nil {
		return tasks.ID{}
	}
	return id
}

// textOf gives an id as text, the empty one for the zero ID.
func textOf(id tasks.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// tallyText keeps a tally as a JSON list: total, created, updated, unchanged,
// skipped, failed. The empty text is a tally of nothing.
func tallyText(t tasks.Tally) string {
	if t == (tasks.Tally{}) {
		return ""
	}
	return fmt.Sprintf("[%d,%d,%d,%d,%d,%d]", t.Total, t.Created, t.Updated, t.Unchanged, t.Skipped, t.Failed)
}

func tallyOf(text string) tasks.Tally {
	var n [6]int64
	if text == "" || json.Unmarshal([]byte(text), &n) != nil {
		return tasks.Tally{}
	}
	return tasks.Tally{Total: n[0], Created: n[1], Updated: n[2], Unchanged: n[3], Skipped: n[4], Failed: n[5]}
}

// query runs a statement and calls scan for each row. It asks GORM for its
// connection and not for its statement builder, which would read these long texts
// anew at every call.
func query(tx *gorm.DB, scan func(*sql.Rows) error, statement string, params ...any) error {
	rows, err := tx.Statement.ConnPool.QueryContext(tx.Statement.Context, bound(tx, statement), params...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err below tells what matters
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// textsAmong runs a statement that takes texts, in the column v_text of a Batch,
// and gives some of them.
func (s *Store) textsAmong(ctx context.Context, statement string, texts []string) ([]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	type row struct {
		Text string `json:"v_text"`
	}
	rows := make([]row, len(texts))
	for i, text := range texts {
		rows[i].Text = text
	}
	param, err := batchParam(rows)
	if err != nil {
		return nil, err
	}
	var found []string
	err = query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		found = append(found, text)
		return err
	}, statement, param)
	return found, translate(err)
}

// execute runs a statement, as query does, and gives how many rows it changed.
func execute(tx *gorm.DB, statement string, params ...any) (int64, error) {
	done, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, bound(tx, statement), params...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// boundTexts are statements with their parameters numbered, by their text.
var boundTexts sync.Map

// again stands in a statement for PostgreSQL where the parameter before it stands
// once more.
const again = "?="

// bound numbers the parameters of a statement where the dialect wants that.
func bound(tx *gorm.DB, statement string) string {
	if tx.Name() != "postgres" {
		return statement
	}
	if text, ok := boundTexts.Load(statement); ok {
		return text.(string) //nolint:forcetypeassert // only this function stores
	}
	var b strings.Builder
	n := 0
	for i, part := range strings.Split(statement, "?") {
		if i > 0 {
			if same, ok := strings.CutPrefix(part, "="); ok {
				part = same
			} else {
				n++
			}
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(part)
	}
	boundTexts.Store(statement, b.String())
	return b.String()
}

// queryTasks runs a statement that gives taskColumns.
func queryTasks(tx *gorm.DB, sizeHint int, statement string, params ...any) ([]tasks.Task, error) {
	list := make([]tasks.Task, 0, sizeHint)
	var row taskRow
	targets := row.targets()
	err := query(tx, func(rows *sql.Rows) error {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		list = append(list, row.task())
		return nil
	}, statement, params...)
	return list, err
}

// exec runs statements without parameters in one transaction.
func (s *Store) exec(ctx context.Context, statements ...string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		for _, statement := range statements {
			if err := tx.Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

func hexText(b []byte) string { return hex.EncodeToString(b) }
