-- Items by number, scanned code or a part of the name: $1 the text in small letters, $2 the same for LIKE, $3 a code in 14 digits, $4 how many.
SELECT i.id AS item_id, i.item_number, i.name, i.category, i.base_unit, s.name AS supplier_name,
       (SELECT count(*) FROM stocking k WHERE k.item_id = i.id) AS places,
       (SELECT coalesce(sum(l.on_hand), 0)::bigint FROM stock_level l WHERE l.item_id = i.id) AS on_hand
FROM (SELECT id FROM item WHERE lower(item_number) = $1
      UNION SELECT item_id FROM item_code WHERE code IN ($1, $3)
      UNION SELECT id FROM item WHERE lower(name) LIKE $2) found
JOIN item i USING (id)
LEFT JOIN supplier s ON s.id = i.supplier_id
WHERE NOT i.is_retired
ORDER BY lower(i.name), i.id LIMIT $4
