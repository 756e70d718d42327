-- +goose Up
-- As PostgreSQL's migration of the same number.
CREATE INDEX tasks_open ON tasks (client_id, service, account) WHERE ended_at = 0;
DROP INDEX tasks_open_by_account;

-- +goose Down
CREATE INDEX tasks_open_by_account ON tasks (client_id, service, account) WHERE phase < 2;
DROP INDEX tasks_open;
