-- ITEMS items at 50 places, a bin, a rule and a lot each, and plenty of it; and a table like the ledger from which nothing follows.
INSERT INTO facility (name, time_zone) VALUES ('Bench', 'Europe/London');
INSERT INTO building (facility_id, name) SELECT id, 'Main' FROM facility;
INSERT INTO floor (building_id, name, level) SELECT id, 'Level 0', 0 FROM building;
INSERT INTO room (floor_id, name, kind) SELECT id, 'Store', 'supply_room' FROM floor;
INSERT INTO item (item_number, name) SELECT 'B' || n, 'Item ' || n FROM generate_series(1, ITEMS) n;
INSERT INTO stock_place (kind, name, room_id) SELECT 'room', 'Store ' || n, (SELECT id FROM room) FROM generate_series(1, 50) n;
INSERT INTO bin (stock_place_id, name) SELECT p.id, 'B-' || n FROM stock_place p, generate_series(1, 100) n;
INSERT INTO stocking (item_id, stock_place_id, bin_id, reorder_point, par)
SELECT i.id, b.stock_place_id, b.id, 10, 30 FROM item i JOIN bin b ON b.name = 'B-' || (1 + i.id % 100);
INSERT INTO lot (item_id, lot_number, expires_on, first_received_at) SELECT id, 'L', current_date + 900, now() FROM item;
INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at)
SELECT 'count', s.item_id, l.id, s.bin_id, s.stock_place_id, 100000, now() - interval '1 day', now() FROM stocking s JOIN lot l ON l.item_id = s.item_id;
CREATE TABLE plain_move (LIKE stock_move INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES INCLUDING CONSTRAINTS);
ANALYZE;
