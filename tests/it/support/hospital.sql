-- Places, readers, equipment and tags of the small hospital. Where things are is added by seed.rs, relative to the clock.
INSERT INTO facility (name, time_zone) VALUES ('North hospital', 'Europe/London');
INSERT INTO building (facility_id, name) VALUES (1, 'Main building');
INSERT INTO floor (building_id, name, level) VALUES (10001, 'Level 3', 3), (10001, 'Ground', 0);
INSERT INTO unit (facility_id, name) VALUES (1, '3 West'), (1, 'Equipment library');
INSERT INTO room (floor_id, unit_id, name, kind) VALUES
    (20001, 30001, '3W-12', 'clean_utility'),
    (20001, 30001, '3W-14', 'soiled_utility'),
    (20001, 30001, 'Bay 2', 'patient_care_area'),
    (20002, NULL, '0.021', 'equipment_room');
INSERT INTO zone (room_id, name) VALUES (40001, 'Whole room'), (40002, 'Whole room'), (40003, 'Bed 1'), (40004, 'Door');
INSERT INTO reader (reader_key, name, technology, state, approved_at, heartbeat_interval_ms) VALUES
    ('3w-12-a', 'Ceiling', 'ble', 'active', now(), 30000),
    ('3w-14-a', '', 'ble', 'active', now(), 30000),
    ('new-1', '', 'ble', 'waiting', NULL, 30000),
    ('old-1', 'In the store', 'rfid', 'disabled', NULL, NULL);
INSERT INTO antenna (reader_id, port, zone_id) VALUES (100001, 0, 50001), (100002, 0, 50002), (100002, 1, 50003);
INSERT INTO reader_credential (reader_id, kind, slot, secret_hash) VALUES (100001, 'amqp', 'a', '\x00');

INSERT INTO asset_type (name) VALUES ('Infusion pump'), ('Syringe pump'), ('Wheelchair'), ('Bariatric bed');
INSERT INTO model (asset_type_id, maker, name) VALUES
    (60001, 'BD', 'Alaris GP'), (60001, 'Fresenius Kabi', 'Agilia VP'), (60002, 'BD', 'Alaris CC'), (60003, 'Marlund', 'Glide 20');
INSERT INTO asset (asset_number, asset_type_id, model_id, owner_unit_id, status) VALUES
    ('IP-0417', 60001, 70001, 30002, 'available'),
    ('IP-0333', 60001, 70002, 30002, 'available'),
    ('IP-0377', 60001, 70001, 30001, 'soiled'),
    ('IP-0500', 60001, 70001, NULL, 'available'),
    ('WC-0007', 60003, 70004, NULL, 'available'),
    ('SP-0100', 60002, 70003, NULL, 'in_use'),
    ('IP-0001', 60001, 70001, NULL, 'retired');
INSERT INTO asset_identifier (asset_id, kind, value) VALUES
    (80001, 'serial', '800310442'), (80001, 'udi', '(01)07613203021012'), (80002, 'serial', 'SN-1'), (80006, 'serial', 'SN-1');
INSERT INTO tag (tag_key, technology, expected_interval_ms) VALUES
    ('mac:AC233F000001', 'ble', 2000), ('mac:AC233F000002', 'ble', 2000), ('mac:AC233F000003', 'ble', 2000),
    ('mac:AC233F000004', 'ble', 2000), ('epc:E28011606000020612345678', 'rfid', NULL);
INSERT INTO tag_assignment (tag_id, asset_id, assigned_at) VALUES
    (90001, 80001, '2026-01-01'), (90002, 80002, '2026-01-01'), (90003, 80003, '2026-01-01'), (90005, 80005, '2026-01-01');
