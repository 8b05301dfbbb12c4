-- Places $1: kinds $2, rooms $3, rounds $4 by name. Those that are there keep what is not said.
INSERT INTO stock_place AS p (name, kind, room_id, supply_round_id)
SELECT DISTINCT ON (u.name) u.name, u.kind, u.room_id, r.id
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS u(name, kind, room_id, round, position)
LEFT JOIN supply_round r ON lower(r.name) = lower(u.round)
WHERE u.room_id IS NOT NULL
ORDER BY u.name, u.position
ON CONFLICT (name) DO UPDATE SET room_id = excluded.room_id, supply_round_id = coalesce(excluded.supply_round_id, p.supply_round_id)
