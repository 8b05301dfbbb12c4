-- How many lines in a state belong to suppliers or rounds, and the oldest of them: $1 state, $2 round (NULL: any), $3 ids of suppliers or
-- rounds (0: none), $4 which of the two, $5 how many of each are named.
SELECT g.id AS group_id, count(*) AS n, (array_agg(o.id ORDER BY o.suggested_at, o.id))[1:$5] AS ids
FROM order_line o
JOIN item i ON i.id = o.item_id
JOIN stock_place sp ON sp.id = o.stock_place_id
CROSS JOIN LATERAL (SELECT coalesce(CASE $4 WHEN 'supplier' THEN i.supplier_id ELSE sp.supply_round_id END, 0) AS id) g
WHERE o.state = $1 AND ($2 IS NULL OR sp.supply_round_id = $2) AND g.id = ANY($3)
GROUP BY g.id
