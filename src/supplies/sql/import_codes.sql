-- Codes $1: whose they are (number in small letters), and the pack that carries each; none: one piece.
SELECT c.code, lower(i.item_number) AS item_key, p.name AS pack
FROM item_code c JOIN item i ON i.id = c.item_id LEFT JOIN item_pack p ON p.id = c.item_pack_id WHERE c.code = ANY ($1)
