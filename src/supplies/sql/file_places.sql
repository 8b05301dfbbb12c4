-- Where items $1 are held, with what their own rules there say; by item and name of the place.
SELECT k.item_id, p.name AS place, p.kind, r.name AS room, o.name AS round, b.name AS bin, b2.name AS second_bin, u.reorder_point,
       u.par AS target, u.maximum, u.fixed_quantity
FROM stocking k
JOIN stock_place p ON p.id = k.stock_place_id
LEFT JOIN room r ON r.id = p.room_id
LEFT JOIN supply_round o ON o.id = p.supply_round_id
JOIN bin b ON b.id = k.bin_id
LEFT JOIN bin b2 ON b2.id = k.second_bin_id
LEFT JOIN stock_rule u ON u.item_id = k.item_id AND u.stock_place_id = k.stock_place_id
WHERE k.item_id = ANY ($1) AND NOT p.is_retired
ORDER BY k.item_id, p.name
