-- Rooms with ready assets of some types ($2: only of these rooms) and the target that holds there: its own line wins over the one
-- for its kind (R8). From the kept counts, so this reads a row a room and never the fleet.
SELECT c.asset_type_id, c.room_id, c.n AS ready, coalesce(own.target, kind.target) AS target
FROM asset_counts c
JOIN room r ON r.id = c.room_id
LEFT JOIN equipment_par own ON own.asset_type_id = c.asset_type_id AND own.room_id = c.room_id
LEFT JOIN equipment_par kind ON kind.asset_type_id = c.asset_type_id AND kind.room_kind = r.kind
WHERE c.asset_type_id = ANY ($1) AND c.state = 'ready' AND ($2::bigint[] IS NULL OR c.room_id = ANY ($2))
  AND c.n > coalesce(own.target, kind.target, 0)
ORDER BY c.asset_type_id, c.room_id
