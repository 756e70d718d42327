-- +goose Up
-- What a run keeps for the attempts after it, until the task ends.
CREATE TABLE task_notes (
    task_id UUID NOT NULL,
    name    TEXT NOT NULL,
    note    TEXT NOT NULL,
    PRIMARY KEY (task_id, name)
);

-- +goose Down
DROP TABLE task_notes;
