-- +goose Up
-- Whether a task's items stay after its end, for as long as the task does.
ALTER TABLE tasks ADD COLUMN keep_items BOOLEAN NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE tasks DROP COLUMN keep_items;
