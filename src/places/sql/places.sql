SELECT r.id AS room_id, r.name AS room_name, r.kind AS room_kind, f.id AS floor_id, f.name AS floor_name,
       b.name AS building_name, u.id AS unit_id, u.name AS unit_name, fa.time_zone
FROM room r
JOIN floor f ON f.id = r.floor_id
JOIN building b ON b.id = f.building_id
JOIN facility fa ON fa.id = b.facility_id
LEFT JOIN unit u ON u.id = r.unit_id
WHERE r.id = ANY ($1)
