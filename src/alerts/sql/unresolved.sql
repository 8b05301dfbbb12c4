-- Alerts that nobody resolved yet, the most severe first, newest first within one severity; the page before goes on from weight,
-- time and id. $1: state or NULL, $2: kind or NULL.
SELECT al.id AS alert_id FROM alert al
WHERE al.state <> 'resolved' AND ($1::text IS NULL OR al.state = $1) AND ($2::text IS NULL OR al.kind = $2)
  AND (severity_weight(al.severity), al.opened_at, al.id)
      < (coalesce($3::integer, 9), coalesce($4::timestamptz, 'infinity'), coalesce($5::bigint, 9223372036854775807))
ORDER BY severity_weight(al.severity) DESC, al.opened_at DESC, al.id DESC LIMIT $6
