-- +goose Up
-- The ids of OAuth credentials, each of one client.
CREATE TABLE oauth_ids (
    id        TEXT   PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES clients (id)
);

-- Ways to get access tokens for a token: a secret (its SHA-256) or a public key
-- (PKIX), each in hexadecimal.
CREATE TABLE oauth_credentials (
    token_id   TEXT PRIMARY KEY REFERENCES tokens (id),
    id         TEXT NOT NULL REFERENCES oauth_ids (id),
    secret     TEXT NOT NULL DEFAULT '',
    key_id     TEXT NOT NULL DEFAULT '',
    public_key TEXT NOT NULL DEFAULT ''
);
CREATE INDEX oauth_credentials_id ON oauth_credentials (id);
CREATE UNIQUE INDEX oauth_credentials_key ON oauth_credentials (id, key_id) WHERE key_id <> '';

-- Assertions that were taken, by their hash, until they could not be used anyway.
CREATE TABLE oauth_assertions (
    hash  TEXT   PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX oauth_assertions_until ON oauth_assertions (until);

-- +goose Down
DROP TABLE oauth_assertions;
DROP TABLE oauth_credentials;
DROP TABLE oauth_ids;
