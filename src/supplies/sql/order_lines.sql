-- Order lines with what their words need, in the order in which they are asked for: $1 their ids.
SELECT o.id AS order_line_id, o.item_id, i.item_number, i.name AS item_name, i.base_unit, o.stock_place_id, sp.name AS stock_place_name,
       sp.reader_id IS NOT NULL AS counts_itself,
       s.bin_id, b.name AS bin_name, s.second_bin_id IS NOT NULL AS has_two_bins, b2.name AS second_bin_name,
       o.state, o.cause, o.quantity_suggested, o.quantity_ordered, o.quantity_received, o.pack_units, pk.name AS pack_name,
       o.arithmetic, o.suggested_at, o.approved_at, o.ended_at, o.end_reason, o.quiet_until,
       o.supply_order_id, so.sent_at, su.id AS supplier_id, su.name AS supplier_name, su.lead_days, r.id AS round_id, r.name AS round_name,
       ap.role AS approved_role
FROM unnest($1::bigint[]) WITH ORDINALITY AS k(id, position)
JOIN order_line o ON o.id = k.id
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
ORDER BY k.position
