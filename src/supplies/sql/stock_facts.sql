-- What is to be said of items at places besides how they stand: $1 items, $2 places, pairwise.
SELECT s.item_id, s.stock_place_id, i.item_number, i.name AS item_name, i.base_unit, sp.name AS stock_place_name, sp.silent_since, sp.reader_id IS NOT NULL AS counts_itself,
       s.bin_id, b.name AS bin_name, b.empty_since, s.second_bin_id, b2.name AS second_bin_name, b2.empty_since AS second_empty_since,
       (SELECT min(l.expires_on) FROM stock_level sl JOIN lot l ON l.id = sl.lot_id
        WHERE sl.item_id = s.item_id AND sl.stock_place_id = s.stock_place_id AND sl.on_hand > 0) AS next_expiry,
       (SELECT greatest(max(m.happened_at), (SELECT max(c.counted_at) FROM count_line c
            WHERE c.item_id = s.item_id AND c.stock_place_id = s.stock_place_id AND c.counted_at IS NOT NULL)) FROM stock_move m
        WHERE m.item_id = s.item_id AND m.stock_place_id = s.stock_place_id AND m.reason = 'count') AS counted_at
FROM (SELECT DISTINCT item_id, stock_place_id FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id)) k
JOIN stocking s USING (item_id, stock_place_id)
JOIN item i ON i.id = s.item_id
JOIN stock_place sp ON sp.id = s.stock_place_id
JOIN bin b ON b.id = s.bin_id
LEFT JOIN bin b2 ON b2.id = s.second_bin_id
