-- Tags that are new, and those whose interval changes. $4 now.
INSERT INTO tag (tag_key, technology, expected_interval_ms, created_at)
SELECT key, technology, interval_ms, $4 FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n (key, technology, interval_ms)
ORDER BY key
ON CONFLICT (tag_key) DO UPDATE SET expected_interval_ms = EXCLUDED.expected_interval_ms
WHERE tag.expected_interval_ms IS DISTINCT FROM EXCLUDED.expected_interval_ms
