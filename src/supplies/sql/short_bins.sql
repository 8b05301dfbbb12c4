-- Bins to be counted: those that hold less than nothing of an item by the books, those whose count waits for a second one, and those whose
-- alert about that is still active.
SELECT x.item_id, x.stock_place_id, x.bin_id, bool_or(x.is_short) AS is_short,
       EXISTS (SELECT FROM alert a WHERE a.alert_key = 'count_discrepancy:item=' || x.item_id || ':bin=' || x.bin_id AND a.is_active) AS is_alerted
FROM (SELECT DISTINCT item_id, stock_place_id FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id)) k
CROSS JOIN LATERAL (
    SELECT l.item_id, l.stock_place_id, l.bin_id, true AS is_short
    FROM stock_level l WHERE l.item_id = k.item_id AND l.stock_place_id = k.stock_place_id AND l.on_hand < 0
    UNION ALL
    SELECT c.item_id, c.stock_place_id, c.bin_id, true
    FROM count_line c WHERE c.item_id = k.item_id AND c.stock_place_id = k.stock_place_id AND c.waits
    UNION ALL
    SELECT a.item_id, a.stock_place_id, a.bin_id, false
    FROM alert a WHERE a.item_id = k.item_id AND a.stock_place_id = k.stock_place_id AND a.kind = 'count_discrepancy' AND a.is_active) x
GROUP BY x.item_id, x.stock_place_id, x.bin_id
ORDER BY x.item_id, x.bin_id
