-- The hospital of `bench search`: places in a grid as src/bench/load.rs has them, types by how common they are, every status,
-- places known and unknown, tags on most assets. Numbers come from hashes, so the same settings give the same hospital.
-- The triggers that keep rooms and counts are off meanwhile: both are computed in bulk at the end, which gives the same rows.
BEGIN;
SET LOCAL synchronous_commit = off;
SET LOCAL work_mem = '256MB';
SET LOCAL maintenance_work_mem = '512MB';
ALTER TABLE asset DISABLE TRIGGER USER;
ALTER TABLE asset_place DISABLE TRIGGER USER;

CREATE FUNCTION pg_temp.setting(name text) RETURNS bigint LANGUAGE sql AS $$ SELECT current_setting('bench.' || name)::bigint $$;
-- An even share from 0 to 1 for a number.
CREATE FUNCTION pg_temp.share(n bigint, salt bigint) RETURNS double precision LANGUAGE sql AS
    $$ SELECT (hashint8extended(n, salt) & 1048575) / 1048576.0 $$;

INSERT INTO facility (name, time_zone) VALUES ('Bench hospital', 'Europe/London');
INSERT INTO building (facility_id, name)
SELECT f.id, 'Building ' || n FROM facility f, generate_series(0, (pg_temp.setting('rooms') - 1) / 500) n ORDER BY n;
INSERT INTO floor (building_id, name, level)
SELECT (SELECT min(id) FROM building) + n / 10, 'Level ' || n % 10, n % 10
FROM generate_series(0, (pg_temp.setting('rooms') - 1) / 50) n ORDER BY n;
INSERT INTO unit (facility_id, name)
SELECT f.id, 'Unit ' || to_char(n, 'FM000')
FROM facility f, generate_series(0, (pg_temp.setting('rooms') - 1) / pg_temp.setting('rooms_a_unit')) n ORDER BY n;
INSERT INTO room (floor_id, unit_id, name, kind)
SELECT (SELECT min(id) FROM floor) + n / 50, (SELECT min(id) FROM unit) + n / pg_temp.setting('rooms_a_unit'),
       to_char(n, 'FM00000'),
       CASE n % 25 WHEN 0 THEN 'nurse_station' WHEN 1 THEN 'equipment_storage' WHEN 2 THEN 'clean_utility'
                   WHEN 3 THEN 'soiled_utility' WHEN 4 THEN 'hallway' ELSE 'patient_room' END
FROM generate_series(0, pg_temp.setting('rooms') - 1) n ORDER BY n;
INSERT INTO zone (room_id, name) SELECT id, 'Whole room' FROM room ORDER BY id;
INSERT INTO reader (reader_key, name, technology, state, heartbeat_interval_ms, approved_at)
SELECT 'bench-' || name, 'Reader ' || name, 'ble', 'active', 30000, now() FROM room ORDER BY id;
INSERT INTO antenna (reader_id, port, zone_id)
SELECT rd.id, 0, z.id FROM reader rd JOIN room r ON rd.reader_key = 'bench-' || r.name JOIN zone z ON z.room_id = r.id;

-- Ways: to the neighbours on the floor, by a lift to the floor above, and from building to building.
WITH at AS (SELECT id, floor_id, row_number() OVER (ORDER BY id) - 1 AS n FROM room)
INSERT INTO walk_edge (floor_id, room_a, room_b, cost_m)
SELECT a.floor_id, a.id, b.id, CASE WHEN a.floor_id = b.floor_id THEN 5 WHEN b.n % 500 = 0 THEN 120 ELSE 40 END
FROM at a CROSS JOIN (VALUES (1), (10), (50)) s (step) JOIN at b ON b.n = a.n + s.step
WHERE CASE s.step WHEN 1 THEN a.n % 10 <> 9 WHEN 10 THEN b.floor_id = a.floor_id ELSE a.n % 50 = 0 END;

INSERT INTO asset_type (name) SELECT name FROM unnest(string_to_array(current_setting('bench.types'), ';')) WITH ORDINALITY AS t (name, ord) ORDER BY ord;
WITH maker AS (SELECT string_to_array(current_setting('bench.makers'), ';') AS names),
     typed AS (SELECT id, row_number() OVER (ORDER BY id) AS ord FROM asset_type)
INSERT INTO model (asset_type_id, maker, name)
SELECT t.id, names[1 + (t.ord * 3 + n) % array_length(names, 1)], 'Series ' || t.ord || '-' || n
FROM maker, typed t, generate_series(1, 5) n ORDER BY t.ord, n;

CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT n, type_ix, (SELECT min(id) FROM asset_type) + type_ix AS asset_type_id,
       (SELECT min(id) FROM model) + type_ix * 5 + floor(5 * power(pg_temp.share(n, 2), 1.5))::bigint AS model_id,
       CASE WHEN pg_temp.share(n, 3) < 0.6
            THEN (SELECT min(id) FROM unit) + floor(pg_temp.share(n, 4) * (SELECT count(*) FROM unit))::bigint END AS owner_unit_id,
       CASE WHEN s < 0.55 THEN 'available' WHEN s < 0.80 THEN 'in_use' WHEN s < 0.88 THEN 'soiled' WHEN s < 0.91 THEN 'cleaning'
            WHEN s < 0.95 THEN 'in_repair' WHEN s < 0.97 THEN 'missing' ELSE 'retired' END AS status,
       CASE WHEN n < pg_temp.setting('heard') THEN n % pg_temp.setting('rooms')
            WHEN pg_temp.share(n, 6) < 0.03 THEN NULL
            WHEN pg_temp.share(n, 6) < 0.40 THEN least(room_ix - room_ix % 25 + 1, pg_temp.setting('rooms') - 1)
            ELSE room_ix END AS room_ix,
       n < pg_temp.setting('heard') OR pg_temp.share(n, 7) < 0.7 AS is_tagged
