-- Look-for tasks in the order of the ids $1, with what their words need.
SELECT t.id AS task_id, t.asset_id, a.asset_number, a.status AS asset_status, ty.name AS type_name,
       r.id AS room_id, r.name AS room_name, r.kind AS room_kind, coalesce(u.name, f.name) AS area_name,
       t.opened_at, op.role AS opened_role, ou.name AS opened_unit,
       t.closed_at, cp.role AS closed_role, cu.name AS closed_unit, t.outcome
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
JOIN task t ON t.id = wanted.id
JOIN asset a ON a.id = t.asset_id
JOIN asset_type ty ON ty.id = a.asset_type_id
LEFT JOIN room r ON r.id = t.room_id
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN unit u ON u.id = r.unit_id
LEFT JOIN app_user op ON op.id = t.opened_by
LEFT JOIN unit ou ON ou.id = op.home_unit_id
LEFT JOIN app_user cp ON cp.id = t.closed_by
LEFT JOIN unit cu ON cu.id = cp.home_unit_id
ORDER BY wanted.position
