-- Places: facility > building > floor > room > zone, one parent each; a unit is an attribute of a room, because it may span floors.

CREATE TABLE facility (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    time_zone text NOT NULL DEFAULT 'UTC',
    CONSTRAINT facility_name_key UNIQUE (name)
);
COMMENT ON TABLE facility IS 'A site with one postal address and one time zone.';
COMMENT ON COLUMN facility.time_zone IS 'Name from the tz database, such as Europe/London; times are stored in UTC and shown in this zone.';

CREATE TABLE building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    facility_id bigint NOT NULL REFERENCES facility (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    CONSTRAINT building_facility_id_name_key UNIQUE (facility_id, name)
);
COMMENT ON TABLE building IS 'A building of a facility.';

CREATE TABLE floor (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id bigint NOT NULL REFERENCES building (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    level integer NOT NULL,
    CONSTRAINT floor_building_id_name_key UNIQUE (building_id, name)
);
COMMENT ON TABLE floor IS 'A storey of a building.';
COMMENT ON COLUMN floor.level IS 'Storeys above the ground floor (0), negative below it; orders floors.';

CREATE TABLE unit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    facility_id bigint NOT NULL REFERENCES facility (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    CONSTRAINT unit_facility_id_name_key UNIQUE (facility_id, name)
);
COMMENT ON TABLE unit IS 'A ward or department: an organisational group of rooms that may span floors.';

CREATE TABLE room (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    floor_id bigint NOT NULL REFERENCES floor (id),
    unit_id bigint REFERENCES unit (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    kind text NOT NULL DEFAULT 'other' CHECK (kind IN (
        'patient_room', 'patient_care_area', 'clean_utility', 'soiled_utility', 'equipment_storage', 'equipment_room',
        'supply_room', 'central_store', 'nurse_station', 'hallway', 'biomed_shop', 'laundry', 'waste',
        'shipping_receiving', 'exit', 'office', 'plant', 'other')),
    CONSTRAINT room_floor_id_name_key UNIQUE (floor_id, name)
);
COMMENT ON TABLE room IS 'A room: the place that the location engine decides for.';
COMMENT ON COLUMN room.kind IS 'What the room is for; status rules hang on it.';
CREATE INDEX room_unit_id_idx ON room (unit_id);

CREATE TABLE zone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id bigint NOT NULL REFERENCES room (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    CONSTRAINT zone_room_id_name_key UNIQUE (room_id, name)
);
COMMENT ON TABLE zone IS 'A part of a room: a bay, a bed space, a shelf or the field of an antenna.';
