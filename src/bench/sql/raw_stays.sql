INSERT INTO asset_stay (asset_id, room_id, entered_at, left_at, basis)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[])
