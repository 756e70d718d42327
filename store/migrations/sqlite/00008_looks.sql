-- +goose Up
-- To where an owner stopped last in each resource, and to the activities on one.
DROP INDEX activities_tracker;
CREATE INDEX activities_tracker ON activities (tracker_id, resource, end_time, id);
-- To the part that comes next. An expression, so that no other statement is
-- planned with it by mistake.
CREATE INDEX work_parts_next ON work_parts ((client_id + 0), work, ordinal);

-- +goose Down
DROP INDEX work_parts_next;
DROP INDEX activities_tracker;
CREATE INDEX activities_tracker ON activities (tracker_id, end_time);
