-- Bins of two that are empty at a place, the last one first: $1 the place, $2 how many.
SELECT b.id AS bin_id, b.name AS bin_name, b.empty_since, s.item_id, i.name AS item_name
FROM bin b
JOIN stocking s ON s.stock_place_id = b.stock_place_id AND s.second_bin_id IS NOT NULL AND b.id IN (s.bin_id, s.second_bin_id)
JOIN item i ON i.id = s.item_id
WHERE b.stock_place_id = $1 AND b.empty_since IS NOT NULL AND NOT b.is_retired
ORDER BY b.empty_since DESC, b.id LIMIT $2
