-- How many assets of these types are in each of these rooms (NULL: in any) in each state. The counts are exact and kept, so this
-- reads a row a room and never the fleet.
SELECT c.room_id, c.state, sum(c.n)::bigint AS n
FROM asset_counts c
WHERE c.asset_type_id = ANY ($1) AND ($2::bigint[] IS NULL OR c.room_id = ANY ($2))
GROUP BY c.room_id, c.state
ORDER BY c.room_id, c.state
