-- +goose Up
-- What imports changed, one row for each tracker in each of their transactions,
-- so that it can be put back: trace says how it was before (JSON). It is kept as
-- long as the task. seq is the index of the tracker's first item there.
CREATE TABLE import_changes (
    task_id    TEXT    NOT NULL,
    seq        BIGINT  NOT NULL,
    client_id  BIGINT  NOT NULL,
    parent     TEXT    NOT NULL,
    tracker_id BIGINT  NOT NULL,
    trace      TEXT    NOT NULL,
    undone     BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (task_id, seq)
);
CREATE INDEX import_changes_owner ON import_changes (client_id, parent);

-- +goose Down
DROP TABLE import_changes;
