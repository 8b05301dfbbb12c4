-- What of order lines came damaged: it was received, and written off with the same form, and not taken back. $1 lines.
SELECT m.order_line_id, (-sum(m.quantity))::bigint AS damaged
FROM stock_move m
WHERE m.order_line_id = ANY($1) AND m.reason = 'write_off' AND m.undoes_id IS NULL
  AND NOT EXISTS (SELECT FROM stock_move u WHERE u.undoes_id = m.id)
GROUP BY m.order_line_id
