-- +goose Up
-- Times are Unix microseconds, 0 for none: the same statements then run on both
-- dialects. JSON is kept as text; nothing in here queries inside it.
CREATE TABLE clients (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE TABLE streams (
    id        TEXT   PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES clients (id)
);
CREATE TABLE tokens (
    id         TEXT    PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,
    client_id  BIGINT  NOT NULL REFERENCES clients (id),
    protocol   TEXT    NOT NULL,
    stream     TEXT    NOT NULL DEFAULT '',
    ack        TEXT    NOT NULL,
    admin      BOOLEAN NOT NULL DEFAULT FALSE,
    allow      TEXT    NOT NULL DEFAULT '[]',
    limits     TEXT    NOT NULL DEFAULT '{}',
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL DEFAULT 0,
    revoked_at BIGINT  NOT NULL DEFAULT 0
);
CREATE TABLE accounts (
    client_id       BIGINT  NOT NULL REFERENCES clients (id),
    service         TEXT    NOT NULL,
    username        TEXT    NOT NULL,
    registered_at   BIGINT  NOT NULL,
    deregistered_at BIGINT  NOT NULL DEFAULT 0,
    erasing         BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (client_id, service, username)
);
CREATE INDEX accounts_erasing ON accounts (client_id) WHERE erasing;

-- How many tasks of a client have not ended, in shards so that concurrent
-- commits do not wait for one row; the sum counts.
CREATE TABLE open_tasks (
    client_id BIGINT NOT NULL,
    shard     INT    NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (client_id, shard)
);

-- phase: 0 waits undispatched, 1 dispatched or running, 2 ended. It alone
-- stands in the indexes, so that starting a task does not touch them.
CREATE TABLE tasks (
    id            TEXT     PRIMARY KEY,
    client_id     BIGINT   NOT NULL,
    service       TEXT     NOT NULL,
    action        TEXT     NOT NULL,
    account       TEXT     NOT NULL,
    protocol      TEXT     NOT NULL,
    stream        TEXT     NOT NULL,
    state         SMALLINT NOT NULL,
    phase         SMALLINT NOT NULL,
    priority      SMALLINT NOT NULL,
    progress      SMALLINT NOT NULL DEFAULT 0,
    attempt       INT      NOT NULL DEFAULT 0,
    tries         INT      NOT NULL DEFAULT 0,
    max_attempts  INT      NOT NULL,
    dispatch_no   INT      NOT NULL,
    cancel_asked  BOOLEAN  NOT NULL DEFAULT FALSE,
    retrieved     BOOLEAN  NOT NULL DEFAULT FALSE,
    expired       BOOLEAN  NOT NULL DEFAULT FALSE,
    has_inputs    BOOLEAN  NOT NULL,
    created_at    BIGINT   NOT NULL,
    run_at        BIGINT   NOT NULL,
    dispatched_at BIGINT   NOT NULL,
    started_at    BIGINT   NOT NULL DEFAULT 0,
    ended_at      BIGINT   NOT NULL DEFAULT 0,
    deadline      BIGINT   NOT NULL,
    lease_until   BIGINT   NOT NULL DEFAULT 0,
    error_code    TEXT     NOT NULL DEFAULT '',
    error_detail  TEXT     NOT NULL DEFAULT '',
    items         TEXT     NOT NULL DEFAULT '',
    params        TEXT     NOT NULL,
    sealed        TEXT     NOT NULL
);
CREATE INDEX tasks_by_client ON tasks (client_id, id);
CREATE INDEX tasks_waiting ON tasks (priority, client_id, run_at, id) WHERE phase = 0;
CREATE INDEX tasks_inflight ON tasks (client_id) WHERE phase = 1;
CREATE INDEX tasks_deadline ON tasks (deadline) WHERE deadline > 0 AND phase < 2;
CREATE INDEX tasks_open_by_account ON tasks (client_id, service, account) WHERE phase < 2;

CREATE TABLE task_inputs (
    task_id      TEXT   NOT NULL,
    parameter    TEXT   NOT NULL,
    filename     TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    inline       BLOB,
    blob         TEXT   NOT NULL,
    PRIMARY KEY (task_id, parameter)
);
CREATE INDEX task_inputs_blob ON task_inputs (blob) WHERE blob <> '';
CREATE TABLE task_items (
    task_id TEXT   NOT NULL,
    idx     BIGINT NOT NULL,
    key     TEXT   NOT NULL,
    outcome TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    refs    TEXT   NOT NULL,
    PRIMARY KEY (task_id, idx)
);
CREATE TABLE submit_keys (
    client_id  BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    task_id    TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, kind, key)
);
CREATE INDEX submit_keys_expiry ON submit_keys (expires_at);

CREATE TABLE results (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id      TEXT    NOT NULL UNIQUE,
    client_id    BIGINT  NOT NULL,
    stream       TEXT    NOT NULL,
    service      TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    success      BOOLEAN NOT NULL,
    content_type TEXT    NOT NULL,
    filename     TEXT    NOT NULL,
    size         BIGINT  NOT NULL,
    sha256       TEXT    NOT NULL,
    inline       BLOB,
    blob         TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL
);
CREATE INDEX results_stream ON results (stream, seq) WHERE stream <> '';
CREATE INDEX results_blob ON results (blob) WHERE blob <> '';

-- A claim holds the results lo..hi of one stream, or one stored result, for one
-- holder. It ends with its last result.
CREATE TABLE claims (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    holder TEXT   NOT NULL,
    stream TEXT   NOT NULL,
    lo     BIGINT NOT NULL,
    hi     BIGINT NOT NULL
);
CREATE UNIQUE INDEX claims_range ON claims (stream, lo);
CREATE INDEX claims_holder ON claims (holder);
CREATE TABLE holders (
    id          TEXT   PRIMARY KEY,
    lease_until BIGINT NOT NULL
);
CREATE TABLE leaders (
    name   TEXT   PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL
);
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE settings;
DROP TABLE leaders;
DROP TABLE holders;
DROP TABLE claims;
DROP TABLE results;
DROP TABLE submit_keys;
DROP TABLE task_items;
DROP TABLE task_inputs;
DROP TABLE tasks;
DROP TABLE open_tasks;
DROP TABLE accounts;
DROP TABLE tokens;
DROP TABLE streams;
DROP TABLE clients;
