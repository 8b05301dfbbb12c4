-- Where the items of order lines go: the usual bins of their places first, then others in which some of it is.
-- $1 lines.
SELECT o.id AS order_line_id, b.id AS bin_id, b.name AS bin_name
FROM order_line o
LEFT JOIN stocking s ON s.item_id = o.item_id AND s.stock_place_id = o.stock_place_id
CROSS JOIN LATERAL (
    SELECT s.bin_id AS id UNION SELECT s.second_bin_id
    UNION SELECT l.bin_id FROM stock_level l WHERE l.item_id = o.item_id AND l.stock_place_id = o.stock_place_id AND l.on_hand <> 0) x
JOIN bin b ON b.id = x.id AND NOT b.is_retired
WHERE o.id = ANY($1)
ORDER BY o.id, coalesce(b.id = s.bin_id, false) DESC, b.name
