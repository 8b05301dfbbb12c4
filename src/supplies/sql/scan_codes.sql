-- What a scanned code stands for: $1 the text, $2 a GTIN in 14 digits or NULL, $3 the place, $4 spellings of a tag's key. An item of that code, an
-- item of that number, a bin of the place by its name, or the bin of a card; what is meant by the code itself comes first.
SELECT x.item_id, x.units, x.bin_id FROM (
    SELECT 1 AS rank, c.item_id, coalesce(p.units, 1) AS units, NULL::bigint AS bin_id
    FROM item_code c JOIN item i ON i.id = c.item_id LEFT JOIN item_pack p ON p.id = c.item_pack_id
    WHERE c.code IN ($1, $2) AND NOT i.is_retired
    UNION ALL
    SELECT 2, NULL, 1, b.id FROM bin b WHERE b.stock_place_id = $3 AND lower(b.name) = lower($1) AND NOT b.is_retired
    UNION ALL
    SELECT 3, NULL, 1, b.id FROM tag t JOIN bin_card k ON k.tag_id = t.id JOIN bin b ON b.id = k.bin_id
    WHERE t.tag_key = ANY($4) AND b.stock_place_id = $3
    UNION ALL
    SELECT 4, i.id, 1, NULL FROM item i WHERE lower(i.item_number) = lower($1) AND NOT i.is_retired) x
ORDER BY x.rank, x.item_id, x.bin_id LIMIT 1
