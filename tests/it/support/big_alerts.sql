-- 10,000 open alerts among 25,000, 2,000 open look-for tasks among 15,000, and two years of what people said, beside big_fleet.sql.
INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('explain', 'Explain', 'nurse', 'x');
INSERT INTO alert (kind, severity, alert_key, asset_id, room_id, opened_at, last_at)
SELECT (ARRAY['soiled_in_clean_room', 'soiled_in_clean_room', 'soiled_in_clean_room', 'missing'])[1 + n % 4],
       (ARRAY['low', 'medium', 'high', 'critical'])[1 + n % 4], 'open' || n, a.id, r.id, now() - n * interval '1 minute', now()
FROM generate_series(1, 10000) n
JOIN asset a ON a.id = (SELECT min(id) FROM asset) + n JOIN room r ON r.id = (SELECT min(id) FROM room) + n % 2000;
INSERT INTO alert (kind, severity, alert_key, asset_id, room_id, opened_at, last_at, is_active, ended_at, state, resolved_at)
SELECT 'missing', 'medium', 'over' || n, a.id, r.id, now() - n * interval '10 minutes', now(), false, now() - n * interval '9 minutes',
       'resolved', now() - n * interval '9 minutes'
FROM generate_series(1, 15000) n
JOIN asset a ON a.id = (SELECT min(id) FROM asset) + n JOIN room r ON r.id = (SELECT min(id) FROM room) + n % 2000;
INSERT INTO task (kind, asset_id, room_id, state, opened_at, closed_at, outcome)
SELECT 'look_for', a.id, r.id, CASE WHEN n <= 2000 THEN 'open' ELSE 'done' END, now() - n * interval '10 minutes',
       CASE WHEN n > 2000 THEN now() - n * interval '9 minutes' END, CASE WHEN n > 2000 THEN 'found' END
FROM generate_series(1, 15000) n
JOIN asset a ON a.id = (SELECT min(id) FROM asset) + n JOIN room r ON r.id = (SELECT min(id) FROM room) + n % 2000;
INSERT INTO asset_event (asset_id, act, from_status, to_status, at, learned_at, rule, room_id, said_room_id, act_key)
SELECT a.id, (ARRAY['took', 'soiled', 'cleaning', 'not_here', 'found'])[1 + n % 5], 'in_use', 'in_use', now() - n * interval '17 minutes',
       now(), 'test', r.id, r.id, gen_random_uuid()
FROM generate_series(1, 60000) n
JOIN asset a ON a.id = (SELECT min(id) FROM asset) + n JOIN room r ON r.id = (SELECT min(id) FROM room) + n % 2000;
ANALYZE alert, task, asset_event, app_user;
