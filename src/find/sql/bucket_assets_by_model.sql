-- The assets of some buckets (room and state), each bucket from the index (model, room, status). Room 0 stands for no known place.
SELECT a.id AS asset_id
FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS b (room_id, state, ord)
CROSS JOIN LATERAL (
    (SELECT id FROM asset
     WHERE model_id = ANY ($1) AND room_id = b.room_id AND status <> 'retired'
       AND status = CASE WHEN b.state IN ('ready', 'held', 'unplaced') THEN 'available' ELSE b.state END
       AND asset_state(status, safety_hold, is_service_blocked, room_id) = b.state
     ORDER BY id LIMIT $4)
    UNION ALL
    (SELECT id FROM asset
     WHERE b.room_id = 0 AND model_id = ANY ($1) AND room_id IS NULL AND status <> 'retired'
       AND status = CASE WHEN b.state IN ('ready', 'held', 'unplaced') THEN 'available' ELSE b.state END
       AND asset_state(status, safety_hold, is_service_blocked, room_id) = b.state
     ORDER BY id LIMIT $4)
) a
ORDER BY b.ord, a.id
LIMIT $4
