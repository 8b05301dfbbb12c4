-- Labelled pieces, locked: those that the books have in place $1, and those with labels $2.
-- The place is asked for by itself: a join would be looked at as it was before the lock was waited for.
SELECT u.tag_id, u.item_id, u.lot_id, u.units, u.bin_id, (SELECT b.stock_place_id FROM bin b WHERE b.id = u.bin_id) AS stock_place_id,
       u.misses, u.missed_since, u.was_put
FROM unit_tag u
WHERE u.tag_id = ANY (ARRAY(
        SELECT h.tag_id FROM bin p JOIN unit_tag h ON h.bin_id = p.id WHERE p.stock_place_id = $1
        UNION SELECT unnest($2::bigint[])))
ORDER BY u.tag_id FOR UPDATE OF u
