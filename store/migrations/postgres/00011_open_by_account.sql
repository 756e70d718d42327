-- +goose NO TRANSACTION
-- +goose Up
-- A statement about tasks that are dispatched or running (phase = 1) could also be
-- planned with an index of all that are open (phase < 2), and then read the backlog.
-- What is open has not ended: that says the same, and not to the planner.
DROP INDEX CONCURRENTLY IF EXISTS tasks_open;
CREATE INDEX CONCURRENTLY tasks_open ON tasks (client_id, service, account) WHERE ended_at = 0;
DROP INDEX CONCURRENTLY IF EXISTS tasks_open_by_account;

-- +goose Down
CREATE INDEX tasks_open_by_account ON tasks (client_id, service, account) WHERE phase < 2;
DROP INDEX tasks_open;
