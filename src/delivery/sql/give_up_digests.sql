-- Alerts that wait to be told together, at destinations that are turned off ($1: only at this one, or NULL), become a message that was given up,
-- so that each of them says so: $2 now, $3 why.
WITH told AS (
    DELETE FROM digest_entry e USING destination d
    WHERE d.id = e.destination_id AND d.disabled_at IS NOT NULL AND ($1 IS NULL OR d.id = $1)
    RETURNING e.destination_id, e.alert_id
), message AS (
    INSERT INTO outbox (destination_id, event, dedupe_key, payload, created_at, next_at, failed_at, last_error)
    SELECT told.destination_id, 'digest', format('digest:%s:%s', told.destination_id, gen_random_uuid()),
           jsonb_build_object('alerts', jsonb_agg(told.alert_id ORDER BY told.alert_id)), $2, $2, $2, $3
    FROM told GROUP BY told.destination_id
    RETURNING id, destination_id
)
INSERT INTO outbox_alert (alert_id, outbox_id)
SELECT told.alert_id, message.id FROM told JOIN message ON message.destination_id = told.destination_id
