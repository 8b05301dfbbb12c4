-- Codes of items $1: $2 of a piece, $3 of the pack that is ordered. Further codes of an item stay.
INSERT INTO item_code (code, item_id, item_pack_id)
SELECT u.gtin, i.id, NULL::bigint FROM unnest($1::text[], $2::text[]) AS u(number, gtin) JOIN item i ON lower(i.item_number) = lower(u.number)
WHERE u.gtin IS NOT NULL
UNION ALL
SELECT u.gtin, i.id, p.id FROM unnest($1::text[], $3::text[]) AS u(number, gtin) JOIN item i ON lower(i.item_number) = lower(u.number)
JOIN item_pack p ON p.item_id = i.id AND p.is_ordered WHERE u.gtin IS NOT NULL
ON CONFLICT (code) DO UPDATE SET item_pack_id = excluded.item_pack_id WHERE item_code.item_id = excluded.item_id
