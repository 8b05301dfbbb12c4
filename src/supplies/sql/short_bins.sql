-- Bins that hold less than nothing of an item by the books, and those whose alert about that is still active.
SELECT l.item_id, l.stock_place_id, l.bin_id, bool_or(l.on_hand < 0) AS is_short,
       EXISTS (SELECT FROM alert a WHERE a.alert_key = 'count_discrepancy:item=' || l.item_id || ':bin=' || l.bin_id AND a.is_active) AS is_alerted
FROM stock_level l
JOIN (SELECT DISTINCT item_id, stock_place_id FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id)) k USING (item_id, stock_place_id)
GROUP BY l.item_id, l.stock_place_id, l.bin_id
ORDER BY l.item_id, l.bin_id
