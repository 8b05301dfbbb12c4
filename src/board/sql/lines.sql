-- Lines of equipment par. $1: only those of some types; $2 and $3: only those that hold in some rooms or kinds; $4 and $5: after a
-- line, by name of its type and id; $6: at most so many; $7: only this line.
SELECT p.id AS par_id, t.id AS asset_type_id, t.name AS type_name, p.room_id, r.name AS room_name,
       CASE WHEN r.id IS NOT NULL THEN coalesce(u.name, f.name) END AS area_name,
       coalesce(p.room_kind, r.kind) AS room_kind, p.target, p.critical, p.maximum
FROM equipment_par p
JOIN asset_type t ON t.id = p.asset_type_id
LEFT JOIN room r ON r.id = p.room_id
LEFT JOIN unit u ON u.id = r.unit_id
LEFT JOIN floor f ON f.id = r.floor_id
WHERE ($1::bigint[] IS NULL OR p.asset_type_id = ANY ($1))
  AND ($2::bigint[] IS NULL OR p.room_id = ANY ($2) OR p.room_kind = ANY ($3::text[]))
  AND ($7::bigint IS NULL OR p.id = $7)
  AND ($4::text IS NULL OR (t.name, p.id) > ($4, $5))
ORDER BY t.name, p.id
LIMIT $6
