-- Open order lines by state and round of their place.
SELECT o.state, sp.supply_round_id AS round_id, r.name AS round_name, count(*) AS n
FROM order_line o
JOIN stock_place sp ON sp.id = o.stock_place_id
LEFT JOIN supply_round r ON r.id = sp.supply_round_id
WHERE o.state IN ('suggested', 'approved', 'sent', 'part_received')
GROUP BY o.state, sp.supply_round_id, r.name
ORDER BY o.state, r.name NULLS LAST
