-- Keeps the rule in force of items $1 at places $2: methods $3, reorder points $4, targets $5, maxima $6, fixed quantities $7, packs $8,
-- roundings $9; $10 is now. Returns what changed, or was never kept by rules.
UPDATE stocking s SET method = u.method, reorder_point = u.reorder_point, par = u.par, maximum = u.maximum, fixed_quantity = u.fixed_quantity,
    pack_units = u.pack_units, rounding = u.rounding, rules_at = $10
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])
    AS u(item_id, stock_place_id, method, reorder_point, par, maximum, fixed_quantity, pack_units, rounding)
WHERE s.item_id = u.item_id AND s.stock_place_id = u.stock_place_id
  AND (s.rules_at IS NULL OR (s.method, s.reorder_point, s.par, s.maximum, s.fixed_quantity, s.pack_units, s.rounding)
       IS DISTINCT FROM (u.method, u.reorder_point, u.par, u.maximum, u.fixed_quantity, u.pack_units, u.rounding))
RETURNING s.item_id, s.stock_place_id
