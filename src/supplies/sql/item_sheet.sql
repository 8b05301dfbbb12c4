-- An item as its form shows it: $1. Whether anything was booked of it, and how many places should hold it.
SELECT i.item_number, i.name, i.base_unit, i.category, s.name AS supplier_name, i.supplier_id, i.count_class, i.holding_cost, i.is_retired,
       EXISTS (SELECT FROM stock_move m WHERE m.item_id = i.id) AS has_moves,
       (SELECT count(*) FROM stocking k WHERE k.item_id = i.id) AS places
FROM item i LEFT JOIN supplier s ON s.id = i.supplier_id WHERE i.id = $1
