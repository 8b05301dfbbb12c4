-- What a place holds of an item, in the order in which it should leave (FEFO): earliest expiry, oldest receipt, smallest remainder.
-- $3 is now; $4 one bin, or NULL.
SELECT l.lot_id, l.bin_id, l.on_hand, lot.lot_number, lot.expires_on, lot.state,
       lot.state = 'usable' AND (lot.expires_on IS NULL OR lot.expires_on >= z.today) AS is_usable
FROM stock_level l JOIN lot ON lot.id = l.lot_id
CROSS JOIN (SELECT ($3 AT TIME ZONE stock_place_time_zone($2))::date AS today) z
WHERE l.item_id = $1 AND l.stock_place_id = $2 AND ($4 IS NULL OR l.bin_id = $4) AND l.on_hand <> 0
ORDER BY lot.expires_on NULLS LAST, l.received_at, l.on_hand, l.lot_id, l.bin_id
