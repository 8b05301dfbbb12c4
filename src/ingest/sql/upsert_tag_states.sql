INSERT INTO tag_state AS t (tag_id, room_id, reader_id, seen_at, entered_at, confidence, battery_pct)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::real[], $7::smallint[])
    AS u(a, b, c, d, e, f, g) ORDER BY a
ON CONFLICT (tag_id) DO UPDATE SET
    room_id = excluded.room_id, reader_id = excluded.reader_id, seen_at = excluded.seen_at, entered_at = excluded.entered_at,
    confidence = excluded.confidence, battery_pct = coalesce(excluded.battery_pct, t.battery_pct), version = t.version + 1
-- Older event times never change what is known (R15); a slot that closes later may change the room at the same last sighting.
WHERE t.seen_at < excluded.seen_at
   OR (t.seen_at = excluded.seen_at AND excluded.entered_at > coalesce(t.entered_at, '-infinity'))
