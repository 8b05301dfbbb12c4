-- Places of stock by name: $1 and $2 name and id of the last one before, or NULL; $3 how many.
SELECT sp.id AS stock_place_id, sp.name, sp.kind, sp.silent_since, sp.reader_id IS NOT NULL AS counts_itself, r.name AS round_name, u.name AS unit_name,
       (SELECT count(*) FROM stocking s WHERE s.stock_place_id = sp.id) AS items,
       (SELECT count(*) FROM order_line o WHERE o.stock_place_id = sp.id AND o.state = 'suggested') AS drafts,
       (SELECT count(*) FROM alert a WHERE a.stock_place_id = sp.id AND a.kind = 'stockout' AND a.is_active) AS out
FROM stock_place sp
LEFT JOIN supply_round r ON r.id = sp.supply_round_id
LEFT JOIN asset a ON a.id = sp.asset_id
LEFT JOIN room rm ON rm.id = coalesce(sp.room_id, a.room_id)
LEFT JOIN unit u ON u.id = rm.unit_id
WHERE NOT sp.is_retired AND ($1 IS NULL OR (sp.name, sp.id) > ($1, $2))
ORDER BY sp.name, sp.id LIMIT $3
