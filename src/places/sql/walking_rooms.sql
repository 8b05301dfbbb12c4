SELECT r.id AS room_id, r.unit_id, r.floor_id, f.building_id
FROM room r
JOIN floor f ON f.id = r.floor_id
ORDER BY r.id
LIMIT $1
