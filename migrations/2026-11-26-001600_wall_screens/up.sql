-- Screens on walls: what shows the board of one unit without a person who is signed in.
CREATE TABLE wall_screen (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES unit (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    added_by bigint NOT NULL REFERENCES app_user (id),
    added_at timestamptz NOT NULL,
    last_seen_at timestamptz,
    ended_at timestamptz
);
COMMENT ON TABLE wall_screen IS 'Screens on walls. Each may read the counts of one unit and nothing else, until somebody ends it.';
COMMENT ON COLUMN wall_screen.secret_hash IS 'SHA-256 of the secret that its browser holds.';
CREATE INDEX wall_screen_unit_id_idx ON wall_screen (unit_id, id);
CREATE INDEX wall_screen_added_by_idx ON wall_screen (added_by);
