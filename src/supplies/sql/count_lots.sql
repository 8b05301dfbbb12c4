-- Lots in the bins of counted lines, as the books held them when the line was counted: $1 lines, $2 when, pairwise. In the order in which they leave.
SELECT c.id AS count_line_id, l.lot_id, l.on_hand - coalesce((
           SELECT sum(m.quantity) FROM stock_move m WHERE m.bin_id = l.bin_id AND m.lot_id = l.lot_id AND m.happened_at > u.counted_at
           AND m.reason <> 'adjust'), 0)::bigint AS expected, l.on_hand
FROM unnest($1::bigint[], $2::timestamptz[]) AS u(id, counted_at)
JOIN count_line c ON c.id = u.id
JOIN stock_level l ON l.bin_id = c.bin_id AND l.item_id = c.item_id
JOIN lot ON lot.id = l.lot_id
ORDER BY c.id, lot.expires_on NULLS LAST, l.received_at, l.lot_id
