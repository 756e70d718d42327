// Package worker brings tasks from their rows to their actions: the Queue hands
// ids to Redis (Asynq), the dispatcher feeds the queue from the rows, fairly and
// through a bounded window, the workers start, run and end tasks. Redis is only
// fast: whatever it loses is dispatched again from the rows.
package worker
