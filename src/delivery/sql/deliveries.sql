-- Messages, the newest first: $1 state or NULL, $2 id of the last one before or NULL, $3 how many.
SELECT o.id AS outbox_id, o.event, o.created_at, o.next_at, o.attempts, o.first_tried_at, o.done_at, o.failed_at, o.last_error, o.alert_id,
       d.name AS destination, d.kind, a.kind AS alert_kind, a.severity,
       CASE WHEN o.done_at IS NOT NULL THEN 'sent' WHEN o.failed_at IS NOT NULL THEN 'failed' ELSE 'waiting' END AS state
FROM outbox o JOIN destination d ON d.id = o.destination_id LEFT JOIN alert a ON a.id = o.alert_id
WHERE ($2 IS NULL OR o.id < $2)
  AND ($1 IS NULL OR CASE WHEN o.done_at IS NOT NULL THEN 'sent' WHEN o.failed_at IS NOT NULL THEN 'failed' ELSE 'waiting' END = $1)
ORDER BY o.id DESC LIMIT $3
