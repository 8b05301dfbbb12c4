-- Lines of the count $1 by bin and item: what people counted, and what the books held when they did; what moved since is not in it (R21), but what
-- somebody set right since is: it was no move of pieces.
SELECT c.id AS count_line_id, c.item_id, c.bin_id, c.stock_place_id, c.cause, c.is_skipped, c.waits, c.is_off, i.item_number, i.name AS item_name,
       i.base_unit, i.count_class, b.name AS bin_name, one.quantity AS first_quantity, one.counted_at AS first_at, one.people AS first_people,
       two.quantity AS second_quantity, two.counted_at AS second_at, coalesce(c.expected, books.on_hand - moved.quantity) AS expected,
       greatest(CASE WHEN b.empty_since > coalesce(two.counted_at, one.counted_at) THEN b.empty_since END, (SELECT max(m.happened_at) FROM stock_move m WHERE m.bin_id = c.bin_id AND m.item_id = c.item_id AND m.reason = 'empty_bin' AND m.undoes_id IS NULL
               AND m.happened_at > coalesce(two.counted_at, one.counted_at)
               AND NOT EXISTS (SELECT FROM stock_move u WHERE u.undoes_id = m.id))) AS emptied_at,
       (SELECT coalesce(p.units, 1) FROM item_pack p WHERE p.item_id = c.item_id AND p.is_ordered) AS pack_units
FROM count_line c
JOIN item i ON i.id = c.item_id
JOIN bin b ON b.id = c.bin_id
CROSS JOIN LATERAL (
    SELECT sum(e.quantity)::bigint AS quantity, max(e.counted_at) AS counted_at, array_agg(DISTINCT e.counted_by) AS people
    FROM count_entry e WHERE e.count_line_id = c.id AND e.round = 1 AND e.undone_at IS NULL AND e.replaced_by_id IS NULL) one
CROSS JOIN LATERAL (
    SELECT sum(e.quantity)::bigint AS quantity, max(e.counted_at) AS counted_at
    FROM count_entry e WHERE e.count_line_id = c.id AND e.round = 2 AND e.undone_at IS NULL AND e.replaced_by_id IS NULL) two
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.on_hand), 0)::bigint AS on_hand FROM stock_level l WHERE l.bin_id = c.bin_id AND l.item_id = c.item_id) books
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.quantity), 0)::bigint AS quantity FROM stock_move m
    WHERE m.bin_id = c.bin_id AND m.item_id = c.item_id AND m.happened_at > coalesce(two.counted_at, one.counted_at)
      AND m.reason <> 'adjust') moved
WHERE c.count_session_id = $1
ORDER BY b.name, i.name, c.id
