WITH asked AS (
    UPDATE quarantine q SET state = 'replay_asked', replay_asked_at = $2
    WHERE q.reason = 'suspect' AND q.state = 'kept' AND q.received_at < $1
      AND NOT EXISTS (SELECT 1 FROM quarantine former
                      WHERE former.reason = 'suspect' AND former.state = 'replayed'
                        AND former.routing_key = q.routing_key AND former.body = q.body)
    RETURNING 1
) SELECT count(*) AS n FROM asked
