SELECT room_id, state, sum(n)::bigint AS n
FROM asset_model_counts
WHERE room_id = ANY ($1) AND model_id = ANY ($2)
GROUP BY room_id, state
ORDER BY room_id, state
