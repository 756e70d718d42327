-- +goose Up
-- The name that PostgreSQL's migration of the same number gives it.
ALTER TABLE task_inputs RENAME TO inputs;

-- +goose Down
ALTER TABLE inputs RENAME TO task_inputs;
