-- New assets. $7 now, $8 the facility's day: service due before it is overdue.
INSERT INTO asset (asset_number, asset_type_id, model_id, owner_unit_id, service_due_on, status, status_since, created_at, is_service_blocked)
SELECT n.number, n.type_id, n.model_id, n.owner_id, n.due, n.status, $7, $7, coalesce(t.overdue_blocks AND n.due < $8, false)
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::text[])
     AS n (number, type_id, model_id, owner_id, due, status)
JOIN asset_type t ON t.id = n.type_id
ORDER BY n.number
RETURNING id AS asset_id, asset_number
