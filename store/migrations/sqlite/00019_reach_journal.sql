-- +goose Up
-- The import that brings it to the members, in whose journal it is noted what they
-- had before; empty: it is noted nowhere.
ALTER TABLE audience_reaches ADD COLUMN task_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audience_reaches DROP COLUMN task_id;
