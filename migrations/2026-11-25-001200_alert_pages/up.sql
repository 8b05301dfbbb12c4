-- What the pages of alerts, the start page and the report of accuracy need.

-- Alerts by unit: people look at those of their unit first, and the navigation counts them on every page.
ALTER TABLE alert ADD COLUMN unit_id bigint REFERENCES unit (id);
COMMENT ON COLUMN alert.unit_id IS 'Whose it is, by trigger when it is opened: for a missing asset its owner, else the unit of the room, of the asset''s owner or of the first room of the reader.';
CREATE FUNCTION alert_unit(kind text, asset_id bigint, room_id bigint, reader_id bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        CASE WHEN $1 = 'missing' THEN (SELECT a.owner_unit_id FROM asset a WHERE a.id = $2) END,
        (SELECT r.unit_id FROM room r WHERE r.id = $3),
        (SELECT r.unit_id FROM asset a JOIN room r ON r.id = a.room_id WHERE a.id = $2),
        (SELECT a.owner_unit_id FROM asset a WHERE a.id = $2),
        (SELECT min(r.unit_id) FROM antenna an JOIN zone z ON z.id = an.zone_id JOIN room r ON r.id = z.room_id WHERE an.reader_id = $4))
$$;
CREATE FUNCTION set_alert_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.unit_id := alert_unit(NEW.kind, NEW.asset_id, NEW.room_id, NEW.reader_id);
    RETURN NEW;
END $$;
CREATE TRIGGER alert_insert_unit BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION set_alert_unit();
UPDATE alert SET unit_id = alert_unit(kind, asset_id, room_id, reader_id);

CREATE FUNCTION severity_weight(severity text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_position(ARRAY['low', 'medium', 'high', 'critical'], severity)
$$;
COMMENT ON FUNCTION severity_weight IS 'The order of severities: critical is the greatest.';
CREATE INDEX alert_unresolved_list_idx ON alert (severity_weight(severity), opened_at, id) INCLUDE (state, unit_id, kind)
    WHERE state <> 'resolved';
CREATE INDEX alert_unresolved_unit_idx ON alert (unit_id, severity_weight(severity), opened_at, id) INCLUDE (state, kind)
    WHERE state <> 'resolved';
CREATE INDEX alert_resolved_at_idx ON alert (resolved_at, id) WHERE state = 'resolved';

-- Whether a place was right can only be told against what the screens said then.
ALTER TABLE asset_event ADD COLUMN said_room_id bigint REFERENCES room (id);
COMMENT ON COLUMN asset_event.said_room_id IS 'For found and not_here: the room that the pages gave for the asset just before; NULL when they gave none.';
UPDATE asset_event SET said_room_id = room_id WHERE act = 'not_here';

CREATE TABLE user_favourite_type (
    user_id bigint NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    asset_type_id bigint NOT NULL REFERENCES asset_type (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, asset_type_id)
);
COMMENT ON TABLE user_favourite_type IS 'The types that a person wants on the start page; who has none sees those with most assets.';
