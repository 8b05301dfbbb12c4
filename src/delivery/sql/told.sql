-- Whom alerts $1 were told, and whether it arrived.
SELECT o.alert_id, d.name AS destination, o.event, o.created_at, o.done_at, o.failed_at
FROM outbox o JOIN destination d ON d.id = o.destination_id
WHERE o.alert_id = ANY ($1)
ORDER BY o.alert_id, o.id
