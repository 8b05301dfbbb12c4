-- Rules by id: $1 whether they stand at a place of stock (NULL: all), $2 the last one before, $3 a text in small letters and $4 the same for
-- LIKE, of an item or of where it holds, $5 only these, $6 how many; each NULL: any.
SELECT r.id AS rule_id, r.item_id, i.item_number, i.name AS item_name, i.base_unit,
       r.stock_place_id, r.room_id, r.floor_id, r.building_id, r.facility_id,
       coalesce(p.name, m.name || ', ' || mf.name, f.name || ', ' || fb.name, b.name, fa.name, '') AS scope_name,
       r.method, r.reorder_point, r.par, r.maximum, r.fixed_quantity, r.rounding, r.service_percent, r.order_days
FROM stock_rule r
LEFT JOIN item i ON i.id = r.item_id
LEFT JOIN stock_place p ON p.id = r.stock_place_id
LEFT JOIN room m ON m.id = r.room_id
LEFT JOIN floor mf ON mf.id = m.floor_id
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN building fb ON fb.id = f.building_id
LEFT JOIN building b ON b.id = r.building_id
LEFT JOIN facility fa ON fa.id = r.facility_id
WHERE ($1 IS NULL OR (r.stock_place_id IS NOT NULL) = $1) AND ($2 IS NULL OR r.id > $2)
  AND ($3 IS NULL OR r.item_id IN (SELECT id FROM item WHERE lower(item_number) = $3 UNION SELECT id FROM item WHERE lower(name) LIKE $4)
       OR r.stock_place_id IN (SELECT id FROM stock_place WHERE lower(name) LIKE $4)
       OR r.room_id IN (SELECT id FROM room WHERE lower(name) LIKE $4) OR r.floor_id IN (SELECT id FROM floor WHERE lower(name) LIKE $4)
       OR r.building_id IN (SELECT id FROM building WHERE lower(name) LIKE $4)
       OR r.facility_id IN (SELECT id FROM facility WHERE lower(name) LIKE $4))
  AND ($5 IS NULL OR r.id = ANY ($5))
ORDER BY r.id LIMIT $6
