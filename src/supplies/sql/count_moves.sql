-- The last moves beside lines of a count, three a line, without counts: $1 lines.
SELECT c.id AS count_line_id, m.reason, m.quantity, m.happened_at
FROM count_line c
CROSS JOIN LATERAL (
    SELECT m.reason, m.quantity, m.happened_at FROM stock_move m
    WHERE m.bin_id = c.bin_id AND m.item_id = c.item_id AND m.reason <> 'count'
    ORDER BY m.happened_at DESC, m.id DESC LIMIT 3) m
WHERE c.id = ANY($1)
ORDER BY c.id, m.happened_at DESC
