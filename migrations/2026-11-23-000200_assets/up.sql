-- Equipment and the tags on it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE asset_type (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    CONSTRAINT asset_type_name_key UNIQUE (name)
);
COMMENT ON TABLE asset_type IS 'What a nurse asks for, such as "Infusion pump".';
CREATE UNIQUE INDEX asset_type_lower_name_idx ON asset_type (lower(name));

CREATE TABLE model (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_type_id bigint NOT NULL REFERENCES asset_type (id),
    maker text NOT NULL CHECK (length(maker) BETWEEN 1 AND 120),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    udi_di text,
    CONSTRAINT model_maker_name_key UNIQUE (maker, name)
);
COMMENT ON TABLE model IS 'Maker and model; recalls and service plans attach here.';
CREATE INDEX model_asset_type_id_idx ON model (asset_type_id);

CREATE TABLE asset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_number text NOT NULL CHECK (length(asset_number) BETWEEN 1 AND 64),
    asset_type_id bigint NOT NULL REFERENCES asset_type (id),
    model_id bigint REFERENCES model (id),
    owner_unit_id bigint REFERENCES unit (id),
    status text NOT NULL DEFAULT 'available'
        CHECK (status IN ('available', 'in_use', 'soiled', 'cleaning', 'in_repair', 'missing', 'retired')),
    status_since timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT asset_asset_number_key UNIQUE (asset_number)
);
COMMENT ON TABLE asset IS 'One physical device with its own history. A retired one keeps its row: asset numbers are never used twice.';
COMMENT ON COLUMN asset.status IS 'Stored status; "ready" is computed from it and never stored (R2).';
CREATE INDEX asset_asset_type_id_idx ON asset (asset_type_id, id);
CREATE UNIQUE INDEX asset_lower_asset_number_idx ON asset (lower(asset_number));

CREATE TABLE asset_identifier (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id bigint NOT NULL REFERENCES asset (id),
    kind text NOT NULL CHECK (kind IN ('serial', 'udi', 'barcode', 'giai', 'grai', 'other')),
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 192),
    CONSTRAINT asset_identifier_asset_id_kind_value_key UNIQUE (asset_id, kind, value)
);
COMMENT ON TABLE asset_identifier IS 'Every other number an asset is known by; two makers may give the same serial, so values repeat.';
CREATE INDEX asset_identifier_lower_value_idx ON asset_identifier (lower(value));

CREATE TABLE tag (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag_key text NOT NULL CHECK (length(tag_key) BETWEEN 1 AND 192 AND tag_key ~ '^(epc|mac|ib|eddy|alt|x):.'),
    technology text NOT NULL CHECK (technology IN ('ble', 'rfid')),
    expected_interval_ms bigint CHECK (expected_interval_ms > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tag_tag_key_key UNIQUE (tag_key),
    CONSTRAINT tag_interval_check CHECK ((technology = 'ble') = (expected_interval_ms IS NOT NULL))
);
COMMENT ON TABLE tag IS 'A radio or RFID label that we registered; others are only counted (I-10).';
COMMENT ON COLUMN tag.tag_key IS 'Canonical key of the message contract, such as mac:AC233F000001.';
COMMENT ON COLUMN tag.expected_interval_ms IS 'How often it beacons; passive RFID has none.';

CREATE TABLE tag_assignment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag_id bigint NOT NULL REFERENCES tag (id),
    asset_id bigint NOT NULL REFERENCES asset (id),
    assigned_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz CHECK (ended_at > assigned_at),
    CONSTRAINT tag_assignment_tag_id_period_excl
        EXCLUDE USING gist (tag_id WITH =, tstzrange(assigned_at, ended_at) WITH &&)
);
COMMENT ON TABLE tag_assignment IS 'Which asset a tag was on, and when; history is kept.';
COMMENT ON CONSTRAINT tag_assignment_tag_id_period_excl ON tag_assignment IS 'R1: a tag is on at most one thing at a time.';
CREATE UNIQUE INDEX tag_assignment_open_tag_id_idx ON tag_assignment (tag_id) WHERE ended_at IS NULL;
CREATE INDEX tag_assignment_asset_id_idx ON tag_assignment (asset_id, assigned_at);
