-- Items that a place should hold, by name: $1 place, $2 and $3 name (small letters) and id of the last one before, or NULL, $4 how many.
SELECT s.item_id, s.stock_place_id, lower(i.name) AS sort_name
FROM stocking s JOIN item i ON i.id = s.item_id
WHERE s.stock_place_id = $1 AND ($2 IS NULL OR (lower(i.name), i.id) > ($2, $3))
ORDER BY lower(i.name), i.id LIMIT $4
