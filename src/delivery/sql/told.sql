-- Whom alerts $1 were told, alone or together with others, and whether it arrived; last who will be told of them together with others.
SELECT told.alert_id, d.name AS destination, told.done_at, told.failed_at, told.waits_together
FROM (
    SELECT o.alert_id, o.destination_id, o.done_at, o.failed_at, false AS waits_together, o.id AS place
    FROM outbox o WHERE o.alert_id = ANY ($1)
    UNION ALL
    SELECT t.alert_id, o.destination_id, o.done_at, o.failed_at, false, o.id
    FROM outbox_alert t JOIN outbox o ON o.id = t.outbox_id WHERE t.alert_id = ANY ($1)
    UNION ALL
    SELECT e.alert_id, e.destination_id, NULL, NULL, true, 9223372036854775807
    FROM digest_entry e WHERE e.alert_id = ANY ($1)
) told
JOIN destination d ON d.id = told.destination_id
ORDER BY told.alert_id, told.place, d.name
