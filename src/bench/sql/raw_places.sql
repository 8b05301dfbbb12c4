INSERT INTO asset_place AS p (asset_id, room_id, tag_id, reader_id, entered_at, basis, confidence, learned_at)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[], $7::real[], $8::timestamptz[])
