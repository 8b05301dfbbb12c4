-- Items $1 (numbers in small letters) at places $2 (names), with what their own rules say.
SELECT lower(i.item_number) AS item_key, p.name AS place, b.name AS bin, b2.name AS second_bin, r.method, r.reorder_point, r.par AS target,
       r.maximum, r.fixed_quantity
FROM stock_place p JOIN stocking s ON s.stock_place_id = p.id JOIN item i ON i.id = s.item_id JOIN bin b ON b.id = s.bin_id
LEFT JOIN bin b2 ON b2.id = s.second_bin_id
LEFT JOIN stock_rule r ON r.item_id = s.item_id AND r.stock_place_id = s.stock_place_id
WHERE p.name = ANY ($2) AND lower(i.item_number) = ANY ($1)
