-- What the consumer writes: states, stays, dedupe, quarantine, history.

CREATE TABLE tag_state (
    tag_id bigint PRIMARY KEY REFERENCES tag (id),
    room_id bigint REFERENCES room (id),
    reader_id bigint REFERENCES reader (id),
    seen_at timestamptz NOT NULL,
    entered_at timestamptz,
    confidence real,
    battery_pct smallint CHECK (battery_pct BETWEEN 0 AND 100),
    version bigint NOT NULL DEFAULT 0,
    CONSTRAINT tag_state_room_check CHECK ((room_id IS NULL) = (entered_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE tag_state IS 'Where each tag is and when it was heard. Times carry no index, so that a last-seen update stays on its page (HOT).';
COMMENT ON COLUMN tag_state.seen_at IS 'Newest sighting; a mere "still here" is written at most every 30 s (I-9).';
COMMENT ON COLUMN tag_state.entered_at IS 'Event time since which the reported room has held.';
CREATE INDEX tag_state_room_id_idx ON tag_state (room_id);

CREATE TABLE asset_place (
    asset_id bigint PRIMARY KEY REFERENCES asset (id),
    room_id bigint NOT NULL REFERENCES room (id),
    tag_id bigint REFERENCES tag (id),
    reader_id bigint REFERENCES reader (id),
    entered_at timestamptz NOT NULL,
    basis text NOT NULL CHECK (basis IN ('beacon', 'pass')),
    confidence real,
    learned_at timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE asset_place IS 'The open stay of each asset: one row, the place it is in now as far as we know.';
COMMENT ON COLUMN asset_place.basis IS 'beacon: decided from many readings; pass: one reading at an RFID portal.';
COMMENT ON COLUMN asset_place.learned_at IS 'When the consumer wrote it (R12).';
CREATE INDEX asset_place_room_id_idx ON asset_place (room_id, asset_id);

CREATE TABLE asset_stay (
    asset_id bigint NOT NULL,
    room_id bigint NOT NULL,
    entered_at timestamptz NOT NULL,
    left_at timestamptz NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (asset_id, left_at),
    CONSTRAINT asset_stay_period_check CHECK (left_at > entered_at)
) PARTITION BY RANGE (left_at);
COMMENT ON TABLE asset_stay IS 'Closed stays, a partition a month by left_at, kept 13 months.';
CREATE INDEX asset_stay_room_id_left_at_idx ON asset_stay (room_id, left_at);

CREATE TABLE sighting (
    seen_at timestamptz NOT NULL,
    tag_id bigint NOT NULL,
    reader_id bigint NOT NULL,
    batch_id uuid NOT NULL,
    batch_index smallint NOT NULL,
    antenna_port smallint,
    rssi_dbm real
) PARTITION BY RANGE (seen_at);
COMMENT ON TABLE sighting IS 'Raw history as the mode says: off, sampled (one per tag, reader and 60 s) or full. A partition a day, kept 3 days.';
CREATE INDEX sighting_seen_at_idx ON sighting USING brin (seen_at);

CREATE TABLE ingest_batch (
    batch_day date NOT NULL,
    reader_id bigint NOT NULL,
    batch_id uuid NOT NULL,
    sightings integer NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (batch_day, reader_id, batch_id)
) PARTITION BY RANGE (batch_day);
COMMENT ON TABLE ingest_batch IS 'Batches already applied: a second delivery finds its row and does nothing (R16). Kept 8 days.';
COMMENT ON COLUMN ingest_batch.batch_day IS 'From the message itself, never from the arrival, so that a redelivery meets the same partition (I-11).';
CREATE TABLE ingest_batch_default PARTITION OF ingest_batch DEFAULT;

CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY,
    received_at timestamptz NOT NULL,
    scope text NOT NULL CHECK (scope IN ('message', 'sighting')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 64),
    detail text NOT NULL,
    routing_key text NOT NULL,
    reader_key text,
    batch_id uuid,
    batch_index integer,
    body bytea NOT NULL,
    body_bytes integer NOT NULL,
    content_type text,
    state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'replay_asked', 'replayed')),
    replay_asked_at timestamptz,
    replayed_at timestamptz,
    PRIMARY KEY (id, received_at),
    CONSTRAINT quarantine_replay_check CHECK (scope = 'message' OR state = 'kept')
) PARTITION BY RANGE (received_at);
COMMENT ON TABLE quarantine IS 'Input that could not be used, with the reason, kept 30 days where an administrator can look at it and send a message again.';
COMMENT ON COLUMN quarantine.body IS 'The message, or the raw text of one sighting of it; cut at 256 KiB (body_bytes has the full length).';
CREATE INDEX quarantine_received_at_idx ON quarantine (received_at DESC, id DESC);
CREATE INDEX quarantine_replay_asked_idx ON quarantine (id) WHERE state = 'replay_asked';

CREATE TABLE shard_lease (
    shard integer PRIMARY KEY,
    epoch bigint NOT NULL DEFAULT 0,
    owner text NOT NULL DEFAULT '',
    taken_at timestamptz
);
COMMENT ON TABLE shard_lease IS 'Who consumes a shard. A consumer whose epoch has passed writes nothing (ingest-design, two consumers active).';

CREATE TABLE consumer_health (
    shard integer PRIMARY KEY,
    reported_at timestamptz NOT NULL,
    caught_up_at timestamptz,
    last_batch_at timestamptz,
    applied bigint NOT NULL DEFAULT 0,
    version text NOT NULL
);
COMMENT ON TABLE consumer_health IS 'A line from each consumer every few seconds: pages say "not live since" from it.';
COMMENT ON COLUMN consumer_health.caught_up_at IS 'When the queue was last seen empty; its age bounds the age of the oldest unprocessed message.';

-- Partitions. Only the owner of the tables may make them, so roles with less go through these functions (ingest-design section 8).
CREATE FUNCTION ensure_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    monthly boolean := parent IN ('asset_stay', 'quarantine', 'audit_log');
    from_day date := CASE WHEN monthly THEN date_trunc('month', day)::date ELSE day END;
    to_day date := CASE WHEN monthly THEN (date_trunc('month', day) + interval '1 month')::date ELSE day + 1 END;
    child text := parent || '_' || to_char(from_day, CASE WHEN monthly THEN 'YYYYMM' ELSE 'YYYYMMDD' END);
BEGIN
    IF parent NOT IN ('sighting', 'ingest_batch', 'asset_stay', 'quarantine', 'audit_log') THEN
        RAISE EXCEPTION 'ensure_partition: % is not a partitioned table of wardtrack', parent;
    END IF;
    IF to_regclass(child) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('wardtrack partition'));
    IF to_regclass(child) IS NOT NULL THEN
        RETURN false;
    END IF;
    IF parent = 'ingest_batch' THEN
        -- A message with a far-off date may have put a row for this day into the default partition before.
        EXECUTE format('CREATE TABLE %I (LIKE ingest_batch INCLUDING ALL)', child);
        EXECUTE format('WITH moved AS (DELETE FROM ingest_batch_default WHERE batch_day >= %L AND batch_day < %L RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', from_day, to_day, child);
        EXECUTE format('ALTER TABLE ingest_batch ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', child, from_day, to_day);
    ELSE
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent, from_day, to_day);
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION ensure_partition IS 'Makes the day or month partition of a table that holds this day; true when it was missing. Bounds are UTC.';
ALTER FUNCTION ensure_partition SET timezone = 'UTC';

CREATE FUNCTION drop_partitions_before(parent text, day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    child record;
    dropped integer := 0;
BEGIN
    IF parent NOT IN ('sighting', 'ingest_batch', 'asset_stay', 'quarantine', 'audit_log') THEN
        RAISE EXCEPTION 'drop_partitions_before: % is not a partitioned table of wardtrack', parent;
    END IF;
    FOR child IN
        SELECT c.relname, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([0-9-]{10})')::date AS to_day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(parent) AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
    LOOP
        IF child.to_day <= day THEN
            EXECUTE format('DROP TABLE %I', child.relname);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    RETURN dropped;
END $$;
COMMENT ON FUNCTION drop_partitions_before IS 'Drops every partition that ends on or before this day; returns how many. Retention never deletes row by row.';
