INSERT INTO order_line (item_id, stock_place_id, cause, quantity_suggested, pack_units, arithmetic, suggested_at, settled_at)
SELECT item_id, stock_place_id, cause, quantity, pack_units, arithmetic, $7, $7
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::jsonb[])
    AS u(item_id, stock_place_id, cause, quantity, pack_units, arithmetic)
ORDER BY item_id, stock_place_id
