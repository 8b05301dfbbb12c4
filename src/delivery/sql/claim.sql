-- Takes messages that are due, at most four at a time of a destination, one where the last tries failed: $1 now, $2 how many, $3 failures.
WITH busy AS (
    SELECT destination_id, count(*) AS n FROM outbox
    WHERE done_at IS NULL AND failed_at IS NULL AND next_at <= $1 AND locked_until > $1 GROUP BY destination_id
), due AS (
    SELECT o.id, row_number() OVER (PARTITION BY o.destination_id ORDER BY o.next_at, o.id) + coalesce(b.n, 0) AS place, d.failures
    FROM outbox o JOIN destination d ON d.id = o.destination_id LEFT JOIN busy b ON b.destination_id = o.destination_id
    WHERE o.done_at IS NULL AND o.failed_at IS NULL AND o.next_at <= $1 AND (o.locked_until IS NULL OR o.locked_until <= $1)
      AND d.disabled_at IS NULL AND (d.broken_until IS NULL OR d.broken_until <= $1)
), taken AS (
    SELECT id FROM outbox WHERE id IN (SELECT id FROM due WHERE place <= CASE WHEN failures >= $3 THEN 1 ELSE 4 END)
      AND done_at IS NULL AND failed_at IS NULL AND (locked_until IS NULL OR locked_until <= $1)
    ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE outbox o SET locked_until = $1 + interval '60 seconds', first_tried_at = coalesce(o.first_tried_at, $1)
FROM taken, destination d
WHERE o.id = taken.id AND d.id = o.destination_id
RETURNING o.id AS outbox_id, o.message_id, o.event, o.attempts, o.created_at, o.alert_id, o.payload, d.id AS destination_id, d.name, d.kind, d.address,
          d.secret, CASE WHEN d.old_secret_until > $1 THEN d.old_secret END AS old_secret
