-- The hospital of the bench: one reader in each room, 50 rooms a floor, and an asset for every tag. Names follow src/bench/load.rs.
-- $1 readers, $2 tags, $3 address of the first tag; one statement, so that nothing is half there.
WITH made_facility AS (
    INSERT INTO facility (name) VALUES ('Bench') RETURNING id
), made_building AS (
    INSERT INTO building (facility_id, name) SELECT id, 'Main' FROM made_facility RETURNING id
), made_floor AS (
    INSERT INTO floor (building_id, name, level)
    SELECT b.id, 'Floor ' || n, n FROM made_building b, generate_series(0, ($1 - 1) / 50) n RETURNING id, level
), made_room AS (
    INSERT INTO room (floor_id, name, kind)
    SELECT f.id, to_char(n, 'FM00000'), 'patient_room' FROM generate_series(0, $1 - 1) n JOIN made_floor f ON f.level = n / 50
    RETURNING id, name
), made_zone AS (
    INSERT INTO zone (room_id, name) SELECT id, name FROM made_room RETURNING id, name
), made_reader AS (
    INSERT INTO reader (reader_key, name, technology, state, heartbeat_interval_ms, approved_at)
    SELECT 'bench-' || to_char(n, 'FM00000'), 'Reader ' || n, 'ble', 'active', 30000, now() FROM generate_series(0, $1 - 1) n
    RETURNING id, reader_key
), made_antenna AS (
    INSERT INTO antenna (reader_id, port, zone_id)
    SELECT r.id, 0, z.id FROM made_reader r JOIN made_zone z ON r.reader_key = 'bench-' || z.name
), made_type AS (
    INSERT INTO asset_type (name) VALUES ('Infusion pump') RETURNING id
), made_asset AS (
    INSERT INTO asset (asset_number, asset_type_id)
    SELECT 'B' || to_char(n, 'FM00000000'), t.id FROM made_type t, generate_series(0, $2 - 1) n RETURNING id, asset_number
), made_tag AS (
    INSERT INTO tag (tag_key, technology, expected_interval_ms)
    SELECT 'mac:' || upper(lpad(to_hex($3 + n), 12, '0')), 'ble', 2000 FROM generate_series(0, $2 - 1) n RETURNING id, tag_key
)
INSERT INTO tag_assignment (tag_id, asset_id, assigned_at)
SELECT t.id, a.id, now() - interval '1 day'
FROM made_tag t JOIN made_asset a
    ON t.tag_key = 'mac:' || upper(lpad(to_hex($3 + substr(a.asset_number, 2)::bigint), 12, '0'))
