-- +goose Up
-- What runs again and again. next_at is 0 while it is paused. anchor is any time at
-- which an occurrence is due: the others lie whole periods (every, in microseconds)
-- before and after it. number counts the occurrences that became tasks, and is the
-- fence of who makes the next one.
CREATE TABLE subscriptions (
    id           TEXT   PRIMARY KEY,
    client_id    INTEGER NOT NULL REFERENCES clients (id),
    service      TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    account      TEXT   NOT NULL,
    params       TEXT   NOT NULL,
    identity     TEXT   NOT NULL,
    every        BIGINT NOT NULL,
    anchor       BIGINT NOT NULL,
    next_at      BIGINT NOT NULL,
    token_id     TEXT   NOT NULL,
    number       BIGINT NOT NULL DEFAULT 0,
    skipped      BIGINT NOT NULL DEFAULT 0,
    failures     INT    NOT NULL DEFAULT 0,
    last_task    TEXT,
    last_at      BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    paused_at    BIGINT NOT NULL DEFAULT 0,
    pause_code   TEXT   NOT NULL DEFAULT '',
    pause_reason TEXT   NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX subscriptions_identity ON subscriptions (client_id, identity);
CREATE INDEX subscriptions_by_client ON subscriptions (client_id, id);
CREATE INDEX subscriptions_by_account ON subscriptions (client_id, service, account);
CREATE INDEX subscriptions_due ON subscriptions (next_at) WHERE next_at > 0;

-- The subscription whose occurrence a task is; empty: it is of none.
ALTER TABLE tasks ADD COLUMN subscription TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE tasks DROP COLUMN subscription;
DROP TABLE subscriptions;
