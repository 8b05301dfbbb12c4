-- Assets of one status in rooms of one kind that entered long enough ago, and of which nothing was said since. The index by room
-- leads to them; the page goes on from a room and an asset.
SELECT a.room_id, a.id AS asset_id
FROM room r
JOIN asset a ON a.room_id = r.id AND a.status = $2 AND a.status <> 'retired'
JOIN asset_place p ON p.asset_id = a.id
WHERE r.kind = $1 AND r.id >= $4 AND (r.id, a.id) > ($4, $5)
  AND p.entered_at <= $3 AND a.status_since <= p.entered_at AND p.not_here_at IS NULL
ORDER BY r.id, a.id LIMIT $6
