-- +goose Up
-- The id in a tracker's name where it is not its number: its owner chose it.
ALTER TABLE trackers ADD COLUMN own_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX trackers_own ON trackers (client_id, parent, own_id) WHERE own_id <> '';
-- For pages of an owner's trackers only: no other statement names the sum, so
-- none is planned with this index by mistake.
CREATE INDEX trackers_page ON trackers ((client_id + 0), parent, id);
-- consumed counts what the audience consumed, from 1. deleted_at above 0: it is gone for
-- its client, and what it had is being deleted.
CREATE TABLE audiences (
    client_id  BIGINT NOT NULL REFERENCES clients (id),
    id         TEXT   NOT NULL,
    consumed   BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (client_id, id)
);
CREATE INDEX audiences_deleted ON audiences (deleted_at) WHERE deleted_at > 0;

-- A member gets what was consumed after since, and up to until where that is
-- above 0: the member left then.
CREATE TABLE audience_members (
    client_id BIGINT NOT NULL,
    audience  TEXT   NOT NULL,
    member    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (client_id, audience, member, since)
);
CREATE INDEX audience_members_member ON audience_members (client_id, member);

-- What an audience consumed and has not reached all its members yet: those up to
-- reached have it.
CREATE TABLE audience_reaches (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id   BIGINT NOT NULL,
    audience    TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    consumption TEXT   NOT NULL,
    reached     TEXT   NOT NULL DEFAULT '',
    advanced_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX audience_reaches_turn ON audience_reaches (advanced_at, id);
CREATE INDEX audience_reaches_audience ON audience_reaches (client_id, audience);

CREATE TABLE provider_credentials (
    client_id BIGINT NOT NULL,
    parent    TEXT   NOT NULL,
    provider  TEXT   NOT NULL,
    sealed    TEXT   NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, parent, provider)
);

-- +goose Down
DROP TABLE provider_credentials;
DROP TABLE audience_reaches;
DROP TABLE audience_members;
DROP TABLE audiences;
DROP INDEX trackers_page;
DROP INDEX trackers_own;
ALTER TABLE trackers DROP COLUMN own_id;
