-- What is in some rooms of some types, from the kept counts.
SELECT asset_type_id, room_id, state, n
FROM asset_counts
WHERE room_id = ANY ($1) AND asset_type_id = ANY ($2)
ORDER BY asset_type_id, room_id, state
