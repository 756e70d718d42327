-- +goose NO TRANSACTION
-- +goose Up
-- A decimal name of a task, for surfaces that want one. It says nothing about the
-- UUID. Adding the column first and its default then rewrites no table.
CREATE SEQUENCE IF NOT EXISTS task_numbers;
ALTER TABLE tasks ADD COLUMN IF NOT EXISTS number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ALTER COLUMN number SET DEFAULT nextval('task_numbers');
UPDATE tasks SET number = DEFAULT WHERE number = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_number ON tasks (number);
-- What ended lately, of one client or of all.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_ended ON tasks (ended_at, client_id) WHERE ended_at > 0;

-- +goose Down
DROP INDEX tasks_ended;
DROP INDEX tasks_number;
ALTER TABLE tasks DROP COLUMN number;
DROP SEQUENCE task_numbers;
