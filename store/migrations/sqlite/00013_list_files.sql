-- +goose Up
-- The list file that an account imported last, of each provider: what an import
-- that brings no file takes. inline is in base64; blob names a blob where it is
-- larger. The sweep of blobs asks here what is in use.
CREATE TABLE list_files (
    client_id    BIGINT NOT NULL,
    parent       TEXT   NOT NULL,
    provider     TEXT   NOT NULL,
    filename     TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    inline       TEXT   NOT NULL,
    blob         TEXT   NOT NULL,
    kept_at      BIGINT NOT NULL,
    PRIMARY KEY (client_id, parent, provider)
);
CREATE INDEX list_files_blob ON list_files (blob) WHERE blob <> '';

-- +goose Down
DROP TABLE list_files;
