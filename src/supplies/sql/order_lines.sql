-- Order lines in one state, oldest first: $1 state, $2 round, $3 supplier, $4 item, $5 stock place (each NULL: any), $6 and $7 where the
-- page before ended, $8 how many.
SELECT o.id AS order_line_id, o.item_id, i.item_number, i.name AS item_name, i.base_unit, o.stock_place_id, sp.name AS stock_place_name,
       b.name AS bin_name, s.second_bin_id IS NOT NULL AS has_two_bins, b2.name AS second_bin_name,
       o.state, o.cause, o.quantity_suggested, o.quantity_ordered, o.quantity_received, o.pack_units, pk.name AS pack_name,
       o.arithmetic, o.suggested_at, o.approved_at, o.ended_at, o.end_reason, o.quiet_until,
       o.supply_order_id, so.sent_at, su.id AS supplier_id, su.name AS supplier_name, su.lead_days, r.name AS round_name,
       ap.role AS approved_role
FROM order_line o
JOIN item i ON i.id = o.item_id
JOIN stock_place sp ON sp.id = o.stock_place_id
LEFT JOIN stocking s ON s.item_id = o.item_id AND s.stock_place_id = o.stock_place_id
LEFT JOIN bin b ON b.id = s.bin_id
LEFT JOIN bin b2 ON b2.id = s.second_bin_id
LEFT JOIN item_pack pk ON pk.item_id = o.item_id AND pk.is_ordered AND pk.units = o.pack_units
LEFT JOIN supplier su ON su.id = i.supplier_id
LEFT JOIN supply_round r ON r.id = sp.supply_round_id
LEFT JOIN supply_order so ON so.id = o.supply_order_id
LEFT JOIN app_user ap ON ap.id = o.approved_by
WHERE o.state = $1
  AND ($2 IS NULL OR sp.supply_round_id = $2) AND ($3 IS NULL OR i.supplier_id = $3)
  AND ($4 IS NULL OR o.item_id = $4) AND ($5 IS NULL OR o.stock_place_id = $5)
  AND ($6 IS NULL OR (o.suggested_at, o.id) > ($6, $7))
ORDER BY o.suggested_at, o.id LIMIT $8
