-- Moves of an item at a place, the newest first: $1 item, $2 place, $3 and $4 when the last one before happened and its id, or NULL, $5 how many.
SELECT m.id AS move_id, m.reason, m.quantity, m.happened_at, m.recorded_at, m.form_key, m.undoes_id IS NOT NULL AS is_undo, m.note,
       m.undoes_id IS NULL AND m.reason <> 'count'
           AND NOT EXISTS (SELECT FROM stock_move u WHERE u.undoes_id = m.id) AS can_be_undone,
       m.lot_id, lot.lot_number, lot.expires_on, b.name AS bin_name, u.role, r.reader_key
FROM stock_move m
JOIN lot ON lot.id = m.lot_id
JOIN bin b ON b.id = m.bin_id
LEFT JOIN app_user u ON u.id = m.user_id
LEFT JOIN reader r ON r.id = m.reader_id
WHERE m.item_id = $1 AND m.stock_place_id = $2 AND ($3 IS NULL OR (m.happened_at, m.id) < ($3, $4))
ORDER BY m.happened_at DESC, m.id DESC LIMIT $5
