-- The same for models: brands are searched for by model.
SELECT c.room_id, c.state, sum(c.n)::bigint AS n
FROM asset_model_counts c
WHERE c.model_id = ANY ($1) AND ($2::bigint[] IS NULL OR c.room_id = ANY ($2))
GROUP BY c.room_id, c.state
ORDER BY c.room_id, c.state
