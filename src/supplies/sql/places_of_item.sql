-- Places that should hold an item, by name: $1 item, $2 and $3 name and id of the last one before, or NULL, $4 how many.
SELECT s.item_id, s.stock_place_id, sp.name AS sort_name
FROM stocking s JOIN stock_place sp ON sp.id = s.stock_place_id
WHERE s.item_id = $1 AND NOT sp.is_retired AND ($2 IS NULL OR (sp.name, sp.id) > ($2, $3))
ORDER BY sp.name, sp.id LIMIT $4
