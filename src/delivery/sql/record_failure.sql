-- A try failed: $1 message, $2 why, $3 the next try or NULL when there is none, $4 now, $5 whether the destination wants no more, $6 failures in
-- a row after which it is left alone, $7 for how many seconds. What was given up while it was tried stays given up.
WITH message AS (
    UPDATE outbox SET attempts = attempts + 1, locked_until = NULL, last_error = $2, next_at = coalesce($3, next_at),
        failed_at = CASE WHEN $3 IS NULL THEN $4 END
    WHERE id = $1 AND done_at IS NULL AND failed_at IS NULL RETURNING destination_id
)
UPDATE destination d SET failures = d.failures + 1,
    broken_until = CASE WHEN d.failures + 1 >= $6 THEN $4 + $7 * interval '1 second' ELSE d.broken_until END,
    disabled_at = CASE WHEN $5 THEN coalesce(d.disabled_at, $4) ELSE d.disabled_at END,
    disabled_reason = CASE WHEN $5 THEN coalesce(d.disabled_reason, left($2, 200)) ELSE d.disabled_reason END
FROM message WHERE d.id = message.destination_id
