-- Items and places that a change reaches, in the order of their key: $1 item, $2 stock place, $3 room, $4 floor, $5 building, $6 facility,
-- $7 supplier, $8 round (each NULL: any), $9 and $10 the last ones before, or NULL, $11 how many.
SELECT s.item_id, s.stock_place_id
FROM stocking s
JOIN item i ON i.id = s.item_id
JOIN stock_place p ON p.id = s.stock_place_id
LEFT JOIN asset a ON a.id = p.asset_id
LEFT JOIN room r ON r.id = coalesce(p.room_id, a.room_id)
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN building b ON b.id = f.building_id
WHERE ($1 IS NULL OR s.item_id = $1) AND ($2 IS NULL OR s.stock_place_id = $2) AND ($3 IS NULL OR r.id = $3)
  AND ($4 IS NULL OR r.floor_id = $4) AND ($5 IS NULL OR f.building_id = $5) AND ($6 IS NULL OR b.facility_id = $6)
  AND ($7 IS NULL OR i.supplier_id = $7) AND ($8 IS NULL OR p.supply_round_id = $8)
  AND ($9 IS NULL OR (s.item_id, s.stock_place_id) > ($9, $10))
ORDER BY s.item_id, s.stock_place_id LIMIT $11
