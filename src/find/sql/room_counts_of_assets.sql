SELECT room_id, asset_state(status, safety_hold, is_service_blocked, room_id) AS state, count(*) AS n
FROM asset
WHERE id = ANY ($2) AND room_id = ANY ($1) AND status <> 'retired'
GROUP BY 1, 2
ORDER BY 1, 2
