-- A hospital of 10 units with 20 rooms each.
INSERT INTO facility (name, time_zone) VALUES ('North hospital', 'Europe/London');
INSERT INTO building (facility_id, name) SELECT id, 'Main building' FROM facility;
INSERT INTO floor (building_id, name, level) SELECT b.id, 'Level ' || n, n FROM building b, generate_series(0, 4) n;
INSERT INTO unit (facility_id, name) SELECT f.id, n || side FROM facility f, generate_series(1, 5) n, unnest(ARRAY[' East', ' West']) side;
INSERT INTO room (floor_id, unit_id, name, kind)
SELECT f.id, u.id, replace(replace(u.name, ' West', 'W'), ' East', 'E') || '-' || n, 'patient_room'
FROM unit u JOIN floor f ON f.level = left(u.name, 1)::integer - 1, generate_series(1, 20) n;
