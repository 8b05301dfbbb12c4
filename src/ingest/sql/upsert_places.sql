INSERT INTO asset_place AS p (asset_id, room_id, tag_id, reader_id, entered_at, basis, confidence, learned_at)
SELECT a, b, c, d, e, f, g, $8
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[], $7::real[])
    AS u(a, b, c, d, e, f, g) ORDER BY a
ON CONFLICT (asset_id) DO UPDATE SET
    room_id = excluded.room_id, tag_id = excluded.tag_id, reader_id = excluded.reader_id, entered_at = excluded.entered_at,
    basis = excluded.basis, confidence = excluded.confidence, learned_at = excluded.learned_at,
    not_here_at = NULL, scanned_at = NULL
WHERE p.entered_at < excluded.entered_at
