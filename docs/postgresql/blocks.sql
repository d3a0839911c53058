-- Partitions of single experiments on PostgreSQL 15 and later, on tables that partition.sql has converted. Tried, not recommended yet: see docs/scaling.md.
--
-- An experiment can be given a block of ids of its own: new runs get ids from (block << 40), and so do their series. So the rows of its params, tags,
-- points and bounds of chunks make up a partition each, without a wider key and without a change to any statement. Runs from before stay where they are,
-- and a run that is moved stays where it was born. Blocks end at 8,191, so that ids stay below 2^53.
--
-- Run this file once, then:  SELECT hr_partitions.give_block(EXPERIMENT);

CREATE TABLE IF NOT EXISTS hr_partitions.block (
    experiment bigint PRIMARY KEY,
    number bigint NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 8191)
);

CREATE OR REPLACE FUNCTION hr_partitions.place_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := NEW.id | coalesce((SELECT number << 40 FROM hr_partitions.block WHERE experiment = NEW.experiment), 0);
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION hr_partitions.place_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := NEW.id | (NEW.run >> 40 << 40);
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER place BEFORE INSERT ON public.hr_run FOR EACH ROW EXECUTE FUNCTION hr_partitions.place_run();
CREATE OR REPLACE TRIGGER place BEFORE INSERT ON public.hr_series FOR EACH ROW EXECUTE FUNCTION hr_partitions.place_series();

CREATE OR REPLACE FUNCTION hr_partitions.give_block(given bigint) RETURNS bigint LANGUAGE plpgsql AS $$
-- Make the partitions of an experiment and return the number of its block.
DECLARE own bigint; name text;
BEGIN
    INSERT INTO hr_partitions.block SELECT given, coalesce(max(number), 0) + 1 FROM hr_partitions.block RETURNING number INTO own;
    FOREACH name IN ARRAY ARRAY['hr_point', 'hr_chunk', 'hr_param', 'hr_tag'] LOOP
        EXECUTE format('CREATE TABLE hr_partitions.%I PARTITION OF public.%I FOR VALUES FROM (%s) TO (%s)',
            name || '_of_' || given, name, own << 40, (own + 1) << 40);
    END LOOP;
    RETURN own;
END $$;
