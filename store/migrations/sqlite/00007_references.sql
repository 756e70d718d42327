-- +goose Up
-- Which ids of providers are the same work. A row of a reference file is the rows
-- here that share its row_id, which is a hash of the client, the source and the
-- ids; client 0 is all clients. What belongs to a load that has not ended yet
-- (load_id is in crossref_loads) counts for nothing.
CREATE TABLE crossrefs (
    provider  TEXT   NOT NULL,
    native_id TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    client_id BIGINT NOT NULL,
    row_id    BIGINT NOT NULL,
    source    TEXT   NOT NULL,
    load_id   BIGINT NOT NULL,
    PRIMARY KEY (provider, native_id, kind, client_id, row_id)
) WITHOUT ROWID;
CREATE INDEX crossrefs_row ON crossrefs (row_id);

CREATE TABLE crossref_loads (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id BIGINT NOT NULL,
    source    TEXT   NOT NULL,
    UNIQUE (client_id, source)
);

-- Ids about which something else is said than before: what was kept under them
-- is to be looked at. Rows of a load wait until it has ended.
CREATE TABLE crossref_due (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id BIGINT NOT NULL,
    load_id   BIGINT NOT NULL,
    provider  TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    native_id TEXT   NOT NULL
);

-- The ids, as names tell them, of trackers that became part of another one.
CREATE TABLE tracker_redirects (
    client_id  BIGINT NOT NULL,
    parent     TEXT   NOT NULL,
    old        TEXT   NOT NULL,
    tracker_id BIGINT NOT NULL,
    PRIMARY KEY (client_id, parent, old)
);
CREATE INDEX tracker_redirects_to ON tracker_redirects (tracker_id);

-- What is kept under a name, whoever owns it. These are indexes on expressions,
-- which no statement takes that does not ask for just them: see 00002.
CREATE INDEX trackers_named ON trackers ((resource || ''), id);
CREATE INDEX provider_records_named ON provider_records ((native_id || ''), tracker_id);
CREATE INDEX works_named ON works ((resource || ''), client_id);

-- +goose Down
DROP INDEX works_named;
DROP INDEX provider_records_named;
DROP INDEX trackers_named;
DROP TABLE tracker_redirects;
DROP TABLE crossref_due;
DROP TABLE crossref_loads;
DROP TABLE crossrefs;
