-- Messages that tell several alerts, where a new period of the destination has begun since the first of them; $1 is now. Each has a key of
-- its own: what was entered late, after the message of its period, goes with another one.
WITH due AS (
    SELECT e.destination_id FROM digest_entry e JOIN destination d ON d.id = e.destination_id
    WHERE d.disabled_at IS NULL
    GROUP BY e.destination_id
    HAVING next_digest(min(d.digest_minutes), min(e.entered_at)) <= $1
), told AS (
    DELETE FROM digest_entry e USING due WHERE e.destination_id = due.destination_id RETURNING e.destination_id, e.alert_id
), message AS (
    INSERT INTO outbox (destination_id, event, dedupe_key, payload, created_at, next_at)
    SELECT told.destination_id, 'digest', format('digest:%s:%s', told.destination_id, gen_random_uuid()),
           jsonb_build_object('alerts', jsonb_agg(told.alert_id ORDER BY told.alert_id)), $1, $1
    FROM told GROUP BY told.destination_id
    RETURNING id, destination_id
), named AS (
    INSERT INTO outbox_alert (alert_id, outbox_id)
    SELECT told.alert_id, message.id FROM told JOIN message ON message.destination_id = told.destination_id
)
SELECT count(*) AS n FROM message
