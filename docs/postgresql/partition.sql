-- Partitions of headrace's big tables on PostgreSQL 15 and later. What they are for, and when they are worth it: docs/scaling.md.
--
-- Run as the owner of the tables, with psql or any client, on a database whose schema is of headrace's newest revision. Two steps:
--
--   1. this file: makes functions, changes nothing else;
--   2. per table, with servers running:  SELECT hr_partitions.prepare(...)   short lock, then a scan that blocks nobody
--      then                              SELECT hr_partitions.switch(...)    short lock, no row is copied
--
-- Between the two, ids beyond the end that `prepare` has chosen are refused: it leaves at least a tenth of the width, so do not wait for weeks. To give
-- up after `prepare`: ALTER TABLE ... DROP CONSTRAINT first_partition.
--
-- See the calls at the end. Rows that are there become the first partition as they lie. headrace needs no change: the tables keep
-- names, columns, keys and indexes. Partitions lie in a schema of their own, hr_partitions, where headrace's check of the schema does not look.

CREATE SCHEMA IF NOT EXISTS hr_partitions;

CREATE OR REPLACE FUNCTION hr_partitions.bound_of(held regclass, key text, width bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
-- The end of the first partition: the next multiple of the width with at least a tenth of it to spare for what comes in meanwhile.
DECLARE newest bigint;
BEGIN
    EXECUTE format('SELECT coalesce(max(%I), 0) FROM %s', key, held) INTO newest;
    RETURN ((newest + width / 10) / width + 1) * width;
END $$;

CREATE OR REPLACE PROCEDURE hr_partitions.prepare(name text, key text, width bigint) LANGUAGE plpgsql AS $$
-- Promise, and let PostgreSQL verify without blocking writers, that all rows lie below the end of the first partition.
DECLARE held regclass := format('public.%I', name); bound bigint;
BEGIN
    bound := hr_partitions.bound_of(held, key, width);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS first_partition', held);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT first_partition CHECK (%I IS NOT NULL AND %I < %s) NOT VALID', held, key, key, bound);
    COMMIT;
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT first_partition', held);
END $$;

CREATE OR REPLACE FUNCTION hr_partitions.extend(name text, width bigint, ahead int) RETURNS int
LANGUAGE plpgsql AS $$
-- Make sure that there are partitions for `ahead` times the width beyond the newest row's. Returns how many were made. Call it again at any time.
DECLARE
    parent regclass := format('public.%I', name);
    key text := pg_get_partkeydef(parent);
    rest regclass := to_regclass(format('hr_partitions.%I', name || '_rest'));
    options text; filled boolean := false;
    newest bigint; begins bigint; made int := 0;
BEGIN
    IF rest IS NOT NULL THEN EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', rest) INTO filled; END IF;
    key := substring(key from '\((.*)\)');
    -- Ids from 2^40 on lie in blocks of experiments: see blocks.sql.
    EXECUTE format('SELECT coalesce(max(%s), 0) FROM %s WHERE %s < 1::bigint << 40', key, parent, key) INTO newest;
    -- What exists ends here.
    SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''?(-?\d+)''?\)'))[1]::bigint) INTO begins
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent AND c.relname NOT LIKE '%\_of\_%';
    SELECT array_to_string(c.reloptions, ', ') INTO options FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = parent AND c.relname = name || '_0';
    -- Rows that came when there was no partition for them are put where they belong; others wait meanwhile.
    IF filled THEN EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, rest); END IF;
    WHILE begins < (newest / width + 1 + ahead) * width LOOP
        EXECUTE format('CREATE TABLE hr_partitions.%I PARTITION OF %s FOR VALUES FROM (%s) TO (%s) %s', name || '_' || begins / width,
            parent, begins, begins + width, CASE WHEN options <> '' THEN 'WITH (' || options || ')' ELSE '' END);
        begins := begins + width;
        made := made + 1;
    END LOOP;
    IF filled THEN
        EXECUTE format('INSERT INTO %s SELECT * FROM %s', parent, rest);
        EXECUTE format('TRUNCATE %s', rest);
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s DEFAULT', parent, rest);
    END IF;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION hr_partitions.switch(name text, key text, width bigint, ahead int) RETURNS int
