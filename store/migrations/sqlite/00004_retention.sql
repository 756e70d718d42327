-- +goose Up
-- How long a client's results are kept, in microseconds; 0: the server's default.
ALTER TABLE clients ADD COLUMN keep_results BIGINT NOT NULL DEFAULT 0;
CREATE INDEX results_age ON results (client_id, created_at);

-- +goose Down
DROP INDEX results_age;
ALTER TABLE clients DROP COLUMN keep_results;
