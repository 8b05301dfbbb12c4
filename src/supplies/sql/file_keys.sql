-- Items by name: $1 and $2 name in small letters and id of the last one before, or NULL; $3 how many.
SELECT i.id AS item_id, lower(i.name) AS sort_name FROM item i
WHERE NOT i.is_retired AND ($1 IS NULL OR (lower(i.name), i.id) > ($1, $2))
ORDER BY lower(i.name), i.id LIMIT $3
