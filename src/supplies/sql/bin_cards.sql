-- Cards $1, locked, with their bins and the item of which these are one of two.
SELECT c.tag_id, c.bin_id, c.board_seen_at, b.filled_at, b.stock_place_id,
       (SELECT s.item_id FROM stocking s
        WHERE s.stock_place_id = b.stock_place_id AND s.second_bin_id IS NOT NULL AND c.bin_id IN (s.bin_id, s.second_bin_id)
        ORDER BY s.item_id LIMIT 1) AS item_id
FROM bin_card c JOIN bin b ON b.id = c.bin_id
WHERE c.tag_id = ANY ($1)
ORDER BY c.tag_id FOR UPDATE OF c
