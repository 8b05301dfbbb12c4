-- What is in some rooms, by state; of all types when no types are given.
SELECT room_id, state, sum(n)::bigint AS n
FROM asset_counts
WHERE room_id = ANY ($1) AND ($2 IS NULL OR asset_type_id = ANY ($2))
GROUP BY room_id, state
ORDER BY room_id, state
