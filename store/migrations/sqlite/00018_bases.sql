-- +goose Up
-- What both sides had of an entry when they were last alike (facts, JSON): what a
-- comparison of three needs. Empty: they were never compared.
ALTER TABLE provider_records ADD COLUMN base TEXT NOT NULL DEFAULT '';

-- Entries whose tracker the user deleted here, so that a sync does not bring them back.
CREATE TABLE parted_records (
    client_id BIGINT NOT NULL,
    parent    TEXT   NOT NULL,
    provider  TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    native_id TEXT   NOT NULL,
    PRIMARY KEY (client_id, parent, provider, kind, native_id)
);

-- +goose Down
DROP TABLE parted_records;
ALTER TABLE provider_records DROP COLUMN base;
