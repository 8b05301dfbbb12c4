-- Readers, where their antennas look, how they prove who they are, and how they are doing.

CREATE TABLE reader (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader_key text NOT NULL CHECK (reader_key ~ '^[a-z0-9-]{1,64}$'),
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 120),
    technology text NOT NULL DEFAULT 'ble' CHECK (technology IN ('ble', 'rfid')),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'disabled')),
    heartbeat_interval_ms bigint CHECK (heartbeat_interval_ms > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    approved_at timestamptz,
    CONSTRAINT reader_reader_key_key UNIQUE (reader_key),
    CONSTRAINT reader_approved_check CHECK (state <> 'active' OR approved_at IS NOT NULL)
);
COMMENT ON TABLE reader IS 'A device that hears tags. New ones wait until an administrator approves them (S-38).';
COMMENT ON COLUMN reader.reader_key IS 'Id on the wire: the last word of the routing key s.<reader_key> (I-3).';
COMMENT ON COLUMN reader.heartbeat_interval_ms IS 'How often it reports when it hears nothing; NULL: it sends no heartbeats, so silence says nothing (I-9a).';

CREATE TABLE antenna (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader_id bigint NOT NULL REFERENCES reader (id),
    port smallint NOT NULL CHECK (port BETWEEN 0 AND 255),
    zone_id bigint NOT NULL REFERENCES zone (id),
    CONSTRAINT antenna_reader_id_port_key UNIQUE (reader_id, port)
);
COMMENT ON TABLE antenna IS 'Which zone an antenna covers. Port 0 stands for the whole reader: sightings without antenna, or with one not listed.';
CREATE INDEX antenna_zone_id_idx ON antenna (zone_id);

CREATE TABLE reader_credential (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader_id bigint NOT NULL REFERENCES reader (id),
    kind text NOT NULL CHECK (kind IN ('amqp', 'http')),
    slot text NOT NULL DEFAULT 'a' CHECK (slot IN ('a', 'b')),
    key_id text,
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT reader_credential_key_id_check CHECK ((kind = 'http') = (key_id IS NOT NULL)),
    CONSTRAINT reader_credential_key_id_key UNIQUE (key_id)
);
COMMENT ON TABLE reader_credential IS 'Only hashes are kept; two of a kind may be valid while one replaces the other (S-36).';
COMMENT ON COLUMN reader_credential.secret_hash IS 'amqp: RabbitMQ salted SHA-256 (4 bytes salt, 32 bytes hash); http: SHA-256 of the 256-bit secret (S-37).';
CREATE UNIQUE INDEX reader_credential_valid_idx ON reader_credential (reader_id, kind, slot) WHERE revoked_at IS NULL;

CREATE TABLE reader_health (
    reader_id bigint PRIMARY KEY REFERENCES reader (id),
    last_message_at timestamptz,
    last_sighting_at timestamptz,
    down_since timestamptz,
    clock_offset_ms bigint NOT NULL DEFAULT 0,
    clock_faults bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    sightings bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    sequence_gaps bigint NOT NULL DEFAULT 0,
    sightings_per_min real NOT NULL DEFAULT 0,
    last_event text,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE reader_health IS 'How each reader is doing; written by the consumer every few seconds, so it may lag a crash by that much.';
COMMENT ON COLUMN reader_health.down_since IS 'Set while the reader has missed three heartbeats (I-9a).';
COMMENT ON COLUMN reader_health.clock_offset_ms IS 'Arrival minus sent, smallest of the last 64 messages; applied above 2 s.';
COMMENT ON COLUMN reader_health.last_event IS 'Newest entry of the "ev" list, such as antenna_down on antenna 3.';

CREATE TABLE unregistered_tag_count (
    reader_id bigint NOT NULL REFERENCES reader (id),
    hour_at timestamptz NOT NULL,
    sightings bigint NOT NULL,
    PRIMARY KEY (reader_id, hour_at)
);
COMMENT ON TABLE unregistered_tag_count IS 'Sightings of tags that are not ours: counted per reader and hour, never stored with ids, times or places (I-10).';

CREATE TABLE reference_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE reference_version IS 'Counts up with every change of readers, antennas, tags and assignments, so that consumers know when to load them again.';
INSERT INTO reference_version DEFAULT VALUES;

CREATE FUNCTION bump_reference_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reference_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER reader_reference AFTER INSERT OR UPDATE OR DELETE ON reader FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
CREATE TRIGGER antenna_reference AFTER INSERT OR UPDATE OR DELETE ON antenna FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
CREATE TRIGGER zone_reference AFTER UPDATE OR DELETE ON zone FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
CREATE TRIGGER tag_reference AFTER INSERT OR UPDATE OR DELETE ON tag FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
CREATE TRIGGER tag_assignment_reference AFTER INSERT OR UPDATE OR DELETE ON tag_assignment FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
