-- Conditions that ended: their alerts resolve themselves, and a quiet key may speak again. Locked in the order of the keys.
WITH ended AS (SELECT id FROM alert WHERE alert_key = ANY ($1) AND is_active ORDER BY alert_key FOR UPDATE)
UPDATE alert SET is_active = false, ended_at = $2, calm_since = NULL, state = 'resolved', resolved_at = coalesce(resolved_at, $2)
FROM ended WHERE alert.id = ended.id
