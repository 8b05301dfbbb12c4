-- One page of tags of equipment; labels of pieces and cards of bins are not among them. Those on nothing have no index of their own: a bounded piece is walked for them.
SELECT w.id AS tag_id, w.tag_key, w.technology, w.expected_interval_ms, ta.asset_id, a.asset_number, t.name AS type_name,
       s.seen_at, s.battery_pct
FROM (SELECT id, tag_key, technology, expected_interval_ms FROM tag WHERE tag_key > $1 ORDER BY tag_key LIMIT $4) w
LEFT JOIN LATERAL (SELECT o.asset_id FROM tag_assignment o WHERE o.tag_id = w.id AND o.ended_at IS NULL LIMIT 1) ta ON true
LEFT JOIN LATERAL (SELECT b.asset_number, b.asset_type_id FROM asset b WHERE b.id = ta.asset_id LIMIT 1) a ON true
LEFT JOIN asset_type t ON t.id = a.asset_type_id
LEFT JOIN LATERAL (SELECT h.seen_at, h.battery_pct FROM tag_state h WHERE h.tag_id = w.id LIMIT 1) s ON true
WHERE (NOT $2 OR ta.asset_id IS NULL)
  AND (SELECT u.tag_id FROM unit_tag u WHERE u.tag_id = w.id) IS NULL AND (SELECT c.tag_id FROM bin_card c WHERE c.tag_id = w.id) IS NULL
ORDER BY w.tag_key LIMIT $3
