SELECT id AS quarantine_id, received_at, scope, reason, detail, routing_key, reader_key,
       substring(body FROM 1 FOR $5) AS body_start, body_bytes, state, replay_asked_at, replayed_at
FROM quarantine
WHERE ($1::text IS NULL OR reason = $1)
  AND (received_at, id) < (coalesce($2, 'infinity'::timestamptz), coalesce($3, 9223372036854775807))
ORDER BY received_at DESC, id DESC
LIMIT $4
