-- Rules of items $1 at places $2: bins $3 and $4, reorder points $5, targets $6, maxima $7, fixed quantities $8.
INSERT INTO stocking (item_id, stock_place_id, bin_id, second_bin_id, reorder_point, par, maximum, fixed_quantity, pack_units)
SELECT i.id, p.id, b.id, b2.id, u.point, u.target, u.maximum, u.fixed, coalesce(k.units, 1)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
    AS u(number, place, bin, second, point, target, maximum, fixed)
JOIN item i ON lower(i.item_number) = lower(u.number) JOIN stock_place p ON p.name = u.place
JOIN bin b ON b.stock_place_id = p.id AND b.name = u.bin LEFT JOIN bin b2 ON b2.stock_place_id = p.id AND b2.name = u.second
LEFT JOIN item_pack k ON k.item_id = i.id AND k.is_ordered
ORDER BY i.id, p.id
ON CONFLICT (item_id, stock_place_id) DO UPDATE SET bin_id = excluded.bin_id, second_bin_id = excluded.second_bin_id,
    reorder_point = excluded.reorder_point, par = excluded.par, maximum = excluded.maximum, fixed_quantity = excluded.fixed_quantity
RETURNING item_id, stock_place_id
