-- 100,000 items and places: 2,000 items at 50 places, a lot and two moves each, and order lines in every state.
INSERT INTO supply_round (name) VALUES ('Morning'), ('Afternoon');
INSERT INTO supplier (name) VALUES ('Supplier 1'), ('Supplier 2');
INSERT INTO item (item_number, name, supplier_id)
SELECT 'E' || n, 'Explained item ' || n, (SELECT min(id) FROM supplier) + n % 2 FROM generate_series(1, 2000) n;
INSERT INTO stock_place (kind, name, room_id, supply_round_id)
SELECT 'room', 'Explained store ' || n, (SELECT min(id) FROM room), (SELECT min(id) FROM supply_round) + n % 2 FROM generate_series(1, 50) n;
INSERT INTO bin (stock_place_id, name) SELECT p.id, 'B-' || n FROM stock_place p, generate_series(1, 20) n;
INSERT INTO stocking (item_id, stock_place_id, bin_id, reorder_point, par)
SELECT i.id, b.stock_place_id, b.id, 10, 30 FROM item i JOIN bin b ON b.name = 'B-' || (1 + i.id % 20);
INSERT INTO stock_rule (item_id, stock_place_id, reorder_point, par) SELECT item_id, stock_place_id, 10, 30 FROM stocking;
INSERT INTO stock_rule (item_id, facility_id, service_percent) SELECT i.id, f.id, 98 FROM item i, (SELECT min(id) AS id FROM facility) f WHERE i.id % 2 = 0;
INSERT INTO stock_rule (order_days) VALUES (5);
INSERT INTO lot (item_id, lot_number, expires_on, first_received_at)
SELECT id, 'L' || id, current_date + 1000 + id::integer % 500, now() FROM item;
INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at)
SELECT 'count', s.item_id, l.id, s.bin_id, s.stock_place_id, m.quantity, now() - interval '9 days' + m.at, now()
FROM stocking s JOIN lot l ON l.item_id = s.item_id, (VALUES (40, interval '0'), (-7, interval '1 day')) AS m(quantity, at);
INSERT INTO order_line (item_id, stock_place_id, state, cause, quantity_suggested, suggested_at, settled_at, ended_at)
SELECT item_id, stock_place_id, 'withdrawn', 'reorder_point', 10, now() - interval '1 day', now(), now() FROM stocking;
INSERT INTO order_line (item_id, stock_place_id, cause, quantity_suggested, suggested_at, settled_at)
SELECT item_id, stock_place_id, 'reorder_point', 10, now() - item_id * interval '1 second', now() FROM stocking WHERE item_id % 10 = 0;
-- 20,000 orders of three lines each, of which the last hundred are on their way.
INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('explained-orders', 'Someone', 'supply', 'none');
INSERT INTO supply_order (supplier_id, sent_at, sent_by, form_key)
SELECT (SELECT min(id) FROM supplier) + n % 2, now() - (20001 - n) * interval '1 minute', u.id, gen_random_uuid()
FROM generate_series(1, 20000) n, app_user u WHERE u.sign_in_name = 'explained-orders';
INSERT INTO order_line (item_id, stock_place_id, state, cause, quantity_suggested, quantity_ordered, quantity_received, suggested_at, settled_at,
    approved_at, approved_by, supply_order_id, ended_at)
SELECT s.item_id, s.stock_place_id, CASE WHEN x.is_open THEN 'part_received' ELSE 'received' END, 'reorder_point', 10, 10,
       CASE WHEN x.is_open THEN 4 ELSE 10 END, o.sent_at, now(), o.sent_at, o.sent_by, o.id, CASE WHEN x.is_open THEN NULL ELSE now() END
FROM (SELECT o.*, row_number() OVER (ORDER BY o.id) AS n FROM supply_order o) o
CROSS JOIN LATERAL (SELECT o.n > 19900 AS is_open) x
JOIN (SELECT s.*, row_number() OVER (ORDER BY s.item_id, s.stock_place_id) AS n FROM stocking s) s ON s.n BETWEEN 3 * o.n - 2 AND 3 * o.n;
ANALYZE;
-- 20,000 labelled pieces in 1,000 bins.
INSERT INTO tag (tag_key, technology) SELECT 'epc:AA' || lpad(to_hex(n), 8, '0'), 'rfid' FROM generate_series(1, 20000) n;
INSERT INTO unit_tag (tag_id, item_id, lot_id, bin_id)
SELECT t.id, l.item_id, l.id, (SELECT min(id) FROM bin) + t.id % 1000
FROM tag t CROSS JOIN (SELECT min(id) AS id, min(item_id) AS item_id FROM lot) l WHERE t.tag_key LIKE 'epc:AA%';
ANALYZE unit_tag, tag;
-- 1,000 counts of 20 lines, all but one over.
INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('explained', 'Explained', 'supply', 'x');
INSERT INTO count_session (stock_place_id, state, created_at, created_by, ended_at, ended_by)
SELECT (SELECT min(id) FROM stock_place) + n % 50, 'posted', now(), u.id, now(), u.id FROM generate_series(1, 1000) n, (SELECT min(id) AS id FROM app_user) u;
INSERT INTO count_session (stock_place_id, state, created_at, created_by)
SELECT min(p.id), 'counting', now(), (SELECT min(id) FROM app_user) FROM stock_place p;
INSERT INTO count_line (count_session_id, item_id, bin_id, stock_place_id, cause, counted_at, counted, expected)
SELECT c.id, s.item_id, s.bin_id, s.stock_place_id, 'due', now() - interval '200 days', 40, 40
FROM count_session c JOIN stocking s ON s.stock_place_id = c.stock_place_id AND s.item_id % 100 = c.id % 100 WHERE c.state = 'posted';
INSERT INTO count_line (count_session_id, item_id, bin_id, stock_place_id, cause)
SELECT c.id, s.item_id, s.bin_id, s.stock_place_id, 'due' FROM count_session c JOIN stocking s ON s.stock_place_id = c.stock_place_id AND s.item_id % 100 = 7
WHERE c.state = 'counting';
INSERT INTO count_entry (count_line_id, round, quantity, counted_at, counted_by)
SELECT id, 1, 40, now(), (SELECT min(id) FROM app_user) FROM count_line;
ANALYZE count_session, count_line, count_entry;
