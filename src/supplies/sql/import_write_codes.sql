-- Codes $2 of items $1: on the packs $3, or on one piece. Further codes of an item stay where they are.
INSERT INTO item_code (code, item_id, item_pack_id)
SELECT u.code, i.id, p.id FROM unnest($1::text[], $2::text[], $3::text[]) AS u(number, code, pack)
JOIN item i ON lower(i.item_number) = lower(u.number) LEFT JOIN item_pack p ON p.item_id = i.id AND p.name = u.pack
WHERE u.pack IS NULL OR p.id IS NOT NULL
ON CONFLICT (code) DO UPDATE SET item_pack_id = excluded.item_pack_id WHERE item_code.item_id = excluded.item_id
