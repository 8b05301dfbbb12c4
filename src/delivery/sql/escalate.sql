-- Alerts that nobody acknowledged in time go one step further: $1 now, $2 how many. The trigger tells whoever is next.
WITH due AS (
    SELECT id FROM alert WHERE state = 'open' AND escalate_at <= $1 AND (snoozed_until IS NULL OR snoozed_until <= $1)
    ORDER BY alert_key LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE alert a SET step = a.step + 1,
    escalate_at = CASE WHEN EXISTS (SELECT FROM alert_route r WHERE r.step > a.step + 1)
        THEN next_escalation(a.kind, a.unit_id, a.severity, (a.step + 1)::smallint, a.destination_id, $1) END
FROM due WHERE a.id = due.id
