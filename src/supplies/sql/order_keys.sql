-- Which order lines are in one state, oldest first: $1 state, $2 round, $3 supplier, $4 item, $5 stock place (each NULL: any), $6 and $7
-- where the page before ended, $8 how many.
SELECT o.id AS order_line_id, o.suggested_at, '' AS sort_key
FROM order_line o
JOIN item i ON i.id = o.item_id
JOIN stock_place sp ON sp.id = o.stock_place_id
WHERE o.state = $1
  AND ($2 IS NULL OR sp.supply_round_id = $2) AND ($3 IS NULL OR i.supplier_id = $3)
  AND ($4 IS NULL OR o.item_id = $4) AND ($5 IS NULL OR o.stock_place_id = $5)
  AND ($6 IS NULL OR (o.suggested_at, o.id) > ($6, $7))
ORDER BY o.suggested_at, o.id LIMIT $8
