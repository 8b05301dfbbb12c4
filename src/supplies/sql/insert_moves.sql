-- Appends moves, those that a reader told before left out (R16). The trigger keeps the levels.
INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at, user_id, reader_id, form_key,
    batch_id, tag_id, order_line_id, undoes_id, note)
SELECT reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, $15, user_id, reader_id, form_key,
    batch_id, tag_id, order_line_id, undoes_id, note
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::bigint[], $9::bigint[],
        $10::uuid[], $11::uuid[], $12::bigint[], $13::bigint[], $14::bigint[], $16::text[])
    WITH ORDINALITY AS u(reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, user_id, reader_id, form_key,
        batch_id, tag_id, order_line_id, undoes_id, note, position)
ORDER BY bin_id, lot_id, position
ON CONFLICT (batch_id, tag_id, reason, lot_id) WHERE batch_id IS NOT NULL DO NOTHING
RETURNING id AS move_id
