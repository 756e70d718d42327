-- +goose Up
-- A token's webhook; secret is the sealed signing secret in base64.
CREATE TABLE webhooks (
    token_id    TEXT   PRIMARY KEY REFERENCES tokens (id),
    url         TEXT   NOT NULL,
    secret      TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT NOT NULL DEFAULT 0
);

-- The token whose webhook is told of the task's end; empty: nobody is told.
ALTER TABLE tasks ADD COLUMN webhook TEXT NOT NULL DEFAULT '';

-- What webhooks are told. state: 0 pending, 1 delivered, 2 given up. Nobody takes
-- a pending one before due_at, which is also the lease of who has it.
CREATE TABLE webhook_deliveries (
    id         TEXT     PRIMARY KEY,
    token_id   TEXT     NOT NULL,
    task_id    TEXT     NOT NULL,
    body       TEXT     NOT NULL,
    state      SMALLINT NOT NULL DEFAULT 0,
    attempt    INT      NOT NULL DEFAULT 0,
    due_at     BIGINT   NOT NULL,
    created_at BIGINT   NOT NULL,
    ended_at   BIGINT   NOT NULL DEFAULT 0,
    last_error TEXT     NOT NULL DEFAULT ''
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (token_id, due_at) WHERE state = 0;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE state > 0;

-- +goose Down
DROP TABLE webhook_deliveries;
ALTER TABLE tasks DROP COLUMN webhook;
DROP TABLE webhooks;
