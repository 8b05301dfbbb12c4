-- Places that people gave are removed when every consumer has reported since: it looks for new ones in each transaction. A consumer
-- that is away takes them over when it is back, for a day.
DELETE FROM place_claim WHERE id IN (
    SELECT id FROM place_claim
    WHERE at < $1 AND (at < $2 OR at < (SELECT min(reported_at) - interval '1 minute' FROM consumer_health))
    ORDER BY at, id LIMIT $3
)