FROM (SELECT n, pg_temp.share(n, 5) AS s,
             floor((SELECT count(*) FROM asset_type) * power(pg_temp.share(n, 1), 1.7))::bigint AS type_ix,
             floor(pg_temp.setting('rooms') * pg_temp.share(n, 8))::bigint AS room_ix
      FROM generate_series(0, pg_temp.setting('assets') - 1) n) h;
ANALYZE made;
INSERT INTO asset (asset_number, asset_type_id, model_id, owner_unit_id, status, status_since, room_id, safety_hold, hold_since,
                   is_service_blocked, status_before, gone_since)
SELECT 'E' || to_char(n, 'FM0000000'), asset_type_id, model_id, owner_unit_id, status, now() - interval '1 hour',
       (SELECT min(id) FROM room) + room_ix,
       CASE WHEN n % 200 = 7 THEN 'quarantine' END, CASE WHEN n % 200 = 7 THEN now() - interval '1 hour' END, n % 100 = 9,
       CASE WHEN status = 'missing' THEN 'available' END, CASE WHEN status = 'missing' THEN now() - interval '1 hour' END
FROM made ORDER BY n;
INSERT INTO asset_identifier (asset_id, kind, value)
SELECT (SELECT min(id) FROM asset) + n, 'serial', 'SN' || to_char(n * 7919 % 10000019, 'FM00000000') FROM made ORDER BY n;
INSERT INTO tag (tag_key, technology, expected_interval_ms)
SELECT 'mac:' || upper(lpad(to_hex(pg_temp.setting('mac_base') + n), 12, '0')), 'ble', pg_temp.setting('beacon_ms')
FROM made WHERE is_tagged ORDER BY n;
CREATE TEMP TABLE tagged ON COMMIT DROP AS
SELECT (SELECT min(id) FROM tag) + row_number() OVER (ORDER BY n) - 1 AS tag_id, (SELECT min(id) FROM asset) + n AS asset_id,
       (SELECT min(id) FROM room) + room_ix AS room_id, (SELECT min(id) FROM reader) + room_ix AS reader_id,
       -- Half are heard, the others have been silent for up to four hours.
       now() - CASE WHEN n < pg_temp.setting('heard') OR pg_temp.share(n, 9) < 0.5 THEN 5 ELSE 14400 * pg_temp.share(n, 10) END
           * interval '1 second' AS seen_at
FROM made WHERE is_tagged;
-- The exclusion constraint is checked row by row: built afterwards from all rows it is there in a fraction of the time.
ALTER TABLE tag_assignment DROP CONSTRAINT tag_assignment_tag_id_period_excl;
INSERT INTO tag_assignment (tag_id, asset_id, assigned_at) SELECT tag_id, asset_id, now() - interval '30 days' FROM tagged ORDER BY tag_id;
ALTER TABLE tag_assignment ADD CONSTRAINT tag_assignment_tag_id_period_excl
    EXCLUDE USING gist (tag_id WITH =, tstzrange(assigned_at, ended_at) WITH &&);
INSERT INTO tag_state (tag_id, room_id, reader_id, seen_at, entered_at, confidence, battery_pct)
SELECT tag_id, room_id, reader_id, seen_at, CASE WHEN room_id IS NOT NULL THEN seen_at - interval '2 hours' END, 0.9, 80
FROM tagged ORDER BY tag_id;
INSERT INTO asset_place (asset_id, room_id, tag_id, reader_id, entered_at, basis, learned_at)
SELECT (SELECT min(id) FROM asset) + m.n, (SELECT min(id) FROM room) + m.room_ix, t.tag_id, t.reader_id,
       coalesce(t.seen_at, now()) - interval '2 hours', CASE WHEN t.tag_id IS NULL THEN 'scan' ELSE 'beacon' END, now()
FROM made m LEFT JOIN tagged t ON t.asset_id = (SELECT min(id) FROM asset) + m.n
WHERE m.room_ix IS NOT NULL ORDER BY m.n;
INSERT INTO asset_count (asset_type_id, model_id, room_id, state, n)
SELECT asset_type_id, coalesce(model_id, 0), coalesce(room_id, 0), asset_state(status, safety_hold, is_service_blocked, room_id), count(*)
FROM asset WHERE status <> 'retired' GROUP BY 1, 2, 3, 4;
INSERT INTO asset_total (asset_type_id, model_id, state, n)
SELECT asset_type_id, model_id, state, sum(n) FROM asset_count GROUP BY 1, 2, 3;
ALTER TABLE asset ENABLE TRIGGER USER;
ALTER TABLE asset_place ENABLE TRIGGER USER;
COMMIT;
