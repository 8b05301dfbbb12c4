-- Labels of pieces: $1 keys of tags that are there, $2 items, $3 lots, $4 base units. Tags that are on something else are left out (R1).
INSERT INTO unit_tag (tag_id, item_id, lot_id, units)
SELECT t.id, n.item_id, n.lot_id, n.units
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n(tag_key, item_id, lot_id, units)
JOIN tag t ON t.tag_key = n.tag_key
WHERE NOT EXISTS (SELECT FROM tag_assignment a WHERE a.tag_id = t.id AND a.ended_at IS NULL)
  AND NOT EXISTS (SELECT FROM bin_card c WHERE c.tag_id = t.id)
  AND NOT EXISTS (SELECT FROM unit_tag u WHERE u.tag_id = t.id)
ORDER BY t.id
RETURNING tag_id
