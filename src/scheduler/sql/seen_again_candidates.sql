-- Missing assets with a tag that was heard since they are missing. The partial index has only the missing ones.
SELECT a.id AS asset_id FROM asset a
WHERE a.status = 'missing' AND a.id > $1
  AND (SELECT max(s.seen_at) FROM tag_assignment ta JOIN tag_state s ON s.tag_id = ta.tag_id AND s.seen_at >= ta.assigned_at
       WHERE ta.asset_id = a.id AND ta.ended_at IS NULL) > a.status_since
ORDER BY a.id LIMIT $2
