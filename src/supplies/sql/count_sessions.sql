-- Counts, the newest first: $1 only those that are not over (or those that are), $2 the last one before or NULL, $3 how many.
SELECT s.id AS count_session_id, s.state, s.created_at, s.ended_at, s.end_reason, s.stock_place_id, p.name AS stock_place_name, u.role AS created_role,
       n.lines, n.counted, n.off, n.waiting
FROM count_session s
JOIN stock_place p ON p.id = s.stock_place_id
JOIN app_user u ON u.id = s.created_by
CROSS JOIN LATERAL (
    SELECT count(*) AS lines,
           count(*) FILTER (WHERE c.counted_at IS NOT NULL OR EXISTS (SELECT FROM count_entry e WHERE e.count_line_id = c.id
               AND e.undone_at IS NULL AND e.replaced_by_id IS NULL)) AS counted,
           count(*) FILTER (WHERE c.is_off) AS off, count(*) FILTER (WHERE c.waits) AS waiting
    FROM count_line c WHERE c.count_session_id = s.id) n
WHERE (s.state IN ('draft', 'counting', 'review')) = $1 AND ($2 IS NULL OR s.id < $2)
ORDER BY s.id DESC LIMIT $3
