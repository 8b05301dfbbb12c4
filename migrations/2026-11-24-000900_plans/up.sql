-- Floor plans and ways to walk: what a floor looks like, and how far it is from room to room.

CREATE TABLE floor_plan (
    floor_id bigint PRIMARY KEY REFERENCES floor (id),
    width_m double precision,
    height_m double precision,
    imported_at timestamptz NOT NULL,
    CONSTRAINT floor_plan_size_check CHECK (
        (width_m IS NULL) = (height_m IS NULL)
        -- NaN is greater than every number for Postgres, so the upper bound keeps it out.
        AND (width_m IS NULL OR (width_m > 0 AND width_m <= 10000 AND height_m > 0 AND height_m <= 10000)))
);
COMMENT ON TABLE floor_plan IS 'The drawing of a floor; its rooms are in room_shape.';
COMMENT ON COLUMN floor_plan.width_m IS 'Width of the drawing from west to east; NULL: no size was given, and distances on it are not known.';
COMMENT ON COLUMN floor_plan.height_m IS 'Height of the drawing from north to south.';

CREATE TABLE room_shape (
    room_id bigint PRIMARY KEY REFERENCES room (id),
    points jsonb NOT NULL,
    label_x double precision NOT NULL CHECK (label_x >= 0 AND label_x <= 1),
    label_y double precision NOT NULL CHECK (label_y >= 0 AND label_y <= 1),
    CONSTRAINT room_shape_points_check CHECK (jsonb_typeof(points) = 'array' AND jsonb_array_length(points) BETWEEN 3 AND 200)
);
COMMENT ON TABLE room_shape IS 'The walls of a room on the plan of its floor.';
COMMENT ON COLUMN room_shape.points IS 'Corners in order, the first not repeated: [[x, y], ...] from 0 to 1 of the plan, x from its left, y from its upper edge.';
COMMENT ON COLUMN room_shape.label_x IS 'A point inside the room with space around it, for its name.';

CREATE TABLE walk_edge (
    floor_id bigint NOT NULL REFERENCES floor (id),
    room_a bigint NOT NULL REFERENCES room (id),
    room_b bigint NOT NULL REFERENCES room (id),
    cost_m double precision NOT NULL CHECK (cost_m >= 0 AND cost_m <= 10000),
    PRIMARY KEY (floor_id, room_a, room_b),
    CONSTRAINT walk_edge_order_check CHECK (room_a < room_b)
);
COMMENT ON TABLE walk_edge IS 'A way from one room to another, in both directions.';
COMMENT ON COLUMN walk_edge.floor_id IS 'The floor whose plan says so: importing that plan again replaces the edge. Stairs and lifts may be named by the plans of both floors.';
COMMENT ON COLUMN walk_edge.cost_m IS 'Metres to walk; for stairs and lifts the metres that take as long.';
CREATE INDEX walk_edge_room_a_idx ON walk_edge (room_a);
CREATE INDEX walk_edge_room_b_idx ON walk_edge (room_b);

CREATE TABLE place_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE place_version IS 'One row: rises with every change of places or of ways between them, so that processes know when to load the walking map again.';
INSERT INTO place_version DEFAULT VALUES;

CREATE FUNCTION count_place_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE place_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER facility_place_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON facility
    FOR EACH STATEMENT EXECUTE FUNCTION count_place_change();
CREATE TRIGGER building_place_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON building
    FOR EACH STATEMENT EXECUTE FUNCTION count_place_change();
CREATE TRIGGER floor_place_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON floor
    FOR EACH STATEMENT EXECUTE FUNCTION count_place_change();
CREATE TRIGGER unit_place_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON unit
    FOR EACH STATEMENT EXECUTE FUNCTION count_place_change();
CREATE TRIGGER room_place_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON room
    FOR EACH STATEMENT EXECUTE FUNCTION count_place_change();
CREATE TRIGGER walk_edge_place_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON walk_edge
    FOR EACH STATEMENT EXECUTE FUNCTION count_place_change();
