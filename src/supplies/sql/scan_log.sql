-- What a person did last at a place and can take back: $1 who, $2 where, $3 reasons, $4 since when, $5 how many forms. With the number of all
-- such forms and pieces.
SELECT m.form_key, m.reason, m.item_id, i.name AS item_name, i.base_unit, min(b.name) AS bin_name, min(m.bin_id) AS bin_id,
       sum(m.quantity)::bigint AS quantity, max(nullif(lot.lot_number, '')) AS lot_number, max(m.recorded_at) AS recorded_at,
       count(*) OVER () AS forms, coalesce(sum(sum(abs(m.quantity))) OVER (), 0)::bigint AS pieces
FROM stock_move m
JOIN item i ON i.id = m.item_id
JOIN bin b ON b.id = m.bin_id
JOIN lot ON lot.id = m.lot_id
WHERE m.user_id = $1 AND m.recorded_at >= $4 AND m.stock_place_id = $2 AND m.reason = ANY($3) AND m.undoes_id IS NULL
  AND m.form_key IS NOT NULL AND NOT EXISTS (SELECT FROM stock_move u WHERE u.undoes_id = m.id)
GROUP BY m.form_key, m.reason, m.item_id, i.name, i.base_unit
ORDER BY max(m.id) DESC LIMIT $5
