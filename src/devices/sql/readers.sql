-- Readers with their health, a page of them: $1 now, $2 and $3 rank and key of the last one shown, $4 limit.
SELECT l.*,
       (SELECT count(*) FROM reader_credential c
        WHERE c.reader_id = l.reader_id AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > $1)) AS credentials,
       (SELECT coalesce(sum(n.sightings), 0)::bigint FROM unregistered_tag_count n
        WHERE n.reader_id = l.reader_id AND n.hour_at > $1 - interval '24 hours') AS unregistered
FROM (
    SELECT r.id AS reader_id, r.reader_key, r.name, r.technology, r.state, r.heartbeat_interval_ms,
           CASE WHEN r.state = 'waiting' THEN 0 WHEN r.state = 'disabled' THEN 3
                WHEN h.down_since IS NOT NULL THEN 1 ELSE 2 END AS rank,
           h.last_message_at, h.down_since, coalesce(h.clock_offset_ms, 0) AS clock_offset_ms,
           coalesce(h.clock_faults, 0) AS clock_faults, coalesce(h.rejected, 0) AS rejected,
           coalesce(h.duplicates, 0) AS duplicates, coalesce(h.sightings_per_min, 0::real) AS sightings_per_min,
           h.last_event
    FROM reader r LEFT JOIN reader_health h ON h.reader_id = r.id
) l
WHERE $2::integer IS NULL OR (l.rank, l.reader_key) > ($2, $3)
ORDER BY l.rank, l.reader_key
LIMIT $4
