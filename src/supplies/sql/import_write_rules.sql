-- Items $1 at places $2: bins $3 and $4, and their own rules: reorder points $5, targets $6, maxima $7, fixed quantities $8, NULL where it
-- is inherited or computed. The numbers of a new row of stocking stand until the rules are carried, in the same transaction.
WITH given AS (
    SELECT i.id AS item_id, p.id AS stock_place_id, b.id AS bin_id, b2.id AS second_bin_id, u.point, u.target, u.maximum, u.fixed
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS u(number, place, bin, second, point, target, maximum, fixed)
    JOIN item i ON lower(i.item_number) = lower(u.number) JOIN stock_place p ON p.name = u.place
    JOIN bin b ON b.stock_place_id = p.id AND b.name = u.bin LEFT JOIN bin b2 ON b2.stock_place_id = p.id AND b2.name = u.second
    ORDER BY i.id, p.id
), ruled AS (
    INSERT INTO stock_rule (item_id, stock_place_id, reorder_point, par, maximum, fixed_quantity)
    SELECT item_id, stock_place_id, point, target, maximum, fixed FROM given WHERE num_nonnulls(point, target, maximum, fixed) > 0
    ON CONFLICT ON CONSTRAINT stock_rule_scope_key DO UPDATE SET reorder_point = excluded.reorder_point, par = excluded.par,
        maximum = excluded.maximum, fixed_quantity = excluded.fixed_quantity
)
INSERT INTO stocking (item_id, stock_place_id, bin_id, second_bin_id, fixed_quantity)
SELECT item_id, stock_place_id, bin_id, second_bin_id, coalesce(fixed, 1) FROM given ORDER BY item_id, stock_place_id
ON CONFLICT (item_id, stock_place_id) DO UPDATE SET bin_id = excluded.bin_id, second_bin_id = excluded.second_bin_id,
    fixed_quantity = coalesce(stocking.fixed_quantity, excluded.fixed_quantity)
RETURNING item_id, stock_place_id
