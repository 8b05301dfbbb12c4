-- Places of stock: $1 ids (NULL: new), $2 names, $3 kinds, $4 rooms and $5 rounds by name (NULL: they keep theirs). Returns how many were written.
WITH given AS (
    SELECT u.*, r.id AS round_id
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[]) AS u(id, name, kind, room_id, round)
    LEFT JOIN supply_round r ON lower(r.name) = lower(u.round)
), changed AS (
    UPDATE stock_place p SET kind = g.kind, room_id = coalesce(g.room_id, p.room_id), supply_round_id = coalesce(g.round_id, p.supply_round_id)
    FROM given g WHERE p.id = g.id RETURNING p.id
), made AS (
    INSERT INTO stock_place (name, kind, room_id, supply_round_id)
    SELECT name, kind, room_id, round_id FROM given WHERE id IS NULL ORDER BY name RETURNING id
)
SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM made) AS written
