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
ANALYZE;
-- 20,000 labelled pieces in 1,000 bins.
INSERT INTO tag (tag_key, technology) SELECT 'epc:AA' || lpad(to_hex(n), 8, '0'), 'rfid' FROM generate_series(1, 20000) n;
INSERT INTO unit_tag (tag_id, item_id, lot_id, bin_id)
SELECT t.id, l.item_id, l.id, (SELECT min(id) FROM bin) + t.id % 1000
FROM tag t CROSS JOIN (SELECT min(id) AS id, min(item_id) AS item_id FROM lot) l WHERE t.tag_key LIKE 'epc:AA%';
ANALYZE unit_tag, tag;
