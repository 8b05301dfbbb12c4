-- Items $1 as a file has them, by name: the pack that is ordered, codes of a piece and of that pack, and further packs and codes.
SELECT i.id AS item_id, i.item_number, i.name, i.base_unit AS unit, i.category, s.name AS supplier, i.count_class AS class,
       p.name AS pack, p.units AS pack_units,
       ARRAY(SELECT c.code FROM item_code c WHERE c.item_id = i.id AND c.item_pack_id IS NULL ORDER BY c.code COLLATE "C") AS piece_codes,
       ARRAY(SELECT c.code FROM item_code c WHERE c.item_id = i.id AND c.item_pack_id = p.id ORDER BY c.code COLLATE "C") AS pack_codes,
       ARRAY(SELECT k.name || ' ' || k.units FROM item_pack k WHERE k.item_id = i.id AND NOT k.is_ordered ORDER BY k.units, k.name) AS other_packs,
       ARRAY(SELECT c.code || ' (' || k.name || ')' FROM item_code c JOIN item_pack k ON k.id = c.item_pack_id
             WHERE c.item_id = i.id AND NOT k.is_ordered ORDER BY c.code COLLATE "C") AS other_codes,
       i.holding_cost, s.lead_days, s.lead_deviation_days, s.order_cost
FROM item i LEFT JOIN supplier s ON s.id = i.supplier_id LEFT JOIN item_pack p ON p.item_id = i.id AND p.is_ordered
WHERE i.id = ANY ($1)
ORDER BY lower(i.name), i.id
