-- The same, by the names of their suppliers or rounds, those without one last: $9 supplier or round, $10 the group in which the page before ended.
SELECT o.id AS order_line_id, o.suggested_at, g.sort_key
FROM order_line o
JOIN item i ON i.id = o.item_id
JOIN stock_place sp ON sp.id = o.stock_place_id
LEFT JOIN supplier su ON su.id = i.supplier_id
LEFT JOIN supply_round r ON r.id = sp.supply_round_id
CROSS JOIN LATERAL (SELECT coalesce('0' || lower(CASE $9 WHEN 'supplier' THEN su.name ELSE r.name END), '1') AS sort_key) g
WHERE o.state = $1
  AND ($2 IS NULL OR sp.supply_round_id = $2) AND ($3 IS NULL OR i.supplier_id = $3)
  AND ($4 IS NULL OR o.item_id = $4) AND ($5 IS NULL OR o.stock_place_id = $5)
  AND ($6 IS NULL OR (g.sort_key, o.suggested_at, o.id) > ($10, $6, $7))
ORDER BY g.sort_key, o.suggested_at, o.id LIMIT $8
