-- 100,000 assets with tags, states, places and stays, for the EXPLAIN tests. Half of them are of one type and one model: a
-- type that holds much of the table is where a planner is most tempted to read all of it.
INSERT INTO facility (name, time_zone) VALUES ('North hospital', 'Europe/London');
INSERT INTO building (facility_id, name) SELECT id, 'Main building' FROM facility;
INSERT INTO floor (building_id, name, level) SELECT b.id, 'Level ' || n, n FROM building b, generate_series(0, 9) n;
INSERT INTO unit (facility_id, name) SELECT f.id, 'Unit ' || n FROM facility f, generate_series(1, 40) n;
INSERT INTO room (floor_id, unit_id, name, kind)
SELECT f.id, u.id, f.level || '.' || n, 'patient_room'
FROM floor f, generate_series(1, 200) n, LATERAL (SELECT min(id) + (f.level * 4 + n / 50) AS id FROM unit) u
WHERE u.id IN (SELECT id FROM unit);
INSERT INTO zone (room_id, name) SELECT id, 'Whole room' FROM room;
INSERT INTO reader (reader_key, state, approved_at, heartbeat_interval_ms) SELECT 'reader-' || id, 'active', now(), 30000 FROM zone;
INSERT INTO antenna (reader_id, port, zone_id) SELECT r.id, 0, z.id FROM reader r JOIN zone z ON r.reader_key = 'reader-' || z.id;
INSERT INTO reader_health (reader_id, last_message_at, down_since)
SELECT id, now(), CASE WHEN id % 50 = 0 THEN now() END FROM reader;

INSERT INTO asset_type (name) VALUES ('Infusion pump');
INSERT INTO asset_type (name) SELECT 'Device kind ' || n FROM generate_series(1, 39) n;
INSERT INTO model (asset_type_id, maker, name) SELECT id, 'Maker', 'Model ' || id FROM asset_type;
INSERT INTO equipment_par (asset_type_id, room_kind, target, critical) SELECT min(id), 'clean_utility', 4, 1 FROM asset_type;
INSERT INTO synonym (term, folded, kind, asset_type_id) SELECT 'Drip', 'drip', 'slang', min(id) FROM asset_type;
INSERT INTO asset (asset_number, asset_type_id, model_id, status)
SELECT 'IP-' || lpad(n::text, 6, '0'), t.id, m.id,
       (ARRAY['available', 'available', 'in_use', 'soiled', 'cleaning', 'in_repair', 'retired'])[1 + n % 7]
FROM generate_series(1, 100000) n
JOIN asset_type t ON t.id = (SELECT min(id) FROM asset_type) + CASE WHEN n % 2 = 0 THEN 0 ELSE n % 40 END
JOIN model m ON m.asset_type_id = t.id;
INSERT INTO asset_identifier (asset_id, kind, value) SELECT id, 'serial', 'SN' || id FROM asset;
INSERT INTO tag (tag_key, technology, expected_interval_ms)
SELECT 'mac:' || lpad(upper(to_hex(id)), 12, '0'), 'ble', 2000 FROM asset;
INSERT INTO tag_assignment (tag_id, asset_id, assigned_at)
SELECT t.id, a.id, now() - interval '90 days' FROM asset a JOIN tag t ON t.tag_key = 'mac:' || lpad(upper(to_hex(a.id)), 12, '0');

CREATE TEMP TABLE at_room AS
SELECT ta.asset_id, ta.tag_id, r.id AS room_id, rd.id AS reader_id
FROM tag_assignment ta
JOIN room r ON r.id = (SELECT min(id) FROM room) + ta.asset_id % 2000
JOIN zone z ON z.room_id = r.id JOIN antenna an ON an.zone_id = z.id JOIN reader rd ON rd.id = an.reader_id;
INSERT INTO tag_state (tag_id, room_id, reader_id, seen_at, entered_at, battery_pct)
SELECT tag_id, room_id, reader_id, now() - (asset_id % 4000) * interval '1 second', now() - interval '2 hours', 80 FROM at_room;
INSERT INTO asset_place (asset_id, room_id, tag_id, reader_id, entered_at, basis, learned_at)
SELECT asset_id, room_id, tag_id, reader_id, now() - interval '2 hours', 'beacon', now() FROM at_room;
SELECT ensure_partition('asset_stay', (now() - interval '1 month')::date), ensure_partition('asset_stay', now()::date),
       ensure_partition('asset_stay', (now() + interval '1 month')::date), ensure_partition('quarantine', now()::date);
INSERT INTO asset_stay (asset_id, room_id, entered_at, left_at, basis)
SELECT a.asset_id, a.room_id, now() - (n * 2 + 1) * interval '1 hour', now() - n * interval '2 hours', 'beacon'
FROM at_room a, generate_series(1, 2) n;
INSERT INTO quarantine (received_at, scope, reason, detail, routing_key, body, body_bytes)
SELECT now(), 'message', 'not_json', 'line 1', 's.reader-1', '\x7b', 1 FROM generate_series(1, 2000);
DROP TABLE at_room;
SELECT fold_asset_counts();
ANALYZE facility, building, floor, unit, room, zone, reader, antenna, reader_health, asset_type, model, asset, asset_identifier;
ANALYZE tag, tag_assignment, tag_state, asset_place, asset_stay, quarantine, asset_count, asset_count_delta, asset_total;
