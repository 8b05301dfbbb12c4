-- Ways that the plan of a floor gives, seen from that floor.
SELECT CASE WHEN a.floor_id = $1 THEN a.name ELSE b.name END AS from_name,
       CASE WHEN a.floor_id = $1 THEN b.name ELSE a.name END AS to_name,
       CASE WHEN a.floor_id = b.floor_id THEN NULL WHEN a.floor_id = $1 THEN fb.name ELSE fa.name END AS to_floor,
       w.cost_m
FROM walk_edge w
JOIN room a ON a.id = w.room_a JOIN floor fa ON fa.id = a.floor_id
JOIN room b ON b.id = w.room_b JOIN floor fb ON fb.id = b.floor_id
WHERE w.floor_id = $1
ORDER BY w.room_a, w.room_b
