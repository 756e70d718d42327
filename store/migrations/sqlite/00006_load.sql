-- +goose Up
-- What each client did, minute by minute (Unix time divided by 60), for the charts
-- of the last hour; client 0 is all of them together. lag: microseconds.
CREATE TABLE load_minutes (
    client_id BIGINT NOT NULL,
    minute    BIGINT NOT NULL,
    submitted BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed    BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    lag       BIGINT NOT NULL,
    PRIMARY KEY (client_id, minute)
);
CREATE INDEX load_minutes_age ON load_minutes (minute);

-- +goose Down
DROP TABLE load_minutes;
