INSERT INTO tag_state AS t (tag_id, room_id, reader_id, seen_at, entered_at, confidence, battery_pct)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::real[], $7::smallint[])
