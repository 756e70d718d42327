-- +goose Up
-- What people watched and read. No foreign keys to hot tables: they would lock
-- a row for each of a million activities. Erasing an account deletes from all.
-- trackers has one index that begins with the owner, on purpose: with a second
-- one a plan that was made while the table was empty takes the wrong one.
CREATE TABLE trackers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id  BIGINT   NOT NULL REFERENCES clients (id),
    parent     TEXT     NOT NULL,
    resource   TEXT     NOT NULL,
    state      SMALLINT NOT NULL,
    start_time BIGINT   NOT NULL DEFAULT 0,
    end_time   BIGINT   NOT NULL DEFAULT 0,
    percentage REAL,
    first_done BIGINT   NOT NULL DEFAULT 0,
    created_at BIGINT   NOT NULL,
    updated_at BIGINT   NOT NULL,
    UNIQUE (client_id, parent, resource)
);

-- The sub-resources that were completed one by one, beside the first first_done
-- of the tracker. ordinal 0: its place among the regular ones is unknown.
CREATE TABLE tracker_completed (
    tracker_id   BIGINT  NOT NULL,
    resource     TEXT    NOT NULL,
    ordinal      BIGINT  NOT NULL,
    regular      BOOLEAN NOT NULL,
    completed_at BIGINT  NOT NULL,
    PRIMARY KEY (tracker_id, resource)
);

-- What a provider's list says of a work, with its native values (entry, JSON),
-- so that they go back as they came.
CREATE TABLE provider_records (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id  BIGINT NOT NULL,
    parent     TEXT   NOT NULL,
    tracker_id BIGINT NOT NULL,
    provider   TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    native_id  TEXT   NOT NULL,
    entry      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (client_id, parent, provider, kind, native_id)
);
CREATE INDEX provider_records_tracker ON provider_records (tracker_id);

CREATE TABLE activities (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id  BIGINT NOT NULL,
    tracker_id BIGINT NOT NULL,
    resource   TEXT   NOT NULL,
    platform   TEXT   NOT NULL,
    from_at    BIGINT NOT NULL,
    to_at      BIGINT NOT NULL,
    start_time BIGINT NOT NULL,
    end_time   BIGINT NOT NULL
);
CREATE INDEX activities_tracker ON activities (tracker_id, end_time);
CREATE INDEX activities_resource ON activities (client_id, resource);

-- What a client's catalogue knows of works. regular 0: the count is unknown.
CREATE TABLE works (
    client_id BIGINT NOT NULL REFERENCES clients (id),
    resource  TEXT   NOT NULL,
    title     TEXT   NOT NULL,
    regular   BIGINT NOT NULL,
    PRIMARY KEY (client_id, resource)
);
-- part is the name below the work, such as episodes/12.
CREATE TABLE work_parts (
    client_id BIGINT NOT NULL,
    part      TEXT   NOT NULL,
    work      TEXT   NOT NULL,
    type      TEXT   NOT NULL,
    ordinal   BIGINT NOT NULL,
    length    BIGINT NOT NULL,
    PRIMARY KEY (client_id, part, work)
);

-- +goose Down
DROP TABLE work_parts;
DROP TABLE works;
DROP TABLE activities;
DROP TABLE provider_records;
DROP TABLE tracker_completed;
DROP TABLE trackers;
