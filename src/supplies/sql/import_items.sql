-- Items $1 (numbers in small letters) as a file may set them. An item has at most one pack that is ordered.
SELECT i.id AS item_id, i.item_number, i.name, i.base_unit AS unit, i.category, s.name AS supplier, i.count_class AS class, i.is_retired,
       EXISTS (SELECT FROM stock_move m WHERE m.item_id = i.id) AS has_moves, p.name AS pack, p.units AS pack_units
FROM item i LEFT JOIN supplier s ON s.id = i.supplier_id LEFT JOIN item_pack p ON p.item_id = i.id AND p.is_ordered
WHERE lower(i.item_number) = ANY ($1)
