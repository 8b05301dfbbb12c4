-- Items by number, scanned code or a part of the name, all of them: $1 the text in small letters, $2 the same for LIKE, $3 a code in 14 digits,
-- $4 and $5 name in small letters and id of the last one before, or NULL; $6 how many.
SELECT i.id AS item_id, lower(i.name) AS sort_name
FROM (SELECT id FROM item WHERE lower(item_number) = $1
      UNION SELECT item_id FROM item_code WHERE code IN ($1, $3)
      UNION SELECT id FROM item WHERE lower(name) LIKE $2) found
JOIN item i USING (id)
WHERE NOT i.is_retired AND ($4 IS NULL OR (lower(i.name), i.id) > ($4, $5))
ORDER BY lower(i.name), i.id LIMIT $6
