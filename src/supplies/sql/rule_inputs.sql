-- What the rule in force at items $1 and places $2 (pairwise) is made from besides the rules, and what is kept of it now.
SELECT s.item_id, s.stock_place_id, r.id AS room_id, f.id AS floor_id, b.id AS building_id, b.facility_id,
       coalesce(k.units, 1) AS pack_units, s.second_bin_id IS NOT NULL AS has_two_bins, s.use_per_day, s.use_deviation,
       u.lead_days, u.lead_deviation_days, u.order_cost, i.holding_cost, o.every_days AS round_days,
       s.method, s.reorder_point, s.par, s.maximum, s.fixed_quantity, s.rounding, s.pack_units AS kept_pack_units, s.rules_at
FROM (SELECT DISTINCT item_id, stock_place_id FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id)) q
JOIN stocking s USING (item_id, stock_place_id)
JOIN item i ON i.id = s.item_id
LEFT JOIN item_pack k ON k.item_id = i.id AND k.is_ordered
LEFT JOIN supplier u ON u.id = i.supplier_id
JOIN stock_place p ON p.id = s.stock_place_id
LEFT JOIN supply_round o ON o.id = p.supply_round_id
LEFT JOIN asset a ON a.id = p.asset_id
LEFT JOIN room r ON r.id = coalesce(p.room_id, a.room_id)
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN building b ON b.id = f.building_id
ORDER BY s.item_id, s.stock_place_id
