SELECT asset_id, room_id, entered_at, basis FROM asset_place WHERE asset_id = ANY($1::bigint[]) ORDER BY asset_id FOR UPDATE
