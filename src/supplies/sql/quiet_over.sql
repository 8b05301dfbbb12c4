-- Rejections whose day has come ($1 is now, $2 rows at most): noted once, and their items and places looked at again.
WITH due AS (
    SELECT o.id FROM order_line o
    WHERE o.state = 'rejected' AND o.quiet_until <= ($1 AT TIME ZONE stock_place_time_zone(o.stock_place_id))::date
      AND o.settled_at < o.quiet_until
    ORDER BY o.id LIMIT $2 FOR UPDATE SKIP LOCKED
), noted AS (
    UPDATE order_line o SET settled_at = greatest($1, o.quiet_until::timestamptz) FROM due WHERE o.id = due.id
    RETURNING o.item_id, o.stock_place_id
)
SELECT DISTINCT item_id, stock_place_id FROM noted
