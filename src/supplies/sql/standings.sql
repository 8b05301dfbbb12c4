-- How items stand at places that should hold them. $3 is now; days are those of the facility (R17).
SELECT s.item_id, s.stock_place_id, s.method, s.reorder_point, s.par, s.maximum, s.fixed_quantity, s.pack_units, s.rounding,
       s.second_bin_id IS NOT NULL AS has_two_bins, s.use_per_day, z.today, sp.silent_since IS NOT NULL AS is_silent,
       stock.on_hand, stock.usable, orders.on_order, sug.id AS suggestion_id, sug.quantity_suggested,
       EXISTS (SELECT FROM order_line o WHERE o.item_id = s.item_id AND o.stock_place_id = s.stock_place_id
               AND o.state = 'rejected' AND o.quiet_until > z.today) AS is_quiet,
       (SELECT count(*) FROM bin b WHERE b.id IN (s.bin_id, s.second_bin_id) AND b.empty_since IS NOT NULL) AS empty_bins,
       ARRAY(SELECT a.kind FROM alert a WHERE a.alert_key IN (
            'stockout:item=' || s.item_id || ':place=' || s.stock_place_id,
            'reorder:item=' || s.item_id || ':place=' || s.stock_place_id,
            'both_bins_empty:item=' || s.item_id || ':place=' || s.stock_place_id) AND a.is_active) AS alerted
FROM (SELECT DISTINCT item_id, stock_place_id FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id)) k
JOIN stocking s USING (item_id, stock_place_id)
JOIN stock_place sp ON sp.id = s.stock_place_id
CROSS JOIN LATERAL (SELECT ($3 AT TIME ZONE stock_place_time_zone(s.stock_place_id))::date AS today) z
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.on_hand), 0)::bigint AS on_hand,
           coalesce(sum(l.on_hand) FILTER (WHERE lot.state = 'usable' AND (lot.expires_on IS NULL OR lot.expires_on >= z.today)), 0)::bigint AS usable
    FROM stock_level l JOIN lot ON lot.id = l.lot_id
    WHERE l.item_id = s.item_id AND l.stock_place_id = s.stock_place_id) stock
CROSS JOIN LATERAL (
    SELECT coalesce(sum(greatest(o.quantity_ordered - o.quantity_received, 0)), 0)::bigint AS on_order
    FROM order_line o
    WHERE o.item_id = s.item_id AND o.stock_place_id = s.stock_place_id AND o.state IN ('approved', 'sent', 'part_received')) orders
LEFT JOIN order_line sug ON sug.item_id = s.item_id AND sug.stock_place_id = s.stock_place_id AND sug.state = 'suggested'
ORDER BY s.item_id, s.stock_place_id
