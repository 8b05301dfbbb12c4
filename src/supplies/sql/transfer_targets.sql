-- The usual bins of all places that hold an item and do not count themselves: $1 item, $2 how many.
SELECT s.stock_place_id, sp.name AS stock_place_name, b.id AS bin_id, b.name AS bin_name
FROM stocking s
JOIN stock_place sp ON sp.id = s.stock_place_id AND NOT sp.is_retired AND sp.reader_id IS NULL
JOIN bin b ON b.id IN (s.bin_id, s.second_bin_id) AND NOT b.is_retired
WHERE s.item_id = $1
ORDER BY sp.name, (b.id = s.bin_id) DESC LIMIT $2
