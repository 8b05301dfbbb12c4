-- Alerts that are over, newest first: those of the last day, and for a week those that ended before anybody had acknowledged them.
-- $1: unit or NULL, $2: kind or NULL, $3: now; the page before goes on from time and id.
SELECT al.id AS alert_id FROM alert al
WHERE al.state = 'resolved' AND al.resolved_at > $3::timestamptz - interval '7 days'
  AND (al.resolved_at > $3::timestamptz - interval '1 day' OR (al.acknowledged_at IS NULL AND al.resolved_by IS NULL))
  AND ($1::bigint IS NULL OR al.unit_id = $1) AND ($2::text IS NULL OR al.kind = $2)
  AND (al.resolved_at, al.id) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::bigint, 9223372036854775807))
ORDER BY al.resolved_at DESC, al.id DESC LIMIT $6
