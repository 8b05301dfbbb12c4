SELECT asset_id FROM asset_place WHERE room_id = $1 ORDER BY asset_id LIMIT $2
