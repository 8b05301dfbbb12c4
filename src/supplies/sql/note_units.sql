-- Labels $1: bin $2 where $3 says that it changed, misses $4 since $5.
UPDATE unit_tag t SET bin_id = CASE WHEN u.is_moved THEN u.bin_id ELSE t.bin_id END, misses = u.misses, missed_since = u.missed_since,
    was_put = t.was_put OR u.is_moved AND u.bin_id IS NOT NULL
FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::smallint[], $5::timestamptz[]) AS u(tag_id, bin_id, is_moved, misses, missed_since)
WHERE t.tag_id = u.tag_id
