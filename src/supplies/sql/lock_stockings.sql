-- Locks what the moves touch, in the order of the key, so that of two people who take from one place at the same moment the second
-- decides on what the first one left (I-8).
SELECT s.item_id, s.stock_place_id FROM stocking s
JOIN (SELECT DISTINCT item_id, stock_place_id FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id)) k USING (item_id, stock_place_id)
ORDER BY s.item_id, s.stock_place_id FOR NO KEY UPDATE OF s
