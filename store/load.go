package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// loadEvery is how long counts are gathered before they are written. What a
// process counted and did not write is lost with it: they are for looking at.
const loadEvery = 2 * time.Second

// loadCounts gathers what happens in this process, by client, and writes it every
// loadEvery while something happens.
type loadCounts struct {
	write func(ctx context.Context, rows []loadRow) error
	done  chan struct{} // closed: write what is left

	mu      sync.Mutex
	by      map[tasks.ClientID]loadRow
	writing bool // somebody will write what is there
	closed  bool
	wg      sync.WaitGroup
}

// loadRow is what a client did since the last time it was written.
type loadRow struct {
	Client    tasks.ClientID `json:"v_client"`
	Submitted int64          `json:"v_submitted"`
	Succeeded int64          `json:"v_succeeded"`
	Failed    int64          `json:"v_failed"`
	Cancelled int64          `json:"v_cancelled"`
	Lag       int64          `json:"v_lag"` // microseconds
}

var loadCols = []Col{{"v_client", "int"}, {"v_submitted", "int"}, {"v_succeeded", "int"}, {"v_failed", "int"}, {"v_cancelled", "int"}, {"v_lag", "int"}}

func (r loadRow) plus(o loadRow) loadRow {
	r.Submitted += o.Submitted
	r.Succeeded += o.Succeeded
	r.Failed += o.Failed
	r.Cancelled += o.Cancelled
	r.Lag = max(r.Lag, o.Lag)
	return r
}

// add takes rows; each counts for its client.
func (l *loadCounts) add(rows map[tasks.ClientID]loadRow) {
	if len(rows) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[tasks.ClientID]loadRow{}
	}
	for client, row := range rows {
		row.Client = client
		l.by[client] = row.plus(l.by[client])
	}
	if !l.writing && !l.closed {
		l.writing = true
		l.wg.Go(l.writeLater)
	}
}

// writeLater writes what was gathered; what cannot be written waits for the next
// time.
func (l *loadCounts) writeLater() {
	wait := time.NewTimer(loadEvery)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-l.done:
	}
	l.mu.Lock()
	rows := slices.SortedFunc(maps.Values(l.by), func(a, b loadRow) int { return cmp.Compare(a.Client, b.Client) })
	l.by, l.writing = nil, false
	l.mu.Unlock()
	ctx, stop := context.WithTimeout(context.Background(), loadEvery)
	defer stop()
	if l.write(ctx, rows) == nil {
		return
	}
	again := make(map[tasks.ClientID]loadRow, len(rows))
	for _, row := range rows {
		again[row.Client] = row
	}
	l.add(again)
}

// close writes what is left, and takes no more.
func (l *loadCounts) close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.done)
	}
	l.mu.Unlock()
	l.wg.Wait()
}

// counted adds to the counts of a client, and to those of all clients.
func counted(rows map[tasks.ClientID]loadRow, client tasks.ClientID, one loadRow) {
	rows[client] = rows[client].plus(one)
	rows[tasks.EveryClient] = rows[tasks.EveryClient].plus(one)
}

// countSubmitted counts submissions that became tasks.
func (s *Store) countSubmitted(batch []pending) {
	rows := map[tasks.ClientID]loadRow{}
	for i := range batch {
		if batch[i].open() {
			counted(rows, batch[i].new.Client, loadRow{Submitted: 1})
		}
	}
	s.load.add(rows)
}

// countEnded counts those of the tasks that have ended.
func (s *Store) countEnded(list []tasks.Task) {
	rows := map[tasks.ClientID]loadRow{}
	for i := range list {
		switch t := &list[i]; t.State {
		case tasks.Published:
			counted(rows, t.Client, loadRow{Succeeded: 1})
		case tasks.Failed, tasks.PublishFailed:
			counted(rows, t.Client, loadRow{Failed: 1})
		case tasks.Cancelled:
			counted(rows, t.Client, loadRow{Cancelled: 1})
		case tasks.Pending, tasks.Running, tasks.WorkComplete, tasks.Publishing:
		}
	}
	s.load.add(rows)
}

// ObserveLag implements tasks.LoadStore.
func (s *Store) ObserveLag(lags map[tasks.ClientID]time.Duration) {
	rows := make(map[tasks.ClientID]loadRow, len(lags))
	for client, lag := range lags {
		if lag > 0 {
			rows[client] = loadRow{Lag: lag.Microseconds()}
		}
	}
	s.load.add(rows)
}

// writeLoad adds rows to the minute that the database's clock says it is, and
// forgets what nobody is told any more.
func (s *Store) writeLoad(ctx context.Context, rows []loadRow) error {
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if _, err := execute(tx, s.sql.addLoad, param); err != nil {
			return err
		}
		_, err := execute(tx, "DELETE FROM load_minutes WHERE minute < "+s.db.minute()+" - ?", 2*tasks.LoadMinutes)
		return err
	})
}
