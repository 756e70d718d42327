-- +goose Up
-- A decimal name of a task, for surfaces that want one. It says nothing about the
-- UUID. The table holds the last number that was given.
CREATE TABLE task_numbers (n INTEGER NOT NULL);
ALTER TABLE tasks ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET number = rowid;
INSERT INTO task_numbers (n) SELECT coalesce(max(number), 0) FROM tasks;
CREATE INDEX tasks_number ON tasks (number);
-- What ended lately, of one client or of all.
CREATE INDEX tasks_ended ON tasks (ended_at, client_id) WHERE ended_at > 0;

-- +goose Down
DROP INDEX tasks_ended;
DROP INDEX tasks_number;
ALTER TABLE tasks DROP COLUMN number;
DROP TABLE task_numbers;
