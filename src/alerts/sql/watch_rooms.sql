INSERT INTO equipment_par_watch AS w (asset_type_id, room_id, is_below, since)
SELECT a, b, c, $4 FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS u(a, b, c) ORDER BY a, b
ON CONFLICT (asset_type_id, room_id) DO UPDATE SET is_below = excluded.is_below, since = excluded.since
