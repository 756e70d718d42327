-- +goose NO TRANSACTION
-- +goose Up
-- What grows with the tasks is kept in partitions by the task's id, which begins
-- with the time of submission: a partition that is emptied is dropped, and its disk
-- given back. What there is becomes the first partition as it is, without a copy;
-- the upkeep (store/partitions.go) makes the others. Each table is changed in a
-- transaction of its own, which waits for nobody long, and what is done is not done
-- again after an interruption.
-- +goose StatementBegin
CREATE OR REPLACE PROCEDURE make_partitioned(plain TEXT, name TEXT, key TEXT, uniqueness TEXT) LANGUAGE plpgsql AS $$
DECLARE
    first TEXT := name || '_first';
    definitions TEXT[];
    line TEXT;
    tries INT := 0;
    numbers RECORD;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = plain::regclass) <> 'r' THEN
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', '200ms', true);
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', plain);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            tries := tries + 1;
            IF tries = 500 THEN
                RAISE EXCEPTION 'the table % is in use all the time; migrate again when it is not', plain;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;

    SELECT array_agg(replace(pg_get_indexdef(indexrelid), plain, name) ORDER BY indexrelid) INTO definitions FROM pg_index
        WHERE indrelid = plain::regclass AND indisvalid AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid);
    FOR line IN SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = plain::regclass LOOP
        EXECUTE format('ALTER INDEX %s RENAME TO %I', line, replace(line, plain, first));
    END LOOP;
    IF name = 'results' THEN -- partitions have no identity columns; the numbers go on
        EXECUTE 'SELECT last_value, is_called FROM ' || pg_get_serial_sequence(plain, 'seq') INTO numbers;
        CREATE SEQUENCE results_numbers;
        PERFORM setval('results_numbers', numbers.last_value, numbers.is_called);
        ALTER TABLE results ALTER seq DROP IDENTITY;
        ALTER TABLE results ALTER seq SET DEFAULT nextval('results_numbers');
    END IF;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', plain, first);
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (%I)', name, first, key);
    EXECUTE format('ALTER TABLE %I ADD %s', name, uniqueness);
    FOREACH line IN ARRAY coalesce(definitions, '{}') LOOP
        EXECUTE line;
    END LOOP;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (MAXVALUE)', name, first);
    IF plain <> name THEN -- for processes that are older than this
        EXECUTE format('CREATE VIEW %I AS SELECT * FROM %I', plain, name);
    END IF;
END $$;
-- +goose StatementEnd
CALL make_partitioned('tasks', 'tasks', 'id', 'PRIMARY KEY (id)');
CALL make_partitioned('results', 'results', 'task_id', 'UNIQUE (task_id)');
CALL make_partitioned('task_items', 'task_items', 'task_id', 'PRIMARY KEY (task_id, idx)');
CALL make_partitioned('import_changes', 'import_changes', 'task_id', 'PRIMARY KEY (task_id, seq)');
-- Older processes delete from task_inputs by the place of a row in its table, which
-- says nothing where there are several tables. So it gets another name, and they a
-- view, in which rows have no place: that one statement fails there.
CALL make_partitioned('task_inputs', 'inputs', 'task_id', 'PRIMARY KEY (task_id, parameter)');
DROP PROCEDURE make_partitioned(TEXT, TEXT, TEXT, TEXT);

-- +goose Down
DROP VIEW task_inputs;
-- +goose StatementBegin
DO $$
DECLARE
    name TEXT;
    definitions TEXT[];
    line TEXT;
    numbers RECORD;
BEGIN
    ALTER TABLE inputs RENAME TO task_inputs;
    ALTER INDEX inputs_blob RENAME TO task_inputs_blob;
    FOREACH name IN ARRAY ARRAY['tasks', 'results', 'task_items', 'import_changes', 'task_inputs'] LOOP
        SELECT array_agg(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')) INTO definitions FROM pg_index
            WHERE indrelid = name::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid);
        EXECUTE format('CREATE TABLE plain (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE)', name);
        EXECUTE format('INSERT INTO plain SELECT * FROM %I', name);
        EXECUTE format('DROP TABLE %I', name);
        EXECUTE format('ALTER TABLE plain RENAME TO %I', name);
        FOREACH line IN ARRAY coalesce(definitions, '{}') LOOP
            EXECUTE line;
        END LOOP;
    END LOOP;
    ALTER TABLE tasks ADD PRIMARY KEY (id);
    ALTER TABLE task_items ADD PRIMARY KEY (task_id, idx);
    ALTER TABLE import_changes ADD PRIMARY KEY (task_id, seq);
    ALTER TABLE task_inputs ADD PRIMARY KEY (task_id, parameter);
    ALTER TABLE results ALTER seq DROP DEFAULT;
    ALTER TABLE results ALTER seq ADD GENERATED ALWAYS AS IDENTITY, ADD PRIMARY KEY (seq), ADD UNIQUE (task_id);
    SELECT last_value, is_called INTO numbers FROM results_numbers;
    PERFORM setval(pg_get_serial_sequence('results', 'seq'), numbers.last_value, numbers.is_called);
    DROP SEQUENCE results_numbers;
END $$;
-- +goose StatementEnd
