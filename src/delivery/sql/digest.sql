-- Messages that tell several alerts, where a new period of the destination has begun since the first of them; $1 is now.
WITH due AS (
    SELECT e.destination_id, date_bin(min(d.digest_minutes) * interval '1 minute', $1, 'epoch'::timestamptz) AS period
    FROM digest_entry e JOIN destination d ON d.id = e.destination_id
    WHERE d.disabled_at IS NULL
    GROUP BY e.destination_id
    HAVING date_bin(min(d.digest_minutes) * interval '1 minute', min(e.entered_at), 'epoch'::timestamptz)
        < date_bin(min(d.digest_minutes) * interval '1 minute', $1, 'epoch'::timestamptz)
), told AS (
    DELETE FROM digest_entry e USING due WHERE e.destination_id = due.destination_id RETURNING e.destination_id, e.alert_id
)
INSERT INTO outbox (destination_id, event, dedupe_key, payload, created_at, next_at)
SELECT due.destination_id, 'digest', format('digest:%s:%s', due.destination_id, extract(epoch FROM due.period)::bigint),
       jsonb_build_object('alerts', jsonb_agg(told.alert_id ORDER BY told.alert_id)), $1, $1
FROM due JOIN told ON told.destination_id = due.destination_id
GROUP BY due.destination_id, due.period