LANGUAGE plpgsql AS $$
-- Put a partitioned table in the place of a plain one that is prepared, which becomes its first partition. Returns the partitions made.
DECLARE
    first text := name || '_0';
    held regclass := format('public.%I', name);
    bound bigint; serial text; made int; each record;
    remark text := obj_description(held, 'pg_class');
BEGIN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', held);
    SELECT (regexp_match(pg_get_constraintdef(oid), '< ''?(\d+)'))[1]::bigint INTO STRICT bound
        FROM pg_constraint WHERE conrelid = held AND conname = 'first_partition' AND convalidated;
    -- The sequence that gives ids stays where headrace expects it.
    serial := pg_get_serial_sequence(held::text, key);
    IF serial IS NOT NULL THEN EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', serial); END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA hr_partitions', held);
    EXECUTE format('ALTER TABLE hr_partitions.%I RENAME TO %I', name, first);
    held := format('hr_partitions.%I', first);
    EXECUTE format('CREATE TABLE public.%I (LIKE %s INCLUDING DEFAULTS INCLUDING COMMENTS INCLUDING STORAGE INCLUDING COMPRESSION) '
        'PARTITION BY RANGE (%I)', name, held, key);
    IF remark IS NOT NULL THEN EXECUTE format('COMMENT ON TABLE public.%I IS %L', name, remark); END IF;
    FOR each IN SELECT conname, pg_get_constraintdef(oid) AS body FROM pg_constraint WHERE conrelid = held AND contype IN ('p', 'u') LOOP
        EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', name, each.conname, each.body);
    END LOOP;
    FOR each IN SELECT pg_get_indexdef(indexrelid) AS body FROM pg_index i WHERE indrelid = held
            AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) LOOP
        EXECUTE replace(each.body, format(' ON %s ', held), format(' ON public.%I ', name));
    END LOOP;
    -- The verified promise saves the scan; indexes that are equal are taken over, none is built.
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION %s FOR VALUES FROM (MINVALUE) TO (%s)', name, held, bound);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT first_partition', held);
    IF serial IS NOT NULL THEN EXECUTE format('ALTER SEQUENCE %s OWNED BY public.%I.%I', serial, name, key); END IF;
    made := hr_partitions.extend(name, width, ahead);
    -- Where rows go if nobody has called extend in time; the next call takes them out again.
    EXECUTE format('CREATE TABLE hr_partitions.%I PARTITION OF public.%I DEFAULT', name || '_rest', name);
    RETURN made + 2;
END $$;

-- For 10^7 runs of 20 metrics, about ten partitions each (adapt the widths to a tenth of what is expected):
--
--   CALL hr_partitions.prepare('hr_chunk_data', 'id',     20000000);   SELECT hr_partitions.switch('hr_chunk_data', 'id',     20000000, 10);
--   CALL hr_partitions.prepare('hr_chunk',      'series', 20000000);   SELECT hr_partitions.switch('hr_chunk',      'series', 20000000, 10);
--   CALL hr_partitions.prepare('hr_point',      'series', 20000000);   SELECT hr_partitions.switch('hr_point',      'series', 20000000, 10);
--   CALL hr_partitions.prepare('hr_param',      'run',     1000000);   SELECT hr_partitions.switch('hr_param',      'run',     1000000, 10);
--   CALL hr_partitions.prepare('hr_tag',        'run',     1000000);   SELECT hr_partitions.switch('hr_tag',        'run',     1000000, 10);
--
-- Once a month, and after loading much:  SELECT hr_partitions.extend('hr_point', 20000000, 10);  and so on; ANALYZE hr_point;  and so on
-- (autovacuum analyses partitions, never the table above them).
--
-- Back again: CREATE TABLE hr_point_plain (LIKE hr_point INCLUDING ALL), INSERT ... SELECT, then swap the names in one transaction.
