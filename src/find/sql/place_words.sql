-- Names of places that a search can mean: all units and floors, and at most $1 rooms.
SELECT 'unit' AS sort, u.id, u.name, NULL AS room_kind, NULL AS area,
       (SELECT r.floor_id FROM room r WHERE r.unit_id = u.id ORDER BY r.id LIMIT 1) AS floor_id
FROM unit u
UNION ALL
SELECT 'floor', f.id, f.name, NULL, b.name, f.id
FROM floor f JOIN building b ON b.id = f.building_id
UNION ALL
(SELECT 'room', r.id, r.name, r.kind, coalesce(u.name, f.name), r.floor_id
 FROM room r JOIN floor f ON f.id = r.floor_id LEFT JOIN unit u ON u.id = r.unit_id
 ORDER BY r.id LIMIT $1)
